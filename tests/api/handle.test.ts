// What `handle` commits and sends, by how the handler ends.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Session } from "edge-session";
import { Context, codeOf, type Data, NAME, pairOf, request, World } from "./world.ts";

/** Runs a handler that changes the session and then ends in the given way; says what came of it. */
async function ran(world: World, cookie: string | undefined, change: (session: Session<Data>) => unknown, end: () => Response): Promise<Outcome> {
  world.store.calls.length = 0;
  let answer: Response | undefined;
  let thrown: unknown;
  let id: string | undefined;
  try {
    answer = await world.sessions.handle(request({ cookie }), undefined, async (session) => {
      await session.load();
      await change(session);
      id = session.id;
      return end();
    });
  } catch (error) {
    thrown = error;
    if (error instanceof Response) answer = error;
  }
  const cookies = answer?.headers.getSetCookie() ?? [];
  return { answer, thrown, cookies, calls: world.store.taken(), id, cacheControl: answer?.headers.get("cache-control") ?? null };
}

interface Outcome {
  readonly answer: Response | undefined;
  readonly thrown: unknown;
  readonly cookies: string[];
  readonly calls: string[];
  readonly id: string | undefined;
  readonly cacheControl: string | null;
}

const ok = () => new Response("fine");
const notFound = () => new Response("not found", { status: 404 });
const failure = () => new Response("sorry", { status: 500 });
const unavailable = () => new Response("sorry", { status: 503 });
const dead = () => Response.error();
const throwsResponse = () => {
  throw new Response(null, { status: 303, headers: { location: "/next" } });
};
const throwsFailure = () => {
  throw new Response("sorry", { status: 502 });
};
const throwsError = () => {
  throw new RangeError("the application's own");
};

const set = (session: Session<Data>) => session.set("b", 2);
const regenerate = (session: Session<Data>) => {
  session.set("b", 2);
  session.regenerateId();
};
const setAndCommit = async (session: Session<Data>) => {
  session.set("b", 2);
  await session.commit();
};
const loginAndCommit = async (session: Session<Data>) => {
  regenerate(session);
  await session.commit();
};
const destroy = (session: Session<Data>) => session.destroy();

describe("an answer below 500", () => {
  test("creates the session of a visitor who set a value, and sends its cookie once", async () => {
    const world = new World();
    for (const end of [ok, notFound]) {
      const { calls, cookies, cacheControl } = await ran(world, undefined, set, end);
      assert.deepEqual(calls, ["create"]);
      assert.equal(cookies.length, 1);
      assert.equal(cacheControl, "private, no-store");
      assert.deepEqual(await world.values(pairOf(cookies[0] ?? "")), { b: 2 });
    }
  });

  test("stores the changes of a session and sends no cookie", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const { calls, cookies, cacheControl } = await ran(world, cookie, set, ok);
    assert.deepEqual(calls, ["load", "update"]);
    assert.deepEqual(cookies, []);
    assert.equal(cacheControl, "private, no-store");
    assert.deepEqual(await world.values(cookie), { a: 1, b: 2 });
  });

  test("moves a session to a new id with one call more, and sends the new cookie", async () => {
    const world = new World();
    const { cookie, id } = await world.begun();
    const outcome = await ran(world, cookie, regenerate, ok);
    assert.deepEqual(outcome.calls, ["load", "create", "update"]);
    assert.equal(outcome.cookies.length, 1);
    assert.notEqual(outcome.id, id);
    assert.deepEqual(await world.values(pairOf(outcome.cookies[0] ?? "")), { a: 1, b: 2 });
    assert.deepEqual(await world.values(cookie), {});
  });

  test("ends a session and expires its cookie", async () => {
    const world = new World();
    const { cookie, key } = await world.begun();
    const { calls, cookies } = await ran(world, cookie, destroy, ok);
    assert.deepEqual(calls, ["load", "update"]);
    assert.deepEqual(cookies, [`${NAME}=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax`]);
    assert.match((await world.store.peek(key)) ?? "", /^1d\./);
  });
});

describe("a thrown Response below 500", () => {
  test("commits everything and is thrown on with all headers", async () => {
    const world = new World();
    const first = await ran(world, undefined, set, throwsResponse);
    assert.ok(first.thrown instanceof Response);
    assert.equal(first.thrown.headers.get("location"), "/next");
    assert.equal(first.thrown.status, 303);
    assert.equal(first.cacheControl, "private, no-store");
    const cookie = pairOf(first.cookies[0] ?? "");
    const second = await ran(world, cookie, regenerate, throwsResponse);
    assert.deepEqual(second.calls, ["load", "create", "update"]);
    assert.equal(second.cookies.length, 1);
    const third = await ran(world, pairOf(second.cookies[0] ?? ""), destroy, throwsResponse);
    assert.match(third.cookies[0] ?? "", /Max-Age=0/);
  });
});

describe("an answer of 500 or more, or of status 0", () => {
  const ends = [failure, unavailable, dead, throwsFailure];

  test("creates no session and sends no cookie, and says so", async () => {
    const world = new World();
    for (const end of ends) {
      const { calls, cookies } = await ran(world, undefined, set, end);
      assert.deepEqual(calls, []);
      assert.deepEqual(cookies, []);
      assert.deepEqual(world.told(), ["cookie-withheld"]);
    }
  });

  test("keeps the changes to a session that has a record", async () => {
    const world = new World();
    for (const end of ends) {
      const { cookie } = await world.begun();
      const { calls, cookies } = await ran(world, cookie, set, end);
      assert.deepEqual(calls, ["load", "update"]);
      assert.deepEqual(cookies, []);
      assert.deepEqual(await world.values(cookie), { a: 1, b: 2 });
    }
  });

  test("stores nothing of a login that was not committed; the old session goes on", async () => {
    const world = new World();
    for (const end of ends) {
      const { cookie } = await world.begun();
      const { calls, cookies } = await ran(world, cookie, regenerate, end);
      assert.deepEqual(calls, ["load"]);
      assert.deepEqual(cookies, []);
      assert.deepEqual(await world.values(cookie), { a: 1 });
    }
  });

  test("sends the cookie that an explicit commit confirmed", async () => {
    const world = new World();
    for (const end of [failure, unavailable, throwsFailure]) {
      const created = await ran(world, undefined, setAndCommit, end);
      assert.deepEqual(created.calls, ["create"]);
      assert.equal(created.cookies.length, 1);
      const moved = await ran(world, pairOf(created.cookies[0] ?? ""), loginAndCommit, end);
      assert.deepEqual(moved.calls, ["load", "create", "update"]);
      assert.deepEqual(await world.values(pairOf(moved.cookies[0] ?? "")), { b: 2 });
    }
  });

  test("sends the expired cookie of a confirmed destroy", async () => {
    const world = new World();
    for (const end of [failure, unavailable, throwsFailure]) {
      const { cookie } = await world.begun();
      const { cookies } = await ran(world, cookie, destroy, end);
      assert.match(cookies[0] ?? "", /^__Host-session=; Path=\/; Max-Age=0/);
    }
  });

  test("sends no cookie for a value set after a confirmed destroy but the expired one", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const change = async (session: Session<Data>) => {
      await session.destroy();
      session.set("b", 2);
    };
    const { calls, cookies } = await ran(world, cookie, change, failure);
    assert.deepEqual(calls, ["load", "update"]);
    assert.match(cookies[0] ?? "", /Max-Age=0/);
  });

  test("gives Response.error() back as it is", async () => {
    const world = new World();
    const { answer, cookies } = await ran(world, undefined, setAndCommit, dead);
    assert.equal(answer?.type, "error");
    assert.deepEqual(cookies, []);
  });
});

describe("a handler that throws anything else", () => {
  test("has its error passed on, and only what a session with a record may keep is stored", async () => {
    const world = new World();
    const visitor = await ran(world, undefined, set, throwsError);
    assert.ok(visitor.thrown instanceof RangeError);
    assert.deepEqual(visitor.calls, []);
    const { cookie } = await world.begun();
    const changed = await ran(world, cookie, set, throwsError);
    assert.ok(changed.thrown instanceof RangeError);
    assert.deepEqual(changed.calls, ["load", "update"]);
    assert.deepEqual(await world.values(cookie), { a: 1, b: 2 });
    const login = await ran(world, cookie, regenerate, throwsError);
    assert.deepEqual(login.calls, ["load"]);
    assert.deepEqual(await world.values(cookie), { a: 1, b: 2 });
  });

  test("can send what it committed itself, before it throws", async () => {
    const world = new World();
    const sent: string[] = [];
    const change = async (session: Session<Data>) => {
      await loginAndCommit(session);
      sent.push(...session.cookies().map(({ name, value }) => `${name}=${value}`));
    };
    const { cookie } = await world.begun();
    const { thrown } = await ran(world, cookie, change, throwsError);
    assert.ok(thrown instanceof RangeError);
    assert.deepEqual(await world.values(sent[0] ?? ""), { a: 1, b: 2 });
  });

  test("has its own error passed on when the commit fails too", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    world.store.before = (operation) => {
      if (operation === "update") throw new Error("down");
    };
    const { thrown } = await ran(world, cookie, set, throwsError);
    assert.ok(thrown instanceof RangeError);
    assert.deepEqual(
      world.told().filter((name) => name === "store-failed"),
      ["store-failed"],
    );
  });

  test("is treated the same when it throws before its first await", async () => {
    const world = new World();
    const handled = world.sessions.handle(request(), new Context(), () => throwsError());
    await assert.rejects(handled, RangeError);
  });
});

describe("a handler that gives no answer", () => {
  test("is a mistake, whether it changed the session or not, and nothing can be changed any more", async () => {
    for (const change of [() => undefined, (session: Session<Data>) => session.set("a", 2)]) {
      for (const none of [undefined, null]) {
        const world = new World();
        const { cookie } = await world.begun();
        let late = () => {};
        const { thrown, calls } = await ran(
          world,
          cookie,
          (session) => {
            change(session);
            late = () => session.set("a", 3);
          },
          () => none as unknown as Response,
        );
        assert.ok(thrown instanceof TypeError, String(thrown));
        assert.deepEqual(calls, ["load"]);
        assert.equal(await codeOf(late), "response-started");
      }
    }
  });
});

describe("a commit that fails", () => {
  test("rejects in place of the answer, with the store's code", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    world.store.before = (operation) => {
      if (operation === "update") throw new Error("down");
    };
    const { thrown } = await ran(world, cookie, set, ok);
    assert.equal((thrown as { code?: string }).code, "store-unavailable");
  });

  test("is an event where throwOnError is false, and the answer leaves without our cookie", async () => {
    const world = new World({ throwOnError: false });
    world.store.before = (operation) => {
      if (operation === "create") throw new Error("down");
    };
    const { answer, cookies } = await ran(world, undefined, set, ok);
    assert.equal(answer?.status, 200);
    assert.deepEqual(cookies, []);
    assert.deepEqual(world.told(), ["store-failed"]);
    const codes: string[] = [];
    await ran(world, undefined, async (session) => codes.push(await codeOf(() => setAndCommit(session))), ok);
    assert.deepEqual(codes, ["store-unavailable"]);
  });

  test("as the session ended meanwhile is no error, and nothing is re-created", async () => {
    const world = new World();
    const { cookie, id, key } = await world.begun();
    const change = async (session: Session<Data>) => {
      session.set("b", 2);
      await world.sessions.openById(id).destroy();
    };
    const { answer, cookies } = await ran(world, cookie, change, ok);
    assert.equal(answer?.status, 200);
    assert.deepEqual(cookies, []);
    assert.match((await world.store.peek(key)) ?? "", /^1d\./);
    assert.ok(world.told().includes("session-gone"));
  });
});
