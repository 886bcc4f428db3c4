// Which values are refused, by their path.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runInNewContext } from "node:vm";
import type { SessionError } from "edge-session";
import { World } from "./world.ts";

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
(cycle.inside as unknown[]).push(cycle);

class Point {
  readonly x = 1;
}
class Bare extends (null as unknown as ObjectConstructor) {
  static make(): object {
    return Object.create(Bare.prototype) as object;
  }
}
class List extends Array<number> {}
/** JSON would write what `toJSON` gives, wherever that is. */
const hidden = (value: object) => Object.defineProperty(value, "toJSON", { value: () => "another" });
const inherited = runInNewContext("Object.prototype.toJSON = () => 1; [{ a: 1 }, [1]]") as [object, object];

/** Values, and the path that the message is to name. */
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
  [{ "": { a: 1n } }, "value[...].a"],
  [{ "0a": 1n }, "value[...]"],
  [{ "a\n": 1n }, "value[...]"],
  [{ $a_0: { Z: 1n } }, "value.$a_0.Z"],
  [{ bytes: new Uint8Array(1) }, "value.bytes"],
  [[new Uint8Array(1)], "value[0]"],
  [{ [Symbol("s")]: 1 }, "value"],
  [{ a: { "\ud800": 1 } }, "value.a"],
  [{ a: "\udfff" }, "value.a"],
  [cycle, "value.inside[0]"],
  [hidden({ a: 1 }), "value"],
  [hidden([1]), "value"],
  [{ in: [hidden({})] }, "value.in[0]"],
  [inherited[0], "value"],
  [inherited[1], "value"],
  [{ toJSON: () => 1 }, "value"],
  [runInNewContext("new Date(0)"), "value"],
  [runInNewContext("new Map()"), "value"],
  [runInNewContext("new (class Point {})()"), "value"],
];

describe("a value that would not come back equal", () => {
  test("is refused, and the message names the path", async () => {
    const world = new World();
    for (const [value, path] of refused) {
      const message = await refusal(world, value);
      assert.ok(message.startsWith(`session: ${path} is `), message);
    }
    assert.match(await refusal(world, nested(65)), /more than 64 levels/);
  });

  test("is called what it is, with what to do", async () => {
    const world = new World();
    const said: [value: unknown, message: string][] = [
      [{ at: new Date(0) }, "value.at is a Date, which would not come back equal. Store its toISOString() or getTime()."],
      [runInNewContext("new Date(0)"), "value is a Date, which would not come back equal. Store its toISOString() or getTime()."],
      [new Map(), "value is a Map, which would not come back equal. Store an array of its entries."],
      [[new Set()], "value[0] is a Set, which would not come back equal. Store an array of its entries."],
      [{ bytes: new Uint8Array(1) }, "value.bytes is a Uint8Array, which would not come back equal. Store it as a value of its own, or as base64."],
      [Promise.resolve(1), "value is an object of a class, which would not come back equal. Store plain data."],
      [new Point(), "value is an object of a class, which would not come back equal. Store plain data."],
      [new List(1), "value is an object of a class, which would not come back equal. Store plain data."],
      [hidden({}), "value is an object with toJSON, which would not come back equal. Store what that gives."],
      [() => 1, "value is a function, which would not come back equal. Store plain data."],
      [1n, "value is a bigint, which would not come back equal. Store it as text."],
      [Number.NaN, "value is a number that is not finite, which would not come back equal. Store null."],
      [undefined, "value is undefined, which would not come back equal. Store null, or use delete."],
      [[undefined], "value[0] is undefined, which would not come back equal. Store null, or use delete."],
      ["\ud800", "value is text with a lone surrogate, which would not come back equal. Store its toWellFormed()."],
    ];
    for (const [value, message] of said) assert.equal(await refusal(world, value), `session: ${message}`);
    const named = { [Symbol.toStringTag]: "canary", __proto__: Point.prototype };
    assert.doesNotMatch(await refusal(world, named), /canary/);
    const throwing = Object.defineProperty(new Point(), Symbol.toStringTag, {
      get: () => {
        throw new Error("canary");
      },
    });
    assert.match(await refusal(world, throwing), /value is an object/);
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
    assert.throws(() => session.update("key", () => undefined), /is undefined, .* or use delete\.$/);
  });

  test("as a key is refused", async () => {
    const session = await new World().loaded(undefined);
    assert.throws(() => session.set("\ud800", 1), { code: "value-not-serializable" });
    assert.throws(() => session.get("\ud800"), { code: "value-not-serializable" });
    assert.throws(() => session.set(7 as unknown as string, 1), { code: "value-not-serializable" });
  });
});
