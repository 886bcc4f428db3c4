// What goes on behind the answer, and what must not.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { cookieStore, createSessions, memoryStore } from "edge-session";
import { Context, headersOnly, OLD_SECRET, pairOf, request, SECRET, World } from "./world.ts";

/** A promise and what settles it. */
function gate(): { opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: () => resolve() };
}

describe("a request that never loads its session", () => {
  test("renews it behind the answer, with one call, by waitUntil called as a method", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const { opened, open } = gate();
    world.store.before = () => opened;
    const context = new Context();
    const answer = await world.sessions.handle(request({ cookie }), context, () => new Response("image"));
    assert.equal(context.promises.length, 1);
    assert.deepEqual(world.store.taken(), ["refresh"]);
    assert.deepEqual(world.store.seconds.slice(-1), [1200]);
    assert.equal(answer.headers.get("cache-control"), null);
    assert.deepEqual(answer.headers.getSetCookie(), []);
    open();
    await context.settled();
    assert.deepEqual(world.told(), ["session-renewed"]);
  });

  test("is answered after the renewal where there is no context", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    await world.sessions.handle(request({ cookie }), undefined, () => new Response());
    assert.deepEqual(world.told(), ["session-renewed"]);
  });

  test("is answered though the renewal fails, which is told once", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    world.store.before = () => {
      throw new Error("down");
    };
    for (const context of [undefined, new Context()]) {
      const answer = await world.sessions.handle(request({ cookie }), context, () => new Response("image"));
      assert.equal(answer.status, 200);
      await context?.settled();
      assert.deepEqual(world.told(), ["store-failed"]);
    }
  });

  test("waits a second at most for a renewal that hangs", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    world.store.before = () => new Promise(() => undefined);
    const began = performance.now();
    const answer = await world.sessions.handle(request({ cookie }), undefined, () => new Response());
    assert.equal(answer.status, 200);
    assert.ok(performance.now() - began < 5000, "the answer came late");
  });

  test("waits a second at most where the load is for a cookie of an older secret", async () => {
    const world = new World({ secrets: [OLD_SECRET] });
    const { cookie } = await world.begun();
    const sessions = world.deployed({ secrets: [SECRET, OLD_SECRET] });
    world.store.before = () => new Promise(() => undefined);
    const began = performance.now();
    const answer = await sessions.handle(request({ cookie }), undefined, () => new Response());
    assert.equal(answer.status, 200);
    assert.ok(performance.now() - began < 5000, "the answer came late");
  });

  test('makes no call under slide: "on-load", or where the store slides on writes only', async () => {
    const world = new World();
    const { cookie } = await world.begun();
    await world.deployed({ slide: "on-load" }).handle(request({ cookie }), undefined, () => new Response());
    Object.defineProperty(world.store, "capabilities", { value: { ...world.store.capabilities, slides: "on-write" } });
    await world.deployed({ slide: "every-request" }).handle(request({ cookie }), undefined, () => new Response());
    assert.deepEqual(world.store.taken(), []);
  });

  test("renews no further than the absolute limit", async () => {
    const world = new World({ absoluteTimeoutSeconds: 1500 });
    const { cookie } = await world.begun();
    world.pass(1000);
    await world.sessions.handle(request({ cookie }), undefined, () => new Response());
    assert.deepEqual(world.store.seconds.slice(-1), [500]);
    world.pass(500);
    await world.sessions.handle(request({ cookie }), undefined, () => new Response());
    assert.deepEqual(world.store.taken(), ["refresh"]);
  });

  test("is not renewed where a destroy failed", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    world.store.before = (operation) => {
      if (operation === "load") throw new Error("down");
    };
    await world.sessions.handle(request({ cookie }), undefined, async (session) => {
      await assert.rejects(session.destroy(), { code: "store-unavailable" });
      return new Response();
    });
    assert.deepEqual(world.store.taken(), ["load"]);
  });

  test("also renews on answers of failure and on errors thrown", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    await world.sessions.handle(request({ cookie }), undefined, () => new Response(null, { status: 500 }));
    const thrown = world.sessions.handle(request({ cookie }), undefined, () => {
      throw new RangeError("the application's own");
    });
    await assert.rejects(thrown, RangeError);
    assert.deepEqual(world.store.taken(), ["refresh", "refresh"]);
  });
});

describe('commit: "background"', () => {
  const background = { commit: "background" } as const;

  test("lets the answer go first, and keeps the commit by waitUntil", async () => {
    const world = new World(background);
    const { cookie } = await world.begun();
    const { opened, open } = gate();
    world.store.before = (operation) => (operation === "update" ? opened : undefined);
    const context = new Context();
    await world.sessions.handle(request({ cookie }), context, async (session) => {
      await session.load();
      session.set("b", 2);
      return new Response();
    });
    assert.equal(context.promises.length, 1);
    assert.deepEqual(world.store.taken(), ["load", "update"]);
    open();
    await context.settled();
    assert.deepEqual(await world.values(cookie), { a: 1, b: 2 });
  });

  test("is awaited without a context, and its failure is still an event", async () => {
    const world = new World(background);
    const { cookie } = await world.begun();
    let failure: Error = new Error("down");
    world.store.before = (operation) => {
      if (operation === "update") throw failure;
    };
    for (const context of [undefined, new Context()]) {
      const answer = await world.sessions.handle(request({ cookie }), context, async (session) => {
        await session.load();
        session.set("b", 2);
        return new Response();
      });
      assert.equal(answer.status, 200);
      assert.ok((await context?.settled())?.every(({ status }) => status === "fulfilled") ?? true);
      assert.deepEqual(world.told(), ["session-loaded", "store-failed"]);
      // Silence, which leaves the commit undecided, is told once too.
      failure = new DOMException("late", "TimeoutError");
    }
  });

  test("is not for first values, logins, logouts and redirects", async () => {
    const world = new World(background);
    const { cookie } = await world.begun();
    const { cookie: leaving } = await world.begun();
    const login = (session: { regenerateId: () => void }) => session.regenerateId();
    const logout = (session: { destroy: () => Promise<void> }) => session.destroy();
    const answers = [
      [undefined, () => undefined, 200, 1],
      [cookie, () => undefined, 302, 0],
      [cookie, login, 200, 1],
      [leaving, logout, 200, 1],
    ] as const;
    for (const [sent, change, status, cookies] of answers) {
      let confirmed = false;
      world.store.after = (operation) => {
        if (operation !== "load") confirmed = true;
      };
      const answer = await world.sessions.handle(request({ cookie: sent }), new Context(), async (session) => {
        await session.load();
        session.set("b", 2);
        await change(session);
        return new Response(null, { status, headers: status === 302 ? { location: "/" } : {} });
      });
      assert.ok(confirmed, "the answer left before the store had confirmed");
      assert.equal(answer.headers.getSetCookie().length, cookies);
    }
  });
});

describe("waitUntil", () => {
  test("is given every commit, so that a client who leaves does not stop it", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const automatic = new Context();
    await world.sessions.handle(request({ cookie }), automatic, async (session) => {
      await session.load();
      session.set("b", 2);
      return new Response();
    });
    assert.equal(automatic.promises.length, 1);
    const explicit = new Context();
    const { opened, open } = gate();
    world.store.before = (operation) => (operation === "update" ? opened : undefined);
    const handled = world.sessions.handle(request({ cookie }), explicit, async (session) => {
      await session.load();
      session.set("b", 3);
      const committed = session.commit();
      assert.equal(explicit.promises.length, 1);
      open();
      await committed;
      return new Response();
    });
    await handled;
    const ending = new Context();
    await world.sessions.handle(request({ cookie }), ending, async (session) => {
      await session.destroy();
      return new Response();
    });
    assert.equal(ending.promises.length, 1);
  });

  test("never sees a rejection", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    world.store.before = (operation) => {
      if (operation === "update") throw new Error("down");
    };
    const context = new Context();
    const handled = world.sessions.handle(request({ cookie }), context, async (session) => {
      await session.load();
      session.set("b", 2);
      await session.commit().catch(() => undefined);
      return new Response();
    });
    await assert.rejects(handled, { code: "store-unavailable" });
    assert.ok((await context.settled()).every(({ status }) => status === "fulfilled"));
  });

  test("is asked for by every commit, in whatever store", async () => {
    for (const store of [memoryStore({ isolated: true }), cookieStore()]) {
      const sessions = createSessions({ secrets: [SECRET], store });
      const context = new Context();
      await sessions.handle(request(), context, async (session) => {
        await session.load();
        session.set("a", 1);
        return new Response();
      });
      assert.equal(context.promises.length, 1);
    }
  });

  test("is not asked for by requests without a session", async () => {
    const world = new World();
    const context = new Context();
    await world.sessions.handle(request(), context, async (session) => {
      await session.load();
      return new Response();
    });
    assert.deepEqual(context.promises, []);
  });
});

describe("requests that are headers only", () => {
  test("can do everything but have their cookie sent again", async () => {
    const world = new World();
    const first = await world.sessions.handle(headersOnly(), undefined, async (session) => {
      await session.load();
      session.set("a", 1);
      return new Response();
    });
    const cookie = pairOf(first.headers.getSetCookie()[0] ?? "");
    const seen = await world.sessions.handle(headersOnly(cookie), undefined, async (session) => {
      await session.load();
      return Response.json(session.get("a"));
    });
    assert.equal(await seen.json(), 1);
    await world.sessions.handle(headersOnly(cookie), undefined, () => new Response());
    assert.deepEqual(world.store.taken(), ["create", "load", "refresh"]);
  });
});
