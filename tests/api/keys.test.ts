// Keys: their order, their number, and those that are ours.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { World } from "./world.ts";

describe("keys", () => {
  test("come in the order of their first set, and stay in their place when they change", async () => {
    const world = new World();
    const { cookie } = await world.begun((session) => {
      for (const key of ["b", "a", "1", ""]) session.set(key, key);
    });
    const session = await world.loaded(cookie);
    session.set("c", 1);
    session.set("a", 2);
    session.delete("b");
    assert.deepEqual([...session.keys()], ["a", "1", "", "c"]);
    session.set("b", 3);
    const now = [...session.keys()];
    await session.commit();
    assert.deepEqual([...session.keys()], now);
    assert.deepEqual([...(await world.loaded(cookie)).keys()], now);
    assert.equal(session.size, 5);
  });

  test("that begin with U+0000 are a user's like all others", async () => {
    const world = new World();
    const { cookie } = await world.begun((session) => {
      for (const key of ["\u0000", "\u0000t", "\u0000\u0000t", "t"]) session.set(key, key);
    });
    const session = await world.loaded(cookie);
    assert.deepEqual([...session.keys()], ["\u0000", "\u0000t", "\u0000\u0000t", "t"]);
    session.delete("\u0000t");
    assert.equal(session.has("\u0000t"), false);
    assert.equal(session.get("t"), "t");
    assert.equal(session.size, 3);
  });

  test("of ours in a record are seen by neither keys nor size, and stay", async () => {
    const world = new World();
    const { cookie, key } = await world.begun();
    const record = (await world.store.peek(key)) ?? "";
    await world.store.write(key, record.replace('"a":1', '"a":1,\n"\\u0000tnotice":"kept"'));
    const session = await world.loaded(cookie);
    assert.deepEqual([[...session.keys()], session.size], [["a"], 1]);
    session.set("b", 2);
    await session.commit();
    assert.match((await world.store.peek(key)) ?? "", /"\\u0000tnotice":"kept"/);
  });

  test("are cleared all, which leaves an empty record and no new session", async () => {
    const world = new World();
    const { cookie, id, key } = await world.begun();
    const session = await world.loaded(cookie);
    session.clear();
    assert.equal(session.size, 0);
    await session.commit();
    assert.match((await world.store.peek(key)) ?? "", /^1j\..*\.\{\}$/);
    const next = await world.loaded(cookie);
    assert.deepEqual([next.isNew, next.id, next.size], [false, id, 0]);
  });

  test("that are deleted or cleared where there are none change nothing", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    for (const sent of [cookie, undefined]) {
      const session = await world.loaded(sent);
      session.delete("absent");
      if (sent === undefined) session.clear();
      await session.commit();
      assert.deepEqual(session.setCookieHeaders(), []);
    }
    assert.deepEqual(world.store.taken(), ["load"]);
  });
});
