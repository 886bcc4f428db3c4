// What a handler sees of its session, from load to commit.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Session } from "edge-session";
import { changeThatFailsOnReplay, codeOf, type Data, request, World } from "./world.ts";

const mutations: [name: string, run: (session: Session<Data>) => void][] = [
  ["set", (session) => session.set("a", 2)],
  ["update", (session) => session.update("a", () => 2)],
  ["delete", (session) => session.delete("a")],
  ["clear", (session) => session.clear()],
  ["regenerateId", (session) => session.regenerateId()],
];
const reads: [name: string, run: (session: Session<Data>) => unknown][] = [
  ["get", (session) => session.get("a")],
  ["has", (session) => session.has("a")],
  ["keys", (session) => [...session.keys()]],
  ["size", (session) => session.size],
];

function throwsAll(session: Session<Data>, calls: [string, (session: Session<Data>) => unknown][], code: string): void {
  for (const [name, run] of calls) assert.throws(() => run(session), { code }, name);
}

describe("load", () => {
  test("comes first: every accessor before it throws, with a cookie and without", async () => {
    const world = new World();
    const { cookie, id } = await world.begun();
    for (const sent of [cookie, undefined]) {
      const session = world.sessions.open(request({ cookie: sent }));
      throwsAll(session, [...mutations, ...reads], "not-loaded");
      assert.equal(session.isLoaded, false);
      assert.equal(session.isNew, sent === undefined);
      assert.equal(session.id, sent === undefined ? undefined : id);
      assert.equal(session.createdAt, undefined);
      await session.commit();
    }
    assert.deepEqual(world.store.taken(), []);
  });

  test("makes one call, with the time to live, and none without a cookie", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    world.store.seconds.length = 0;
    await world.loaded(undefined);
    assert.deepEqual(world.store.taken(), []);
    const session = await world.loaded(cookie);
    await session.load();
    assert.deepEqual(world.store.taken(), ["load"]);
    assert.deepEqual(world.store.seconds, [1200]);
    world.pass(86_400 - 1201);
    await world.loaded(cookie);
    world.pass(201);
    await world.loaded(cookie);
    assert.deepEqual(world.store.seconds, [1200, 1200, 1000]);
  });

  test("shares one call between those who ask at a time", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const session = world.sessions.open(request({ cookie }));
    await Promise.all([session.load(), session.load({ readOnly: true }), session.load()]);
    assert.deepEqual(world.store.taken(), ["load"]);
    session.set("a", 2);
  });

  test("that one caller gives up does not fail for another", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
    world.store.before = () => {
      reach();
      world.store.before = () => undefined;
      return new Promise(() => undefined);
    };
    const session = world.sessions.open(request({ cookie }));
    const leaving = new AbortController();
    const left = session.load({ signal: leaving.signal });
    const stays = session.load();
    await reached;
    leaving.abort(new RangeError("the caller's own reason"));
    await assert.rejects(left, { message: "the caller's own reason" });
    await stays;
    assert.equal(session.get("a"), 1);
  });

  test("that failed leaves the session as it was, and may be tried again", async () => {
    const world = new World();
    const { cookie, id } = await world.begun();
    world.store.before = () => {
      throw new Error("down");
    };
    const session = world.sessions.open(request({ cookie }));
    assert.equal(await codeOf(() => session.load()), "store-unavailable");
    throwsAll(session, [...mutations, ...reads], "not-loaded");
    assert.equal(session.id, id);
    assert.deepEqual(session.setCookieHeaders(), []);
    world.store.before = () => undefined;
    await session.load();
    assert.equal(session.get("a"), 1);
  });

  test("that failed gives an empty session nobody can write, where throwOnError is false", async () => {
    const world = new World({ throwOnError: false });
    const { cookie, key } = await world.begun();
    const before = await world.store.peek(key);
    world.store.before = () => {
      throw new Error("down");
    };
    const session = await world.loaded(cookie);
    assert.equal(session.isAvailable, false);
    assert.deepEqual([session.get("a"), session.has("a"), session.size, [...session.keys()]], [undefined, false, 0, []]);
    throwsAll(session, mutations, "store-unavailable");
    assert.equal(await codeOf(() => session.destroy()), "store-unavailable");
    assert.deepEqual(session.setCookieHeaders(), []);
    assert.equal(await world.store.peek(key), before);
    assert.equal((await world.loaded(undefined)).isAvailable, true);
  });

  test("readOnly refuses every change but destroy, until a plain load", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    for (const sent of [cookie, undefined]) {
      const session = world.sessions.open(request({ cookie: sent }));
      await session.load({ readOnly: true });
      throwsAll(session, mutations, "read-only");
      assert.equal(session.get("a"), sent === undefined ? undefined : 1);
      await session.load({ readOnly: true });
      throwsAll(session, mutations, "read-only");
      await session.load();
      session.set("a", 2);
    }
    const session = world.sessions.open(request({ cookie }));
    await session.load({ readOnly: true });
    await session.destroy();
    assert.deepEqual(await world.values(cookie), {});
  });
});

describe("a new session", () => {
  test("has no id, cookie, birth or store call before its first set", async () => {
    const world = new World();
    const session = await world.loaded(undefined);
    assert.deepEqual([session.id, session.createdAt, session.isNew, session.isLoaded], [undefined, undefined, true, true]);
    session.set("a", 1);
    const { id } = session;
    assert.match(id ?? "", /^[\w-]{22}$/);
    assert.deepEqual(session.setCookieHeaders(), []);
    assert.deepEqual(world.store.taken(), []);
    await session.commit();
    assert.deepEqual([session.id, session.createdAt, session.isNew], [id, world.now, false]);
    assert.deepEqual(world.store.taken(), ["create"]);
  });

  test("whose values all went before the commit is never stored", async () => {
    const world = new World();
    const undone: ((session: Session<Data>) => void)[] = [(session) => session.delete("a"), (session) => session.clear()];
    for (const undo of undone) {
      const session = await world.loaded(undefined);
      session.set("a", 1);
      undo(session);
      session.regenerateId();
      await session.commit();
      assert.deepEqual(session.setCookieHeaders(), []);
    }
    assert.deepEqual(world.store.taken(), []);
  });

  test("under a cookie whose record expired has the same id, and its cookie again", async () => {
    const world = new World();
    const { cookie, id } = await world.begun();
    world.pass(1200);
    const session = await world.loaded(cookie);
    assert.deepEqual([session.id, session.isNew, session.createdAt], [id, true, undefined]);
    session.set("a", 2);
    await session.commit();
    assert.deepEqual([session.id, session.createdAt], [id, world.now]);
    assert.equal(session.setCookieHeaders().length, 1);
    assert.deepEqual(world.store.taken(), ["load", "create"]);
  });

  test("under a cookie whose record is past its absolute limit begins anew", async () => {
    const world = new World({ absoluteTimeoutSeconds: 1800 });
    const { cookie, key } = await world.begun();
    const record = (await world.store.peek(key)) ?? "";
    world.pass(1799);
    await world.store.write(key, record);
    assert.deepEqual(await world.values(cookie), { a: 1 });
    world.pass(1);
    assert.deepEqual(await world.values(cookie), {});
  });
});

describe("commit", () => {
  test("stores what was changed so far, once; later changes belong to the next", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const session = await world.loaded(cookie);
    session.set("b", 2);
    const first = session.commit();
    session.set("c", 3);
    await first;
    await session.commit();
    await session.commit();
    assert.deepEqual(world.store.taken(), ["load", "update", "update"]);
    assert.deepEqual(await world.values(cookie), { a: 1, b: 2, c: 3 });
  });

  test("keeps a neighbour's key, and counts every step of update", async () => {
    const world = new World();
    const { cookie } = await world.begun((session) => session.set("visits", 0));
    const visitors = await Promise.all(Array.from({ length: 40 }, () => world.loaded(cookie)));
    await Promise.all(
      visitors.map((session, index) => {
        session.update("visits", (visits) => (visits as number) + 1);
        session.set(`own-${index}`, index);
        return session.commit();
      }),
    );
    const values = await world.values(cookie);
    assert.equal(values.visits, 40);
    assert.equal(Object.keys(values).length, 41);
  });

  test("under last-write-wins puts the whole state of its request over what another stored meanwhile", async () => {
    const world = new World({ concurrency: "last-write-wins" });
    const { cookie } = await world.begun((session) => session.set("visits", 1));
    const [one, two] = [await world.loaded(cookie), await world.loaded(cookie)];
    for (const [session, name] of [
      [one, "one"],
      [two, "two"],
    ] as const) {
      session.set(name, true);
      session.update("visits", (visits) => (visits as number) + 1);
    }
    await one.commit();
    await two.commit();
    assert.deepEqual(await world.values(cookie), { visits: 2, two: true });
  });

  test("is rejected with what update throws on a replay, nothing being stored", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const session = await world.loaded(cookie);
    await changeThatFailsOnReplay(world, session, cookie, new RangeError("the application's own"));
    await assert.rejects(session.commit(), RangeError);
    assert.deepEqual(await world.values(cookie), { a: 1, b: 2 });
  });

  test("whose answer was lost is found out by the next, and nothing counts twice", async () => {
    const world = new World();
    const { cookie } = await world.begun((session) => session.set("visits", 0));
    for (const lost of ["before", "after"] as const) {
      const session = await world.loaded(cookie);
      session.update("visits", (visits) => (visits as number) + 1);
      world.store[lost] = (operation: string) => {
        if (operation === "update") throw new DOMException("late", "TimeoutError");
      };
      assert.equal(await codeOf(() => session.commit()), "commit-ambiguous");
      world.store[lost] = () => undefined;
      await session.commit();
    }
    assert.deepEqual(await world.values(cookie), { visits: 2 });
  });
});

describe("items", () => {
  test("live for one request, need no load, and are never stored", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const session = world.sessions.open(request({ cookie }));
    session.items.set("user", new Date());
    assert.equal(session.items, session.items);
    await session.load();
    await session.commit();
    assert.deepEqual(world.store.taken(), ["load"]);
    assert.equal((await world.loaded(cookie)).items.size, 0);
  });

  test("take a library's own symbol, which no other key meets, and are a Map to all who want one", () => {
    const { items } = new World().sessions.open(request());
    const [mine, theirs] = [Symbol("user"), Symbol("user")];
    items.set(mine, 1).set("user", 2);
    const map: Map<string, unknown> = items;
    assert.deepEqual([items.get(mine), items.get(theirs), map.get("user"), items.has(theirs), map.size], [1, undefined, 2, false, 2]);
    assert.deepEqual([items.delete(theirs), items.delete(mine), map.size], [false, true, 1]);
  });

  test("of two requests of one session, at once or one after the other, are apart", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const seen = [1, 2].map((number) =>
      world.sessions.handle(request({ cookie }), undefined, async ({ items }) => {
        items.set("number", number);
        await new Promise(setImmediate);
        return Response.json([items.size, items.get("number")]);
      }),
    );
    const answers = await Promise.all((await Promise.all(seen)).map((answer) => answer.json()));
    assert.deepEqual(answers, [
      [1, 1],
      [1, 2],
    ]);
  });

  test("outlive what ends in the request: destroy(), regenerateId() and a failed load", async () => {
    const world = new World({ throwOnError: false });
    const { cookie } = await world.begun();
    const session = await world.loaded(cookie);
    session.items.set("kept", true);
    session.regenerateId();
    await session.commit();
    await session.destroy();
    assert.equal(session.items.get("kept"), true);
    world.store.before = () => {
      throw new Error("down");
    };
    const failed = world.sessions.open(request({ cookie }));
    failed.items.set("kept", true);
    await failed.load();
    assert.deepEqual([failed.isAvailable, failed.items.get("kept")], [false, true]);
  });
});
