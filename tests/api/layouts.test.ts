// Records that somebody edited by hand are read and rewritten.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { dice, seedFor } from "./seeds.ts";
import { type Begun, World } from "./world.ts";

const values = { name: "Ünï 😀", list: [1, { deep: [true, null] }], 'key " \n é': -1.5, empty: {}, text: 'a\\"b,}\n{"x":1}', 1: "one" };

/** Puts values in the layout of `text` into a session's record. */
async function edited(world: World, begun: Begun, text: string): Promise<void> {
  const record = (await world.store.peek(begun.key)) ?? "";
  await world.store.write(begun.key, record.slice(0, record.indexOf("{")) + text);
}

/** Reads, changes and commits a record in some layout; everything must be as JSON says, and one entry a line after it. */
async function accepted(world: World, begun: Begun, text: string): Promise<void> {
  const expected = JSON.parse(text) as Record<string, unknown>;
  await edited(world, begun, text);
  const session = await world.loaded(begun.cookie);
  assert.deepEqual([...session.keys()].sort(), Object.keys(expected).sort(), text);
  assert.equal(session.size, Object.keys(expected).length);
  for (const key of ["added", "x", "deep", "y"]) assert.equal(session.has(key), Object.hasOwn(expected, key), text);
  for (const [key, value] of Object.entries(expected)) assert.deepStrictEqual(session.get(key), value, text);
  session.set("added", 1);
  await session.commit();
  const record = (await world.store.peek(begun.key)) ?? "";
  const stored = record.slice(record.indexOf("{"));
  assert.match(stored, /^\{\n"[\x20-\x7f\n]*\}$/);
  const after = { ...expected, added: 1 };
  assert.deepStrictEqual(JSON.parse(stored), after);
  assert.equal(stored.split("\n").length, 1 + Object.keys(after).length);
}

test("pretty-printed with 0, 2 or 4 spaces, with tabs, on one line, and with a newline at the end", async () => {
  const world = new World();
  const begun = await world.begun();
  for (const indent of [undefined, 0, 2, 4, "\t"]) {
    for (const end of ["", "\n", "\r\n"]) await accepted(world, begun, JSON.stringify(values, null, indent) + end);
  }
  await accepted(world, begun, JSON.stringify({ a: 1 }).replaceAll(":", " : "));
  await accepted(world, begun, " {} ");
});

test("with CRLF, and with our lines but spaces between", async () => {
  const world = new World();
  const begun = await world.begun();
  await accepted(world, begun, JSON.stringify(values, null, 2).replaceAll("\n", "\r\n"));
  for (const text of [
    '{\r\n"a":1,\r\n"b":2}',
    '{\n"a": 1,\n"b": 2}',
    '{\n"a":1,\n"b":2\n}',
    '{\n "a":1,\n "b":2}',
    '{\n"a" :1}',
    '{\n"a":1 }',
    '{\n\n"a":1}',
  ]) {
    await accepted(world, begun, text);
  }
});

test("with two entries on one line, which hides neither", async () => {
  const world = new World();
  const begun = await world.begun();
  const lines = [
    '{\n"a":1,"b":2}',
    '{\n"a":"1","b":"2"}',
    '{\n"a":{},"b":{}}',
    '{\n"a":[],"b":[]}',
    '{\n"a":1,"b":"x",\n"c":2}',
    '{\n"a":true,"b":null,\n"c":{},"d":{}}',
  ];
  for (const text of lines) await accepted(world, begun, text);
});

test("with one value over several lines, whose insides are no entries", async () => {
  const world = new World();
  const begun = await world.begun();
  const lines = [
    '{\n"a":{"x":{},\n"y":{}}}',
    '{\n"a":{"x":{},\n"y":{}},"b":{}}',
    '{\n"a":[1,\n2],\n"b":[]}',
    '{\n"a":{\n"x":1\n}}',
    '{\n"a":["x",\n"y"]}',
  ];
  for (const text of lines) await accepted(world, begun, text);
});

test("whose value over several lines is asked for first, before anything looked at the others", async () => {
  const world = new World();
  const begun = await world.begun();
  for (const text of ['{\n"a":{\n"x":1},\n"b":2}', '{\n"b":2,\n"a":[\n1,\n2]}', '{\n"a":{\n  "x": 1\n},\n"b":2 }', '{\n"a":1,"b":2}']) {
    const { a } = JSON.parse(text) as { a: unknown };
    await edited(world, begun, text);
    assert.deepStrictEqual((await world.loaded(begun.cookie)).get("a"), a, text);
    const session = await world.loaded(begun.cookie);
    session.update("a", (found) => [found]);
    await session.commit();
    assert.deepStrictEqual(await world.values(begun.cookie), { a: [a], b: 2 }, text);
  }
});

test("with raw UTF-8 in values and keys", async () => {
  const world = new World();
  const begun = await world.begun();
  await accepted(world, begun, '{\n"name":"Ünï 😀"}');
  await accepted(world, begun, '{\n"Ünï 😀":"x",\n"\u2028":1}');
  await accepted(world, begun, '{\n"a":"\u007f\u2029é"}');
});

test("with escapes that we write otherwise", async () => {
  const world = new World();
  const begun = await world.begun();
  await accepted(world, begun, '{\n"\\u0061dd":"\\u0041\\/\\u00E9"}');
  await accepted(world, begun, '{\n"\\u00E9":1,\n"\\/":2,\n"\\u000a":3}');
  await accepted(world, begun, '{\n"\\ud83d\\uDE00":"\\u2028"}');
});

test("in any layout that JSON allows", async (t) => {
  const seed = seedFor(t);
  const world = new World();
  const begun = await world.begun();
  const key = fc.oneof(fc.string({ unit: "binary", maxLength: 4 }), fc.constantFrom("x", "y", "added", "deep", "a\\", '"'));
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom(null, true, 7, "x", "y", "},{", '\\"', ""),
      fc.array(tie("value"), { maxLength: 3 }),
      object(tie("value")),
    ),
  }));
  function object(inside: fc.Arbitrary<unknown>): fc.Arbitrary<Record<string, unknown>> {
    return fc.dictionary(
      key.filter((each) => !each.startsWith("\u0000") && each.isWellFormed()),
      inside,
      { maxKeys: 3, noNullPrototype: true },
    );
  }
  const property = fc.asyncProperty(object(value), fc.nat(), async (each, layout) => accepted(world, begun, laidOut(each, dice(layout))));
  await fc.assert(property, { seed, numRuns: 2000 });
});

/** Writes a value with whatever white space JSON allows between its tokens. */
function laidOut(value: unknown, roll: (limit: number) => number): string {
  const gap = () => ["", "", "", "\n", " ", "\r\n", "\t"][roll(7)] ?? "";
  const write = (each: unknown): string => {
    if (Array.isArray(each)) return `[${gap()}${each.map(write).join(`${gap()},${gap()}`)}${gap()}]`;
    if (typeof each !== "object" || each === null) return JSON.stringify(each);
    const entries = Object.entries(each).map(([key, inside]) => `${JSON.stringify(key)}${gap()}:${gap()}${write(inside)}`);
    return `{${gap()}${entries.join(`${gap()},${gap()}`)}${gap()}}`;
  };
  return write(value);
}
