// Keys: their order, their number, and those that are ours.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { keyText, valueText } from "../../dist/values.js";
import { dice, seedFor } from "./seeds.ts";
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

describe("a key's and a value's text", () => {
  test("is what JSON writes, in ASCII", (t) => {
    const roll = dice(seedFor(t));
    const characters = ["a", "0", " ", "~", "!", "#", "[", "]", '"', "\\", "/", "\u0000", "\n", "\u001f", "\u007f", "\u0080", "é", "\u2028", "𝄞", ""];
    const texts = Array.from({ length: 5000 }, () => Array.from({ length: roll(6) }, () => characters[roll(characters.length)]).join(""));
    for (const text of [...characters, ...texts]) {
      assert.match(keyText(text), /^[ -\u007f]*$/);
      assert.equal(JSON.parse(keyText(text)), text.startsWith("\u0000") ? `\u0000${text}` : text);
      if (/^[ -\u007f]*$/.test(text)) assert.equal(keyText(text), JSON.stringify(text));
    }
    for (const number of [0, -0, 1, -1.5, 1e21, 1e-7, 0.1 + 0.2, 2 ** 53, 5e-324, Number.MAX_VALUE, roll(1000) / 7]) {
      assert.equal(valueText(number), JSON.stringify(number));
    }
  });
});

test("what was matched last shows no key, no value and no name inside one", async () => {
  const world = new World();
  const shown = ["input", "rightContext", "lastMatch", "leftContext"] as const;
  const matched = () => shown.map((name) => (RegExp as unknown as Record<string, string>)[name]).join();
  const session = await world.loaded(undefined);
  for (const value of [1, "canary", "é canary", { canary: 1 }, { "é canary": "é" }, [{ "0canary": "canary" }]]) {
    for (const key of ["canary", 'canary"', "é canary", "\u0000canary"]) {
      /before/.test("before");
      session.set(key, value);
      const afterSet = matched();
      const got = session.get(key);
      assert.doesNotMatch(`${afterSet}${matched()}`, /canary|é/);
      assert.deepEqual(got, value);
    }
  }
  assert.throws(() => session.set("a", { canary: { canary: 1n } }), { code: "value-not-serializable" });
  assert.equal(matched().includes("canary"), false);
  await session.commit();
  assert.equal(matched().includes("canary"), false);
});
