// TempData in its cookie, sealed, and in pieces where long.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SessionsOptions } from "edge-session";
import { dice, seedFor } from "./seeds.ts";
import { Browser, redirect } from "./temp-browser.ts";
import { codeOf, OLD_SECRET, pairOf, request, SECRET, World } from "./world.ts";

const NAME = "__Host-session-temp";
const LINE = /^__Host-session-temp=[\w-]+; Path=\/; Secure; HttpOnly; SameSite=Lax$/;
/** Attributes so long that what fits the header still takes three pieces. */
const NARROW: Partial<SessionsOptions> = { cookie: { name: "__Secure-session", path: `/${"p".repeat(1000)}` } };

/** The lines of an answer that sets these values. */
async function linesOf(world: World, values: Record<string, unknown>, cookie?: string, sessions = world.sessions): Promise<string[]> {
  const answer = await sessions.handle(request({ cookie }), undefined, (session) => {
    for (const [key, value] of Object.entries(values)) session.tempData.set(key, value);
    return new Response();
  });
  return answer.headers.getSetCookie();
}

/** The cookies of an answer that sets these values. */
async function cookiesOf(world: World, values: Record<string, unknown>): Promise<string[]> {
  return (await linesOf(world, values)).map(pairOf);
}

/** What a request with these cookies finds under `a`. */
function seen(world: World, cookies: readonly string[], sessions = world.sessions): unknown {
  return sessions.open(request({ cookie: cookies.join("; ") })).tempData.peek("a");
}

describe("the cookie of TempData", () => {
  test("SaveTempData_UsesCookieName_FromOptions (with -temp behind it)", async () => {
    const world = new World({ cookie: { name: "shop" } });
    assert.match((await linesOf(world, { a: 1 }))[0] ?? "", /^shop-temp=/);
  });

  test("LoadTempData_ReturnsEmptyDictionary_WhenNoCookieDataIsAvailable", () => {
    const world = new World();
    for (const cookies of [[], ["a=b"], [`${NAME}=`], [`x${NAME}=a`], [`${NAME.toUpperCase()}=a`]]) {
      const { tempData } = world.sessions.open(request({ cookie: cookies.join("; ") }));
      assert.deepEqual([...tempData.keys()], []);
    }
    assert.deepEqual(world.told(), ["cookie-rejected"]);
  });

  test("LoadTempData_ReturnsEmptyDictionary_AndClearsCookie_WhenDataIsInvalid (not here: a stranger's cookie makes us send nothing, until something is set)", async () => {
    const world = new World();
    const browser = new Browser(world);
    await browser.take([`${NAME}=invalid; Path=/; Secure`, `${NAME}-1=left; Path=/; Secure`]);
    assert.deepEqual(await browser.use((tempData) => [tempData.get("a"), ...tempData.keys()]), [undefined]);
    assert.deepEqual([browser.lines, world.told()], [[], ["cookie-rejected"]]);
    await browser.use((tempData) => tempData.set("a", 1));
    assert.deepEqual(await browser.names(), [NAME]);
    assert.equal(await browser.use((tempData) => tempData.peek("a")), 1);
  });

  test("LoadTempData_Base64UrlDecodesAnd_UnprotectsData_FromCookie", async () => {
    const world = new World();
    const cookies = await cookiesOf(world, { a: "canary", b: 2 });
    assert.equal(seen(world, cookies), "canary");
    assert.doesNotMatch(atob((cookies[0] ?? "").slice(NAME.length + 1).replace(/[-_]/g, "+")), /canary/);
  });

  test("SaveTempData_ProtectsAnd_Base64UrlEncodesDataAnd_SetsCookie, never the same twice", async () => {
    const world = new World();
    const [line, ...others] = await linesOf(world, { a: 1 });
    assert.match(line ?? "", LINE);
    assert.deepEqual(others, []);
    assert.notDeepEqual(await linesOf(world, { a: 1 }), [line]);
  });

  test("SaveTempData_HonorsCookieSecurePolicy (said, never decided from the URL)", async () => {
    for (const [secure, name] of [
      [true, "session"],
      [false, "session"],
    ] as const) {
      const world = new World({ cookie: { name, secure } });
      for (const url of ["http://localhost/", "https://localhost/"]) {
        const answer = await world.sessions.handle(request({ url }), undefined, (session) => {
          session.tempData.set("a", 1);
          return new Response();
        });
        assert.equal((answer.headers.getSetCookie()[0] ?? "").includes("; Secure"), secure);
      }
    }
  });

  test("SaveTempData_DefaultProviderOptions_SetsCookie_WithAppropriateCookieOptions, and CustomProviderOptions", async () => {
    const world = new World({ cookie: { name: "s", path: "/vdir1", domain: "example.com", sameSite: "none", partitioned: true, maxAgeSeconds: 60 } });
    const [line = ""] = await linesOf(world, { a: 1 });
    // No Max-Age, whatever the session's cookie has: a message is not for the browser's next start.
    assert.equal(line.slice(line.indexOf(";")), "; Path=/vdir1; Domain=example.com; Secure; HttpOnly; SameSite=None; Partitioned");
  });

  test("SaveTempData_RemovesCookie_WhenNoDataToSave", async () => {
    const browser = new Browser(new World());
    await browser.use((tempData) => tempData.set("a", 1));
    await browser.use((tempData) => tempData.get("a"));
    assert.deepEqual(browser.lines, [`${NAME}=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax`]);
    assert.deepEqual(await browser.names(), []);
    await browser.use((tempData) => tempData.get("a"));
    assert.deepEqual(browser.lines, []);
  });

  test("Redirect_RetainsTempData_EvenIfAccessed_AndSetsAppropriateCookieValues: what sets it and what expires it have one path", async () => {
    const world = new World({ cookie: { name: "session", path: "/shop" } });
    const { sessions } = world;
    const [set = ""] = await linesOf(world, { a: 1 });
    assert.match(set, /^session-temp=[\w-]+; Path=\/shop; Secure; HttpOnly; SameSite=Lax$/);
    const read = async (answer: Response) => {
      const answered = await sessions.handle(request({ cookie: pairOf(set) }), undefined, (session) => {
        assert.equal(session.tempData.get("a"), 1);
        return answer;
      });
      return answered.headers.getSetCookie();
    };
    assert.deepEqual(await read(redirect()), []);
    assert.deepEqual(await read(new Response()), [
      "session-temp=; Path=/shop; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax",
    ]);
  });

  test("Redirect_RetainsTempData_EvenIfAccessed_AndDoesNotSetsSecureAttribute (here: secure unless said otherwise, over http and https alike)", async () => {
    for (const url of ["http://localhost/", "https://localhost/"]) {
      const world = new World();
      const answer = await world.sessions.handle(request({ url }), undefined, (session) => {
        session.tempData.set("a", 1);
        return redirect();
      });
      assert.match(answer.headers.getSetCookie()[0] ?? "", LINE);
    }
  });

  test("needs no load, no session and no store", async () => {
    const world = new World();
    const browser = new Browser(world);
    await browser.visit((session) => {
      session.tempData.set("a", { b: 1 });
      return redirect();
    });
    await browser.visit((session) => {
      assert.deepEqual(session.tempData.get("a"), { b: 1 });
      assert.deepEqual([session.isLoaded, session.id], [false, undefined]);
      return new Response();
    });
    assert.deepEqual([await browser.names(), world.store.taken()], [[], []]);
  });

  test("leaves the session to be renewed as if nobody had looked", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    await world.sessions.handle(request({ cookie }), undefined, (session) => {
      session.tempData.set("a", session.tempData.get("b") ?? 1);
      return new Response();
    });
    assert.deepEqual(world.store.taken(), ["refresh"]);
  });

  test("lives idleTimeoutSeconds from when it was last changed, inside the token", async () => {
    const world = new World({ idleTimeoutSeconds: 100 });
    const cookies = await cookiesOf(world, { a: 1, b: 2 });
    world.pass(99);
    assert.equal(seen(world, cookies), 1);
    const later = (await linesOf(world, { b: 3 }, cookies.join("; "))).map(pairOf);
    world.pass(1);
    assert.equal(seen(world, cookies), undefined);
    assert.deepEqual(world.told(), ["cookie-rejected"]);
    world.pass(98);
    assert.equal(seen(world, later), 1);
    world.pass(1);
    assert.equal(seen(world, later), undefined);
  });

  test("that ended is expired with the next page, so that it is told once, and not by an image", async () => {
    const world = new World();
    const browser = new Browser(world);
    await browser.use((tempData) => tempData.set("a", 1));
    world.pass(1200);
    world.told();
    const look = (mode: string) =>
      browser.visit(
        (session) => {
          session.tempData.peek("a");
          return new Response();
        },
        { mode },
      );
    await look("no-cors");
    assert.deepEqual([browser.lines.length, world.told()], [0, ["cookie-rejected"]]);
    await look("navigate");
    assert.deepEqual([await browser.names(), world.told()], [[], ["cookie-rejected"]]);
    await look("navigate");
    assert.deepEqual([browser.lines.length, world.told()], [0, []]);
  });

  test("opens under every secret, and for its own name, application and purpose only", async () => {
    const old = new World({ secrets: [OLD_SECRET] });
    const cookies = await cookiesOf(old, { a: 1 });
    assert.equal(seen(old, cookies, old.deployed({ secrets: [SECRET, OLD_SECRET] })), 1);
    assert.equal(seen(old, cookies, old.deployed({ secrets: [SECRET] })), undefined);
    assert.equal(seen(old, cookies, old.deployed({ applicationName: "other" })), undefined);
    const value = (cookies[0] ?? "").slice(NAME.length + 1);
    assert.equal(seen(old, [`s-temp=${value}`], old.deployed({ cookie: { name: "s" } })), undefined);
    const { cookie } = await old.begun();
    assert.equal(seen(old, [`${NAME}=${cookie.slice("__Host-session=".length)}`]), undefined);
    const session = await old.loaded(`__Host-session=${value}`);
    assert.equal(session.isNew, true);
    const reasons = old.events.flatMap((event) => (event.name === "cookie-rejected" ? [event.reason] : []));
    assert.deepEqual(reasons, ["unauthentic", "malformed"]);
  });

  test("altered in any character is no value and no error", async () => {
    const world = new World();
    const [cookie = ""] = await cookiesOf(world, { a: 1 });
    for (let at = NAME.length + 1; at < cookie.length; at++) {
      const altered = `${cookie.slice(0, at)}${cookie[at] === "A" ? "B" : "A"}${cookie.slice(at + 1)}`;
      assert.equal(seen(world, [altered]), undefined, String(at));
    }
    assert.equal(world.told().length, cookie.length - NAME.length - 1);
  });

  test("beside a planted one counts, and two that open to different values count for nothing", async () => {
    const world = new World();
    const [one = ""] = await cookiesOf(world, { a: 1 });
    const [other = ""] = await cookiesOf(world, { a: 2 });
    const [same = ""] = await cookiesOf(world, { a: 1 });
    for (const planted of [`${NAME}=garbage`, `${NAME}=chunks-2`, `${NAME}=${"A".repeat(60)}`, same]) {
      assert.equal(seen(world, [planted, one]), 1);
      assert.equal(seen(world, [one, planted]), 1);
    }
    assert.deepEqual(world.told(), []);
    assert.equal(seen(world, [one, other]), undefined);
    assert.deepEqual(
      world.events.map((event) => "reason" in event && event.reason),
      ["ambiguous"],
    );
    world.events.length = 0;
    for (const planted of ["x", "", "chunks-9"]) {
      const junk = Array<string>(3).fill(`${NAME}=${planted}`);
      assert.equal(seen(world, [...junk, one]), 1);
      assert.deepEqual(world.told(), []);
      assert.equal(seen(world, [one, ...junk, other]), undefined);
      assert.deepEqual(world.told(), ["cookie-rejected"]);
    }
  });
});

describe("TempData that is too long for one cookie", () => {
  /** Text of so many characters that no part of it repeats. */
  const long = (length: number) => Array.from({ length }, (_, at) => String.fromCharCode(97 + ((at * at) % 26))).join("");

  test("RoundTripLargeData_WorksWithChunkingCookies: 1x 4,050 characters; 1.5x, 2x and 3x are more than a header takes, and the old ones stay", async () => {
    const browser = new Browser(new World());
    const text = long(4050);
    await browser.use((tempData) => tempData.set("a", text));
    assert.deepEqual(await browser.names(), [NAME, `${NAME}-1`, `${NAME}-2`]);
    assert.ok(browser.lines.every((line) => line.length <= 4050));
    for (const times of [1.5, 2, 3]) {
      const refused = browser.use((tempData) => tempData.set("a", long(4050 * times)));
      assert.equal(await codeOf(() => refused), "cookie-too-large");
      assert.equal(await browser.use((tempData) => tempData.peek("a")), text);
    }
    assert.equal(await browser.use((tempData) => tempData.get("a")), text);
    assert.deepEqual(await browser.names(), []);
  });

  test("1x to 3x 4,050 characters fit the session", async () => {
    const browser = new Browser(new World({ tempData: { provider: "session" } }));
    for (const times of [1, 1.5, 2, 3]) {
      const text = long(4050 * times);
      await browser.use((tempData) => tempData.set("a", text));
      assert.equal(await browser.use((tempData) => tempData.get("a")), text);
    }
  });

  test("is refused before the store is asked, so that nothing of the request is stored", async () => {
    const world = new World();
    const browser = new Browser(world);
    await browser.use((_, session) => session.set("count", 1));
    const refused = browser.use((tempData, session) => {
      session.set("count", 2);
      tempData.set("a", long(8000));
    });
    assert.equal(await codeOf(() => refused), "cookie-too-large");
    assert.equal(await browser.use((_, session) => session.get("count")), 1);
  });

  test("is an event where throwOnError is false, and the answer leaves without our cookies", async () => {
    const world = new World({ throwOnError: false });
    const browser = new Browser(world);
    await browser.use((tempData) => tempData.set("a", 1));
    world.told();
    await browser.use((tempData) => {
      tempData.get("a");
      tempData.set("b", long(8000));
    });
    assert.deepEqual(browser.lines, []);
    assert.deepEqual(
      world.events.map((event) => (event.name === "store-failed" ? event.code : event.name)),
      ["cookie-too-large"],
    );
    assert.equal(await browser.use((tempData) => tempData.peek("a")), 1);
  });

  test("SEC-62: a count that is not canonical 2 to 10 is no value, at once, and sets no cookie", async () => {
    const world = new World(NARROW);
    const cookies = await cookiesOf(world, { a: long(5000) });
    const rest = cookies.filter((cookie) => !cookie.includes("=chunks-"));
    assert.equal(rest.length, 3);
    const name = "__Secure-session-temp";
    assert.equal(seen(world, [`${name}=chunks-3`, ...rest]), long(5000));
    const counts = "0 1 2 4 10 11 03 -3 +3 3.0 3e0 1e3 0x3 2147483647 2000000000 9007199254740993 three".split(" ");
    for (const count of ["", ...counts]) {
      const answer = await world.sessions.handle(request({ cookie: [`${name}=chunks-${count}`, ...rest].join("; ") }), undefined, (session) => {
        assert.equal(session.tempData.get("a"), undefined, count);
        return new Response();
      });
      assert.deepEqual(answer.headers.getSetCookie(), [], count);
    }
  });

  test("SEC-63: of three pieces in any other order, with one twice, and of mixed generations none opens", async (t) => {
    const world = new World(NARROW);
    const generations = await Promise.all(
      Array.from({ length: 20 }, async (_, generation) => {
        const cookies = await cookiesOf(world, { a: `${generation}${long(5000)}` });
        return cookies.map((cookie) => cookie.slice(cookie.indexOf("=") + 1));
      }),
    );
    const name = "__Secure-session-temp";
    const opened = (texts: readonly (string | undefined)[]) =>
      seen(world, [`${name}=chunks-3`, ...texts.map((text, index) => `${name}-${index + 1}=${text}`)]);
    const [, ...first] = generations[0] ?? [];
    assert.equal(first.length, 3);
    assert.equal(opened(first), `0${long(5000)}`);
    for (let order = 0; order < 27; order++) {
      const picked = [Math.floor(order / 9), Math.floor(order / 3) % 3, order % 3];
      if (picked.join() !== "0,1,2") assert.equal(opened(picked.map((index) => first[index])), undefined, picked.join());
    }
    const pick = dice(seedFor(t));
    for (let mix = 0; mix < 300; mix++) {
      const from = [pick(20), pick(20), pick(20)];
      if (new Set(from).size > 1) assert.equal(opened(from.map((generation, index) => generations[generation]?.[index + 1])), undefined, from.join());
    }
  });

  test("SEC-64: growing and shrinking leaves no piece behind", async () => {
    const browser = new Browser(new World());
    for (const [length, cookies] of [
      [5400, 3],
      [10, 1],
      [4000, 3],
      [3000, 3],
      [2000, 1],
      [5400, 3],
    ] as const) {
      await browser.use((tempData) => tempData.set("a", long(length)));
      assert.equal((await browser.names()).length, cookies, String(length));
      assert.equal(await browser.use((tempData) => tempData.peek("a")), long(length));
    }
    await browser.use((tempData) => tempData.get("a"));
    assert.deepEqual(await browser.names(), []);
  });

  test("SEC-65: 7,500 characters of a Cookie header fit, and one more does not", async () => {
    const world = new World();
    const headerOf = async (length: number) => (await cookiesOf(world, { a: "v".repeat(length) })).join("; ").length;
    let [fits, refused] = [4000, 6000];
    while (refused - fits > 1) {
      const middle = (fits + refused) >> 1;
      if ((await codeOf(() => headerOf(middle))) === "") fits = middle;
      else refused = middle;
    }
    const largest = await headerOf(fits);
    assert.ok(largest <= 7500 && largest >= 7497, String(largest));
    assert.equal(await codeOf(() => headerOf(fits + 1)), "cookie-too-large");
  });

  test("under a name and attributes that leave no room is refused when it is set, and nothing else is", async () => {
    const world = new World({ cookie: { name: "n".repeat(3000), path: `/${"p".repeat(1000)}` } });
    const { cookie } = await world.begun();
    assert.deepEqual(await world.values(cookie), { a: 1 });
    assert.equal(await codeOf(() => linesOf(world, { a: 1 })), "cookie-too-large");
  });
});
