// Sessions that end, or move to a new id.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { anyIo } from "../store-laws.ts";
import { codeOf, keyOf, pairOf, request, World } from "./world.ts";

describe("destroy", () => {
  test("acts at once, also where nothing was loaded, and nothing can be read after it", async () => {
    const world = new World();
    for (const loads of [true, false]) {
      const { cookie } = await world.begun();
      const session = world.sessions.open(request({ cookie }));
      if (loads) await session.load();
      await session.destroy();
      assert.deepEqual(world.store.taken(), ["load", "update"]);
      assert.deepEqual(
        [session.isLoaded, session.isNew, session.id, session.createdAt, session.size, session.get("a")],
        [true, true, undefined, undefined, 0, undefined],
      );
      assert.deepEqual(await world.values(cookie), {});
      world.store.taken();
    }
  });

  test("drops what was changed before it", async () => {
    const world = new World();
    const { cookie, key } = await world.begun();
    const session = await world.loaded(cookie);
    session.set("b", 2);
    session.regenerateId();
    await session.destroy();
    await session.commit();
    assert.deepEqual(world.store.taken(), ["load", "update"]);
    assert.match((await world.store.peek(key)) ?? "", /^1d\./);
  });

  test("lets a set begin a new session under a new id, with one cookie", async () => {
    const world = new World();
    const { cookie, id } = await world.begun();
    const session = await world.loaded(cookie);
    await session.destroy();
    session.set("b", 2);
    await session.commit();
    assert.notEqual(session.id, id);
    const lines = session.setCookieHeaders();
    assert.equal(lines.length, 1);
    assert.deepEqual(await world.values(pairOf(lines[0] ?? "")), { b: 2 });
    await session.destroy();
    assert.match(session.setCookieHeaders()[0] ?? "", /Max-Age=0/);
    assert.deepEqual(await world.values(pairOf(lines[0] ?? "")), {});
  });

  test("without a session makes no call, and expires only a cookie that was sent", async () => {
    const world = new World();
    for (const [cookie, lines] of [
      [undefined, 0],
      ["other=1", 0],
      ["__Host-session=garbage", 1],
    ] as const) {
      const session = world.sessions.open(request({ cookie }));
      await session.destroy();
      assert.equal(session.setCookieHeaders().length, lines);
    }
    const unborn = await world.loaded(undefined);
    unborn.set("a", 1);
    await unborn.destroy();
    assert.deepEqual([unborn.id, unborn.size, unborn.setCookieHeaders()], [undefined, 0, []]);
    assert.deepEqual(world.store.taken(), []);
  });

  test("that the store does not confirm throws, and the session is still there", async () => {
    const world = new World();
    const { cookie, id } = await world.begun();
    world.store.before = (operation) => {
      if (operation !== "load") throw new Error("down");
    };
    const session = await world.loaded(cookie);
    assert.equal(await codeOf(() => session.destroy()), "store-unavailable");
    assert.deepEqual([session.id, session.get("a"), session.setCookieHeaders()], [id, 1, []]);
    world.store.before = () => undefined;
    await session.destroy();
    assert.deepEqual(await world.values(cookie), {});
  });

  test("follows a login of another request, and ends that session", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const leaving = await world.loaded(cookie);
    const login = await world.loaded(cookie);
    login.regenerateId();
    await login.commit();
    await leaving.destroy();
    assert.deepEqual(await world.values(pairOf(login.setCookieHeaders()[0] ?? "")), {});
  });

  test("is not undone by a request that loaded the session before", async () => {
    const world = new World();
    const { cookie, key } = await world.begun();
    const slow = await world.loaded(cookie);
    await (await world.loaded(cookie)).destroy();
    slow.set("b", 2);
    assert.equal(await codeOf(() => slow.commit()), "destroyed");
    assert.deepEqual(slow.setCookieHeaders(), []);
    assert.match((await world.store.peek(key)) ?? "", /^1d\./);
  });
});

describe("regenerateId", () => {
  test("gives the new id at once, and a new birth and absolute limit at the commit", async () => {
    const world = new World({ absoluteTimeoutSeconds: 1200 });
    const { cookie, id } = await world.begun();
    world.pass(1000);
    const session = await world.loaded(cookie);
    assert.equal(session.createdAt, world.now - 1_000_000);
    session.regenerateId();
    assert.notEqual(session.id, id);
    const { id: next } = session;
    await session.commit();
    assert.deepEqual([session.id, session.createdAt], [next, world.now]);
    world.pass(1100);
    assert.deepEqual(await world.values(pairOf(session.setCookieHeaders()[0] ?? "")), { a: 1 });
  });

  test("leaves nothing to read under the old id, or with grace what was before", async () => {
    const world = new World();
    for (const [graceSeconds, seen] of [
      [undefined, {}],
      [0, {}],
      [30, { a: 1 }],
    ] as const) {
      const { cookie } = await world.begun();
      const session = await world.loaded(cookie);
      session.set("secret", "of the login");
      session.regenerateId({ graceSeconds });
      await session.commit();
      const late = await world.loaded(cookie);
      assert.deepEqual(Object.fromEntries([...late.keys()].map((key) => [key, late.get(key)])), seen);
      late.set("b", 2);
      assert.equal(await codeOf(() => late.commit()), "destroyed");
      assert.deepEqual(late.setCookieHeaders(), []);
      world.pass(31);
      assert.deepEqual(await world.values(cookie), {});
    }
  });

  /** A session that moved with grace, and a request under its old id that is about to move too. */
  async function movingTwice() {
    const world = new World();
    const { cookie } = await world.begun();
    const first = await world.loaded(cookie);
    first.regenerateId({ graceSeconds: 30 });
    await first.commit();
    const second = await world.loaded(cookie);
    second.set("b", 2);
    second.regenerateId();
    world.store.taken();
    return { world, first, second };
  }

  test("under an id that moved takes along what grace shows, while that session lives", async () => {
    const { world, second } = await movingTwice();
    await second.commit();
    assert.deepEqual(world.store.taken(), ["create", "load"]);
    assert.deepEqual(await world.values(pairOf(second.setCookieHeaders()[0] ?? "")), { a: 1, b: 2 });
  });

  test("under an id that moved undoes no logout", async () => {
    const { world, first, second } = await movingTwice();
    await first.destroy();
    world.store.taken();
    assert.equal(await codeOf(() => second.commit()), "destroyed");
    assert.deepEqual(world.store.taken(), ["create", "load", "remove"]);
    assert.deepEqual(second.setCookieHeaders(), []);
    second.set("c", 3);
    assert.equal(await codeOf(() => second.commit()), "destroyed");
  });

  test("under an id that moved takes nothing along while nobody can say whether that session lives", async () => {
    const { world, second } = await movingTwice();
    const { id } = second;
    const created = keyOf(id ?? "");
    world.store.before = (operation) => {
      if (operation === "load" || operation === "remove") throw new Error("down");
    };
    assert.equal(await codeOf(() => second.commit()), "store-unavailable");
    assert.deepEqual(world.store.taken(), ["create", "load", "remove"]);
    assert.deepEqual(second.setCookieHeaders(), []);
    world.store.before = () => undefined;
    second.set("c", 3);
    await second.commit();
    // What could not be taken back goes late, and is nobody's.
    await world.store.inner.remove(created, anyIo());
    assert.notEqual(second.id, id);
    assert.deepEqual(await world.values(pairOf(second.setCookieHeaders()[0] ?? "")), { a: 1, b: 2, c: 3 });
  });

  test("refuses grace that is no time, and persistence without a life", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const session = await world.loaded(cookie);
    for (const graceSeconds of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER, "5" as unknown as number]) {
      assert.throws(() => session.regenerateId({ graceSeconds }), { code: "invalid-options" });
    }
    assert.throws(() => session.regenerateId({ persistent: true }), { code: "invalid-options" });
    await session.commit();
    assert.deepEqual(world.store.taken(), ["load"]);
  });
});

describe("signing out everywhere", () => {
  test("createdAt tells for good what began before a moment", async () => {
    const world = new World();
    const begun = await Promise.all([world.begun(), world.begun(), world.begun()]);
    world.pass(10);
    const validAfter = world.now;
    world.pass(10);
    begun.push(await world.begun());
    const isValid = async (cookie: string) => ((await world.loaded(cookie)).createdAt ?? 0) >= validAfter;
    for (const { cookie } of begun) {
      const session = await world.loaded(cookie);
      session.set("b", 2);
      await session.commit();
    }
    assert.deepEqual(await Promise.all(begun.map(({ cookie }) => isValid(cookie))), [false, false, false, true]);
  });
});
