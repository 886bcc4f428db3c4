// What `handle` answers where the store fails a handler.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createSessions, type Session, SessionError } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";
import { reply, type Step, startFaultServer } from "../fault-server.ts";
import { Context, codeOf, type Data, type Handler, request, SECRET, World } from "./world.ts";

const loads: Handler = async (session) => {
  await session.load();
  return new Response("fine");
};

/** A world with a session whose store fails each load. */
async function down(options: ConstructorParameters<typeof World>[0] = {}): Promise<{ world: World; cookie: string; key: string }> {
  const world = new World(options);
  const { cookie, key } = await world.begun();
  world.store.before = () => {
    throw new Error("down");
  };
  return { world, cookie, key };
}

describe("a load that failed and that the handler does not catch", () => {
  test("is answered 503, to be tried again in a second, kept by nobody, and without a cookie", async () => {
    const { world, cookie } = await down();
    const answer = await world.sessions.handle(request({ cookie }), new Context(), loads);
    assert.deepEqual(
      [answer.status, [...answer.headers]],
      [
        503,
        [
          ["cache-control", "no-store"],
          ["content-type", "text/plain; charset=utf-8"],
          ["retry-after", "1"],
        ],
      ],
    );
    assert.equal(await answer.text(), "The service is not available at the moment. Please try again.\n");
    assert.deepEqual(world.told(), ["store-failed"]);
  });

  test("leaves the session as it was, and is forgotten with the outage", async () => {
    const { world, cookie, key } = await down();
    const before = await world.store.peek(key);
    await world.sessions.handle(request({ cookie }), undefined, loads);
    assert.equal(await world.store.peek(key), before);
    world.store.before = () => undefined;
    assert.equal((await world.sessions.handle(request({ cookie }), undefined, loads)).status, 200);
    assert.deepEqual(await world.values(cookie), { a: 1 });
  });

  test("is answered so too where the handler caught it and threw it again", async () => {
    const { world, cookie } = await down();
    const answer = await world.sessions.handle(request({ cookie }), undefined, async (session) => {
      try {
        return await loads(session);
      } catch (error) {
        throw error as SessionError;
      }
    });
    assert.equal(answer.status, 503);
  });

  test("is answered as the handler likes where it catches it", async () => {
    const { world, cookie } = await down();
    const answer = await world.sessions.handle(request({ cookie }), undefined, async (session) => {
      const code = await codeOf(() => session.load());
      return new Response(code, { status: 200 });
    });
    assert.deepEqual([answer.status, await answer.text()], [200, "store-unavailable"]);
  });

  test("is none where throwOnError is false: the session is empty, and only a write throws, which is answered 503", async () => {
    const { world, cookie, key } = await down({ throwOnError: false });
    const before = await world.store.peek(key);
    const seen: unknown[] = [];
    const read = await world.sessions.handle(request({ cookie }), undefined, async (session) => {
      await session.load();
      seen.push(session.isAvailable, session.isLoaded, session.size, session.get("a"), session.has("a"), [...session.keys()]);
      return new Response("fine");
    });
    assert.deepEqual(seen, [false, false, 0, undefined, false, []]);
    assert.deepEqual([read.status, read.headers.getSetCookie()], [200, []]);
    const written = await world.sessions.handle(request({ cookie }), undefined, async (session) => {
      await session.load();
      session.set("a", 2);
      return new Response("fine");
    });
    assert.deepEqual([written.status, written.headers.getSetCookie()], [503, []]);
    assert.equal(await world.store.peek(key), before);
  });
});

describe("another call of the store's that failed and that the handler does not catch", () => {
  const afterLoad = async (act: (session: Session<Data>) => unknown, failure: unknown = new Error("down")) => {
    const world = new World();
    const { cookie } = await world.begun();
    return await world.sessions.handle(request({ cookie }), undefined, async (session) => {
      await session.load();
      world.store.before = () => {
        throw failure;
      };
      await act(session);
      return new Response("fine");
    });
  };

  test("is answered 503: an explicit commit, one that nobody can decide, and a destroy", async () => {
    const commit = (session: Session<Data>) => {
      session.set("a", 2);
      return session.commit();
    };
    const timeout = new DOMException("late", "TimeoutError");
    for (const [act, failure] of [[commit], [commit, timeout], [(session: Session<Data>) => session.destroy()]] as const) {
      const answer = await afterLoad(act, failure);
      assert.deepEqual([answer.status, answer.headers.getSetCookie()], [503, []]);
    }
  });

  test("is answered 503 whatever the store's failure is", async () => {
    for (const code of [
      "timeout",
      "store-unavailable",
      "store-auth",
      "store-throttled",
      "store-quota",
      "store-protocol",
      "store-rejected",
    ] as const) {
      const answer = await afterLoad((session) => session.destroy(), new SessionError(code, "the store failed."));
      assert.equal(answer.status, 503, code);
    }
  });
});

describe("what is no failure of the store", () => {
  const thrown = async (handler: Handler, cookie?: string, world = new World()) =>
    await codeOf(() => world.sessions.handle(request({ cookie }), undefined, handler));

  test("is thrown on: a mistake in using the session, and the application's own errors", async () => {
    assert.equal(await thrown((session) => Response.json(session.get("a"))), "not-loaded");
    assert.equal(
      await thrown(async (session) => {
        await session.load();
        session.set("a", Number.NaN);
        return new Response();
      }),
      "value-not-serializable",
    );
    const own = Object.assign(new Error("the application's own"), { code: "store-unavailable" });
    await assert.rejects(
      new World().sessions.handle(request(), undefined, () => {
        throw own;
      }),
      (error) => error === own,
    );
  });

  test("is thrown on: a record that is damaged, as no waiting mends it", async () => {
    const world = new World();
    const { cookie, key } = await world.begun();
    await world.store.write(key, "damaged");
    assert.equal(await thrown(loads, cookie, world), "record-corrupt");
  });

  test("is thrown on: options that are wrong", async () => {
    const sessions = createSessions(() => ({ secrets: [], store: new World().store }));
    assert.equal(await codeOf(() => sessions.handle(request(), undefined, loads)), "invalid-options");
  });
});

describe("the commit after the handler", () => {
  test("rejects in place of the answer where it fails before the response, so that the application knows", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const handled = world.sessions.handle(request({ cookie }), undefined, async (session) => {
      await session.load();
      session.set("a", 2);
      world.store.before = () => {
        throw new Error("down");
      };
      return new Response("fine");
    });
    await assert.rejects(handled, { name: "SessionError", code: "store-unavailable" });
  });

  test("reaches onEvent where it fails in the background", async () => {
    const world = new World({ commit: "background" });
    const { cookie } = await world.begun();
    const context = new Context();
    const answer = await world.sessions.handle(request({ cookie }), context, async (session) => {
      await session.load();
      session.set("a", 2);
      world.store.before = () => {
        throw new Error("down");
      };
      return new Response("fine");
    });
    assert.equal(answer.status, 200);
    assert.ok((await context.settled()).every(({ status }) => status === "fulfilled"));
    assert.ok(world.told().includes("store-failed"));
  });
});

describe("Retry-After of the answer", () => {
  /** Gives what the answer to a load says, where the store answers so. */
  const said = async (...steps: Step[]): Promise<string | null> => {
    const server = await startFaultServer(...steps);
    try {
      const store = upstashStore({ url: server.url, token: "t", operationTimeoutMs: 10_000, retryTimeoutMs: 0 });
      const sessions = createSessions({ secrets: [SECRET], store, onEvent: () => {} });
      const session = sessions.openById("A".repeat(22));
      const answer = await sessions.handle(request(), undefined, async () => {
        await session.load();
        return new Response();
      });
      assert.equal(answer.status, 503);
      return answer.headers.get("retry-after");
    } finally {
      await server.stop();
    }
  };

  test("is what the store said, in whole seconds", async () => {
    assert.equal(await said(reply(429, "", { "Retry-After": "7" })), "7");
    assert.equal(await said(reply(503, "", { "Retry-After": "30" })), "30");
    const inAMinute = Number(await said(reply(429, "", { "Retry-After": new Date(Date.now() + 60_000).toUTCString() })));
    assert.ok(inAMinute > 30 && inAMinute <= 60, `${inAMinute} s`);
  });

  test("is an hour at most, and a second where the store said nothing, nonsense, or a time that is past", async () => {
    assert.equal(await said(reply(429, "", { "Retry-After": "99999999999999999999" })), "3600");
    assert.equal(await said(reply(429)), "1");
    assert.equal(await said(reply(429, "", { "Retry-After": "soon" })), "1");
    assert.equal(await said(reply(429, "", { "Retry-After": "-5" })), "1");
    assert.equal(await said(reply(429, "", { "Retry-After": new Date(0).toUTCString() })), "1");
  });
});
