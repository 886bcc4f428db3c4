// Every value that may be stored comes back equal.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { seedFor } from "./seeds.ts";
import { request, World } from "./world.ts";

/** Gives a value back after it was stored and read by another request. */
async function returned(world: World, value: unknown, key = "key"): Promise<unknown> {
  const { cookie } = await world.begun((session) => session.set(key, value));
  return (await world.loaded(cookie)).get(key);
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { in: value };
  return value;
}

describe("a value that may be stored", () => {
  test("comes back equal", async () => {
    const world = new World();
    const values = [
      null,
      true,
      0,
      -1.5e-300,
      Number.MAX_SAFE_INTEGER,
      Number.MIN_VALUE,
      "",
      "\u0000",
      "\u2028\u2029\ufeff",
      'line\nbreak\r\n\ttab\u0007\\"/',
      "😀 ünï \u007f\u0080\uffff",
      "constructor",
      [],
      {},
      [[[]], {}],
      { toString: 1, hasOwnProperty: 2, constructor: 3 },
      JSON.parse('{"__proto__":{"admin":true}}'),
      JSON.parse('{"a":{"__proto__":1},"__proto__":2}'),
      { "\u0000": 1 },
      { "\u0000b": "AAAA" },
      { "\u0000\u0000b": "AAAA" },
      { "\u0000b": "AAAA", more: 1 },
      { "\u0000b": "AAAA", "\u0000c": "AAAA" },
      { inside: { "\u0000b": "AAAA" } },
      [{ "\u0000b": "AAAA" }],
      { 1: "one", 0: "zero", b: "b" },
      nested(64),
    ];
    for (const value of values) assert.deepStrictEqual(await returned(world, value), value);
    assert.equal(({} as { admin?: boolean }).admin, undefined);
  });

  test("may be of bytes, and comes back as a Uint8Array", async () => {
    const world = new World();
    const every = Uint8Array.from({ length: 256 }, (_, index) => index);
    const within = every.subarray(3, 10);
    for (const bytes of [new Uint8Array(0), every, within, new Uint8Array(10_000).fill(255)]) {
      const back = await returned(world, bytes);
      assert.ok(back instanceof Uint8Array && back.constructor === Uint8Array);
      assert.deepStrictEqual([...back], [...bytes]);
    }
    assert.deepStrictEqual(await returned(world, Buffer.from("abc")), Uint8Array.of(97, 98, 99));
  });

  test("may come from another realm or have no prototype", async () => {
    const world = new World();
    assert.deepStrictEqual(await returned(world, runInNewContext("({ a: [1, { b: 2 }] })")), { a: [1, { b: 2 }] });
    assert.deepStrictEqual(await returned(world, Object.assign(Object.create(null), { a: 1 })), { a: 1 });
  });

  test("may be -0, which comes back as the 0 that equals it", async () => {
    const world = new World();
    for (const value of [-0, [-0], { a: -0 }]) assert.deepEqual(JSON.stringify(await returned(world, value)), JSON.stringify(value));
    assert.ok(Object.is(await returned(world, -0), 0));
  });

  test("loses properties that are undefined, as in JSON", async () => {
    const world = new World();
    assert.deepStrictEqual(await returned(world, { a: undefined, b: { c: undefined } }), { b: {} });
    assert.deepStrictEqual(await returned(world, { a: undefined, "\u0000b": "AAAA" }), { "\u0000b": "AAAA" });
  });

  test("may name an object twice where that is no cycle", async () => {
    const world = new World();
    const shared = { x: 1 };
    assert.deepStrictEqual(await returned(world, { one: shared, two: [shared, shared] }), { one: { x: 1 }, two: [{ x: 1 }, { x: 1 }] });
  });

  test("is read once from a getter, and -0 is 0", async () => {
    const world = new World();
    const value = {
      get a() {
        return [1];
      },
    };
    assert.deepStrictEqual(await returned(world, value), { a: [1] });
    assert.equal(await returned(world, -0), 0);
  });

  test("is a copy from the moment it is set, and a fresh one each time it is read", async () => {
    const world = new World();
    const list = [1];
    const bytes = Uint8Array.of(1);
    const { cookie } = await world.begun((session) => {
      session.set("list", list);
      session.set("bytes", bytes);
      list.push(2);
      bytes[0] = 2;
      assert.deepEqual(session.get("list"), [1]);
    });
    const session = await world.loaded(cookie);
    const read = session.get("list") as number[];
    read.push(3);
    (session.get("bytes") as Uint8Array)[0] = 9;
    assert.deepEqual(session.get("list"), [1]);
    assert.notEqual(session.get("list"), session.get("list"));
    await session.commit();
    assert.deepEqual(await world.values(cookie), { list: [1], bytes: Uint8Array.of(1) });
  });

  test("whatever it is, comes back equal under whatever key", async (t) => {
    const seed = seedFor(t);
    const world = new World();
    const text = fc.oneof(fc.string({ unit: "binary" }), fc.string(), fc.constantFrom("__proto__", "\u0000", "\u0000b", "\u0000t", "", "toJSON"));
    // After JSON.parse('{"":0,"\\\\":1}'), V8 reads '{"":0,"\\u0000":1}' as { "": 0, "\\": 1 } (Node 24.21).
    const name = text.filter((key) => !key.endsWith("\\"));
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constant(null),
        fc.boolean(),
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
        text,
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(name, tie("value"), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    const property = fc.asyncProperty(
      fc.uniqueArray(text, { minLength: 1, maxLength: 5 }),
      fc.array(value, { minLength: 5, maxLength: 5 }),
      async (keys, values) => {
        const expected = new Map(keys.map((key, index) => [key, values[index]]));
        const { cookie } = await world.begun((session) => {
          for (const [key, each] of expected) session.set(key, each);
        });
        const session = await world.loaded(cookie);
        assert.deepStrictEqual([...session.keys()], keys);
        for (const [key, each] of expected) assert.deepStrictEqual(session.get(key), each);
      },
    );
    await fc.assert(property, { seed, numRuns: 1000 });
  });
});

describe("the record of values", () => {
  test("is ASCII with one entry a line, whatever the values are", async () => {
    const world = new World();
    const { key } = await world.begun((session) => {
      session.set("ä\n", { "😀": "\u2028é\n" });
      session.set("\u0000t", 1);
    });
    const record = (await world.store.peek(key)) ?? "";
    assert.match(record, /^[\x20-\x7e\n]*$/);
    const lines = '{\n"\\u00e4\\n":{"\\ud83d\\ude00":"\\u2028\\u00e9\\n"},\n"\\u0000\\u0000t":1}';
    assert.equal(record.slice(record.indexOf("{")), lines);
  });

  test("may be of 64 KiB by default, and of more where it is said; the old record stays otherwise", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    for (const text of ["x".repeat(65_536), "é".repeat(11_000)]) {
      const session = await world.loaded(cookie);
      session.set("large", text);
      world.store.taken();
      await assert.rejects(session.commit(), { code: "record-too-large" });
      assert.deepEqual(world.store.taken(), []);
    }
    assert.deepEqual(await world.values(cookie), { a: 1 });
  });

  test("comes back whole at every size", async () => {
    const world = new World({ maxRecordBytes: 1_048_576 });
    for (const length of [10, 16_000, 17_000, 60_000, 100_000, 300_000, 1_000_000, 10]) {
      const text = "x".repeat(length);
      assert.equal(await returned(world, text), text);
    }
    const session = world.sessions.open(request());
    await session.load();
    assert.equal(session.size, 0);
  });
});
