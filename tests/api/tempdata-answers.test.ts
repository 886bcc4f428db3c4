// What becomes of TempData with each kind of answer.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RequestLike, Session } from "edge-session";
import { Browser, redirect } from "./temp-browser.ts";
import { Context, codeOf, type Data, pairOf, request, World } from "./world.ts";

const NAME = "__Host-session-temp";

async function having(world: World, values: Record<string, unknown>): Promise<Browser> {
  const browser = new Browser(world);
  await browser.use((tempData) => {
    for (const [key, value] of Object.entries(values)) tempData.set(key, value);
  });
  world.store.taken();
  world.told();
  return browser;
}

/** A session of a browser in the three steps: opened, used, committed. */
async function committed(browser: Browser, use: (session: Session<Data>) => unknown): Promise<Session<Data>> {
  const session = browser.world.sessions.open(request({ cookie: await browser.cookie() }));
  await use(session);
  await session.commit();
  return session;
}

describe("TempData without handle", () => {
  test("leaves by applyTo, setCookieHeaders and cookies alike, behind the session's cookie", async () => {
    const world = new World({ cookie: { name: "s", domain: "example.com", partitioned: true } });
    const session = world.sessions.open(request());
    await session.load();
    session.set("a", 1);
    session.tempData.set("b", 1);
    session.tempData.set("c", "v".repeat(4000));
    await session.commit();
    const lines = session.setCookieHeaders();
    assert.deepEqual(
      lines.map((line) => line.slice(0, line.indexOf("="))),
      ["s", "s-temp", "s-temp-1", "s-temp-2"],
    );
    const options = { path: "/", domain: "example.com", httpOnly: true, secure: true, sameSite: "lax", partitioned: true };
    assert.deepEqual(
      session.cookies(),
      lines.map((line) => ({ name: pairOf(line).split("=")[0], value: pairOf(line).slice(pairOf(line).indexOf("=") + 1), options })),
    );
    assert.deepEqual(session.applyTo(new Headers()).getSetCookie(), lines);
    assert.deepEqual(session.applyTo(new Response()).headers.getSetCookie(), lines);
  });

  test("is expired by cookies() with a maxAge of 0", async () => {
    const browser = await having(new World(), { a: 1 });
    const session = await committed(browser, ({ tempData }) => tempData.get("a"));
    const options = { path: "/", httpOnly: true, secure: true, sameSite: "lax", maxAge: 0 };
    assert.deepEqual(session.cookies(), [{ name: NAME, value: "", options }]);
  });

  test("leaves nothing before the commit", async () => {
    const browser = await having(new World(), { a: 1 });
    const session = browser.world.sessions.open(request({ cookie: await browser.cookie() }));
    session.tempData.get("a");
    session.tempData.set("b", 1);
    assert.deepEqual([session.setCookieHeaders(), session.cookies(), session.applyTo(redirect()).headers.getSetCookie()], [[], [], []]);
  });

  test("keeps what was read where applyTo is given a redirect, and takes what was set along", async () => {
    const browser = await having(new World(), { a: 1 });
    const reader = await committed(browser, ({ tempData }) => tempData.get("a"));
    assert.deepEqual(reader.applyTo(redirect()).headers.getSetCookie(), []);
    await reader.commit();
    const both = await committed(browser, ({ tempData }) => [tempData.get("a"), tempData.set("b", 2)]);
    await browser.take(both.applyTo(redirect()).headers.getSetCookie());
    assert.deepEqual(await browser.use((tempData) => [tempData.peek("a"), tempData.peek("b")]), [1, 2]);
  });

  test("lets what was read go where it does not fit beside what was set, in an answer that redirects after the commit", async () => {
    const browser = await having(new World(), { a: "v".repeat(4000) });
    const session = await committed(browser, ({ tempData }) => [tempData.get("a"), tempData.set("b", "w".repeat(4000))]);
    await browser.take(session.applyTo(redirect()).headers.getSetCookie());
    assert.deepEqual(await browser.use((tempData) => [...tempData.keys()]), ["b"]);
  });

  test("a commit that comes after the response and would change the cookie throws, any other does not", async () => {
    const browser = await having(new World(), { a: 1 });
    const session = browser.world.sessions.open(request({ cookie: await browser.cookie() }));
    await session.load();
    session.tempData.get("a");
    session.applyTo(new Headers());
    assert.equal(await codeOf(() => session.commit()), "response-started");
    for (const answer of [() => new Response(), redirect]) {
      let handled: Session<Data> | undefined;
      await browser.visit((each) => {
        handled = each;
        each.tempData.get("a");
        return answer();
      });
      await handled?.commit();
    }
  });
});

describe("TempData under handle", () => {
  test("SEC-66: what a failed commit read stays unread, and after success it is shown no second time", async () => {
    for (const provider of ["cookie", "session"] as const) {
      const world = new World({ tempData: { provider } });
      const browser = await having(world, {});
      await browser.use((_, session) => session.set("n", 0));
      let fails = false;
      world.store.before = (operation) => {
        if (fails && operation === "update") throw new Error("down");
      };
      for (let round = 0; round < 50; round++) {
        await browser.use((tempData) => tempData.set("notice", round));
        fails = true;
        const shown: unknown[] = [];
        const show = () =>
          browser.use((tempData, session) => {
            shown.push(tempData.get("notice"));
            session.update("n", (n) => (n as number) + 1);
          });
        assert.equal(await codeOf(show), "store-unavailable");
        assert.equal(await codeOf(show), "store-unavailable");
        fails = false;
        await show();
        await show();
        assert.deepEqual(shown, [round, round, round, undefined]);
      }
    }
  });

  test("a commit that ends as destroyed sends and consumes nothing", async () => {
    const world = new World();
    const browser = await having(world, { a: 1 });
    await browser.use((_, session) => session.set("n", 0));
    await browser.use(async (tempData, session) => {
      session.set("n", 1);
      tempData.get("a");
      tempData.set("notice", "Saved, it says.");
      await world.sessions.openById(session.id ?? "").destroy();
    });
    assert.deepEqual(browser.lines, []);
    assert.deepEqual(await browser.use((tempData) => [...tempData.keys()]), ["a"]);
  });

  test("what an explicit commit or destroy confirmed leaves with an error page too", async () => {
    const browser = await having(new World(), { a: 1 });
    const failing = () => new Response(null, { status: 500 });
    await browser.use(async (tempData, session) => {
      tempData.get("a");
      tempData.set("b", 2);
      await session.commit();
      tempData.set("c", 3);
    }, failing);
    assert.deepEqual(await browser.use((tempData) => [...tempData.keys()]), ["b"]);
    await browser.use((_, session) => session.destroy(), failing);
    assert.deepEqual(await browser.names(), []);
  });

  test("destroy expires every cookie of it, also what does not open, without a look at tempData", async () => {
    const browser = new Browser(new World());
    await browser.take([`${NAME}=garbage; Path=/; Secure`, `${NAME}-1=a; Path=/; Secure`, `${NAME}-7=b; Path=/; Secure`]);
    await browser.visit(async (session) => {
      await session.destroy();
      return new Response();
    });
    assert.deepEqual([await browser.names(), browser.lines.length], [[], 3]);
  });

  test("a destroy that the store does not confirm leaves it", async () => {
    const world = new World();
    const browser = await having(world, { a: 1 });
    await browser.use((_, session) => session.set("n", 0));
    world.store.before = (operation) => {
      if (operation !== "load") throw new Error("down");
    };
    await browser.use(async (tempData, session) => {
      assert.equal(await codeOf(() => session.destroy()), "store-unavailable");
      assert.equal(tempData.peek("a"), 1);
    });
    world.store.before = () => undefined;
    assert.equal(await browser.use((tempData) => tempData.peek("a")), 1);
  });

  test("makes an answer private, as a session does, and only where it was looked at", async () => {
    const world = new World();
    const answer = (use: (session: Session<Data>) => unknown) =>
      world.sessions.handle(request(), undefined, (session) => {
        use(session);
        return new Response();
      });
    for (const use of [({ tempData }: Session<Data>) => tempData.has("a"), ({ tempData }: Session<Data>) => tempData.get("a")]) {
      assert.equal((await answer(use)).headers.get("cache-control"), "private, no-store");
    }
    assert.equal((await answer(() => undefined)).headers.get("cache-control"), null);
  });

  test("a request that never looks reads no header for it and calls nothing", async () => {
    const world = new World();
    const browser = await having(world, { a: "v".repeat(4000) });
    const cookie = (await browser.cookie()) ?? "";
    const reads: string[] = [];
    const counted: RequestLike = {
      headers: {
        get: (name) => {
          reads.push(name);
          return name === "cookie" ? cookie : null;
        },
      },
    };
    await world.sessions.handle(counted, undefined, async (session) => {
      await session.load();
      return new Response();
    });
    assert.deepEqual(reads, ["cookie"]);
    await world.sessions.handle(counted, undefined, () => new Response());
    assert.deepEqual([reads, world.told()], [["cookie", "cookie"], []]);
  });

  test('commit: "background" waits where its cookie must change, and only there', async () => {
    for (const [use, waits] of [
      [(session: Session<Data>) => session.tempData.get("a"), true],
      [(session: Session<Data>) => session.tempData.peek("a"), false],
    ] as const) {
      const world = new World({ commit: "background" });
      const browser = await having(world, { a: 1 });
      await browser.use((_, session) => session.set("n", 0));
      const { promise: gate, resolve: open } = Promise.withResolvers<void>();
      world.store.before = (operation) => (operation === "update" ? gate : undefined);
      let answered = false;
      const ctx = new Context();
      const answer = world.sessions
        .handle(request({ cookie: await browser.cookie() }), ctx, async (session) => {
          await session.load();
          session.set("n", 1);
          use(session);
          return new Response();
        })
        .then((response) => {
          answered = true;
          return response;
        });
      // Everything that is not held back has happened after a few turns.
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
      assert.equal(answered, !waits);
      open();
      assert.equal((await answer).headers.getSetCookie().length, waits ? 1 : 0);
      await ctx.settled();
    }
  });

  test("without consent nothing of it is set, and what is there can be read and expired", async () => {
    let agreed = true;
    const world = new World({ consent: () => agreed });
    const browser = await having(world, { a: 1, b: 2 });
    agreed = false;
    await browser.use((tempData) => [tempData.get("a"), tempData.set("c", 3)]);
    assert.deepEqual([browser.lines, world.told().filter((name) => name === "cookie-withheld")], [[], ["cookie-withheld"]]);
    await browser.use((tempData) => [tempData.get("a"), tempData.get("b")]);
    assert.deepEqual(await browser.names(), []);
    await browser.use((tempData) => {
      tempData.set("c", 3);
      agreed = true;
    });
    assert.deepEqual(await browser.names(), [NAME]);
  });

  test("without consent a session that is for it alone does not begin either", async () => {
    const world = new World({ consent: () => false, tempData: { provider: "session" } });
    const browser = await having(world, { a: 1 });
    assert.deepEqual([browser.lines, world.store.taken()], [[], []]);
  });

  test("a browser walks post, redirect, get, and sees the message once", async () => {
    const browser = new Browser(new World());
    const post = (notice: string) =>
      browser.visit(
        async (session) => {
          await session.load();
          session.update("orders", (orders = 0) => (orders as number) + 1);
          session.tempData.set("notice", notice);
          return redirect();
        },
        { method: "POST" },
      );
    const page = async () =>
      (
        await browser.visit(async (session) => {
          await session.load();
          return new Response(`${session.get("orders")} ${session.tempData.get("notice") ?? "-"}`);
        })
      ).text();
    await post("Ordered.");
    assert.deepEqual(await browser.names(), ["__Host-session", NAME]);
    assert.deepEqual([await page(), await page()], ["1 Ordered.", "1 -"]);
    await post("First.");
    await post("Second.");
    await browser.visit(
      (session) => {
        session.tempData.get("notice");
        return redirect(302);
      },
      { method: "GET" },
    );
    assert.deepEqual([await page(), await page()], ["3 Second.", "3 -"]);
    assert.deepEqual(await browser.names(), ["__Host-session"]);
  });

  test("options other than the two providers are refused by name", () => {
    for (const tempData of [{ provider: "memory" }, {}, "cookie", null]) {
      assert.throws(() => new World({ tempData: tempData as never }), { code: "invalid-options", message: /tempData\.provider: must be one of/ });
    }
  });
});
