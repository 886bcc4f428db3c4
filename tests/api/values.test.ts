// Which values are refused, and that all others come back equal.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import type { SessionError } from "edge-session";
import { seedFor } from "./seeds.ts";
import { request, World } from "./world.ts";

/** Gives a value back after it was stored and read by another request. */
async function returned(world: World, value: unknown, key = "key"): Promise<unknown> {
  const { cookie } = await world.begun((session) => session.set(key, value));
  return (await world.loaded(cookie)).get(key);
}

/** Gives the message that `set` refuses a value with. */
async function refusal(world: World, value: unknown): Promise<string> {
  const session = await world.loaded(undefined);
  try {
    session.set("key", value);
  } catch (error) {
    assert.equal((error as SessionError).code, "value-not-serializable");
    assert.equal(session.has("key"), false);
    assert.equal(session.id, undefined);
    return (error as Error).message;
  }
  assert.fail("it was not refused");
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { in: value };
  return value;
}

const cycle: Record<string, unknown> = { inside: [] };
(cycle["inside"] as unknown[]).push(cycle);

class Point {
  readonly x = 1;
}
class Bare extends (null as unknown as ObjectConstructor) {
  static make(): object {
    return Object.create(Bare.prototype) as object;
  }
}
class List extends Array<number> {}

describe("a value that would not come back equal", () => {
  test("is refused, and the message names the path", async () => {
    const world = new World();
    const refused: [value: unknown, path: string][] = [
      [undefined, "value"],
      [() => 1, "value"],
      [Symbol("s"), "value"],
      [1n, "value"],
      [Number.NaN, "value"],
      [Number.POSITIVE_INFINITY, "value"],
      [Number.NEGATIVE_INFINITY, "value"],
      [new Date(0), "value"],
      [new Map(), "value"],
      [new Set(), "value"],
      [/x/, "value"],
      [new Error("x"), "value"],
      [new URL("https://a.example"), "value"],
      [Promise.resolve(), "value"],
      [new Uint16Array(1), "value"],
      [new ArrayBuffer(1), "value"],
      [new DataView(new ArrayBuffer(1)), "value"],
      [new Point(), "value"],
      [Bare.make(), "value"],
      [new List(1, 2), "value"],
      [Object.create({ x: 1 }), "value"],
      [Object.create(Object.create(null)), "value"],
      [new String("x"), "value"],
      [new Number(1), "value"],
      [new Boolean(true), "value"],
      ["\ud800", "value"],
      ["a\udc00b", "value"],
      [[1, undefined], "value[1]"],
      // biome-ignore lint/suspicious/noSparseArray: that is what is refused.
      [[, 1], "value"],
      [Object.assign([1], { name: 1 }), "value"],
      // biome-ignore lint/suspicious/noSparseArray: a name makes up for the hole in the count.
      [Object.assign([, 1], { name: 1 }), "value[0]"],
      [{ a: { b: [0, { c: Number.NaN }] } }, "value.a.b[1].c"],
      [{ a: [new Date(0)] }, "value.a[0]"],
      [{ "not a name": 1n }, "value[...]"],
      [{ bytes: new Uint8Array(1) }, "value.bytes"],
      [[new Uint8Array(1)], "value[0]"],
      [{ [Symbol("s")]: 1 }, "value"],
      [{ a: { "\ud800": 1 } }, "value.a"],
      [{ a: "\udfff" }, "value.a"],
      [cycle, "value.inside[0]"],
      [runInNewContext("new Date(0)"), "value"],
      [runInNewContext("new Map()"), "value"],
      [runInNewContext("new (class Point {})()"), "value"],
    ];
    for (const [value, path] of refused) {
      const message = await refusal(world, value);
      assert.ok(message.startsWith(`session: ${path} is `), message);
    }
    assert.match(await refusal(world, nested(65)), /more than 64 levels/);
  });

  test("is not shown by the message, nor are the names on its path that could be one", async () => {
    const world = new World();
    for (const value of [{ "canary 7c1f": Number.NaN }, ["canary-7c1f\ud800"], { a: new Map([["canary-7c1f", 1]]) }]) {
      assert.doesNotMatch(await refusal(world, value), /7c1f/);
    }
  });

  test("as what update gives is refused too, and the old value stays", async () => {
    const world = new World();
    const session = await world.loaded(undefined);
    session.set("key", 1);
    for (const value of [undefined, Number.NaN, [undefined], new Date(0)]) {
      assert.throws(() => session.update("key", () => value), { code: "value-not-serializable" });
      assert.equal(session.get("key"), 1);
    }
  });

  test("as a key is refused", async () => {
    const session = await new World().loaded(undefined);
    assert.throws(() => session.set("\ud800", 1), { code: "value-not-serializable" });
    assert.throws(() => session.get("\ud800"), { code: "value-not-serializable" });
    assert.throws(() => session.set(7 as unknown as string, 1), { code: "value-not-serializable" });
  });
});

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
      "line\nbreak\r\n\ttab\u0007\\\"/",
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
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constant(null),
        fc.boolean(),
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
        text,
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(text, tie("value"), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    const property = fc.asyncProperty(fc.uniqueArray(text, { minLength: 1, maxLength: 5 }), fc.array(value, { minLength: 5, maxLength: 5 }), async (keys, values) => {
      const expected = new Map(keys.map((key, index) => [key, values[index]]));
      const { cookie } = await world.begun((session) => {
        for (const [key, each] of expected) session.set(key, each);
      });
      const session = await world.loaded(cookie);
      assert.deepStrictEqual([...session.keys()], keys);
      for (const [key, each] of expected) assert.deepStrictEqual(session.get(key), each);
    });
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
