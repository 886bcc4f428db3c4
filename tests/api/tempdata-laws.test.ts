// TempData does what a plain model of it does.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { seedFor } from "./seeds.ts";
import { Browser, PROVIDERS, redirect } from "./temp-browser.ts";
import { codeOf, World } from "./world.ts";

type Act = readonly [what: "get" | "peek" | "keep" | "set" | "delete" | "keepAll", key: string, value: number];
interface Request {
  readonly acts: readonly Act[];
  readonly ends: "well" | "redirects" | "fails" | "throws";
}

const act: fc.Arbitrary<Act> = fc.tuple(
  fc.constantFrom("get", "get", "peek", "keep", "set", "set", "delete", "keepAll"),
  fc.constantFrom("a", "A", "b", "ü", "Ü"),
  fc.integer({ min: 0, max: 3 }),
);
const aRequest: fc.Arbitrary<Request> = fc.record({
  acts: fc.array(act, { maxLength: 8 }),
  ends: fc.constantFrom("well", "well", "redirects", "fails", "throws"),
});

/** ASP.NET Core's three sets: the values, the keys that survive unless read, and those that are kept. */
class Model {
  readonly values: Map<string, number>;
  readonly initial: Set<string>;
  readonly retained = new Set<string>();

  constructor(values: Map<string, number>) {
    this.values = new Map(values);
    this.initial = new Set(values.keys());
  }

  act([what, key, value]: Act): number | undefined {
    const name = key.toLowerCase();
    if (what === "set") {
      this.values.set(name, value);
      this.initial.add(name);
    } else if (what === "delete") for (const set of [this.values, this.initial, this.retained]) set.delete(name);
    else if (what === "keep") this.retained.add(name);
    else if (what === "keepAll") for (const each of this.values.keys()) this.retained.add(each);
    else if (what === "get") this.initial.delete(name);
    return what === "get" || what === "peek" ? this.values.get(name) : undefined;
  }

  saved(redirects: boolean): Map<string, number> {
    return new Map([...this.values].filter(([name]) => redirects || this.initial.has(name) || this.retained.has(name)));
  }
}

async function run(browser: Browser, { acts, ends }: Request, model: Model): Promise<void> {
  const handled = browser.visit(async (session) => {
    await session.load();
    const { tempData } = session;
    for (const each of acts) {
      const [what, key, value] = each;
      const expected = model.act(each);
      if (what === "get" || what === "peek") assert.equal(tempData[what](key), expected, each.join());
      else if (what === "set") tempData.set(key, value);
      else if (what === "keepAll") tempData.keep();
      else tempData[what](key);
    }
    if (ends === "throws") throw new RangeError("the application's own");
    return ends === "redirects" ? redirect() : new Response(null, { status: ends === "fails" ? 500 : 200 });
  });
  if (ends === "throws") await assert.rejects(handled, RangeError);
  else await handled;
}

describe("TempData", () => {
  for (const provider of PROVIDERS) {
    test(`of the provider "${provider}" is what ASP.NET Core's rules make of any requests`, async (t) => {
      await fc.assert(
        fc.asyncProperty(fc.array(aRequest, { maxLength: 6 }), async (requests) => {
          const browser = new Browser(new World({ tempData: { provider } }));
          let values = new Map<string, number>();
          for (const each of requests) {
            const model = new Model(values);
            await run(browser, each, model);
            if (each.ends === "well" || each.ends === "redirects") values = model.saved(each.ends === "redirects");
            const found = await browser.use((tempData) => [...tempData.keys()].map((key) => [key.toLowerCase(), tempData.peek(key)] as const));
            assert.deepEqual(new Map(found), values);
            if (provider === "cookie") assert.equal((await browser.names()).length === 0, values.size === 0);
          }
        }),
        { seed: seedFor(t), numRuns: 200 },
      );
    });
  }

  test("of any text and size comes back equal, in lines of 4,050 characters at most, or is refused and changes nothing", async (t) => {
    const text = fc.tuple(fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }), fc.integer({ min: 0, max: 400 }));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 5 }), async (texts) => {
        const browser = new Browser(new World());
        let before: unknown;
        for (const [unit, times] of texts) {
          const value = unit.repeat(times);
          const code = await codeOf(() => browser.use((tempData) => tempData.set("a", value)));
          if (code === "") before = value;
          else assert.equal(code, "cookie-too-large");
          if (code !== "") assert.ok(JSON.stringify(value).length * 6 > 5000);
          assert.ok(browser.lines.every((line) => line.length <= 4050));
          assert.equal(await browser.use((tempData) => tempData.peek("a")), before);
          assert.ok(((await browser.cookie()) ?? "").length <= 7500);
        }
      }),
      { seed: seedFor(t), numRuns: 100 },
    );
  });

  test('that two requests race for under the provider "session" loses no message, and shows none that was consumed', async (t) => {
    const racing = fc.array(fc.tuple(act, act), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(racing, fc.boolean(), async (pairs, reversed) => {
        const world = new World({ tempData: { provider: "session" } });
        const { cookie } = await world.begun((session) => {
          session.tempData.set("a", 0);
          session.tempData.set("b", 0);
        });
        const sessions = [await world.loaded(cookie), await world.loaded(cookie)] as const;
        const start = new Map([
          ["a", 0],
          ["b", 0],
        ]);
        const models = [new Model(start), new Model(start)] as const;
        for (const pair of pairs) {
          for (const index of [0, 1] as const) {
            const [what, key, value] = pair[index];
            // A value of its own for each, so that it is known who set it.
            const own: Act = [what, key, 10 * (index + 1) + value];
            models[index].act(own);
            const { tempData } = sessions[index];
            if (what === "set") tempData.set(key, own[2]);
            else if (what === "keepAll") tempData.keep();
            else tempData[what](key);
          }
        }
        const order = reversed ? ([1, 0] as const) : ([0, 1] as const);
        for (const index of order) await sessions[index].commit();
        const { tempData } = await world.loaded(cookie);
        const saved = order.map((index) => models[index].saved(false));
        for (const name of ["a", "b", "ü"])
          checkKey(
            name,
            tempData.peek(name),
            start,
            saved,
            order.map((index) => models[index]),
          );
      }),
      { seed: seedFor(t), numRuns: 200 },
    );
  });
});

/** What is there after both: what the later one set, else what the earlier left and the later did not take. */
function checkKey(name: string, found: unknown, start: Map<string, number>, [early, late]: Map<string, number>[], [, later]: Model[]): void {
  const before = start.get(name);
  const [first, second] = [early?.get(name), late?.get(name)];
  const deleted = later !== undefined && before !== undefined && !later.values.has(name);
  const lateSet = second !== undefined && second !== before;
  const lateTook = second === undefined && before !== undefined;
  const expected = lateSet ? second : deleted ? undefined : lateTook && first === before ? undefined : first;
  assert.equal(found, expected, `${name}: ${before} ${first} ${second}`);
}
