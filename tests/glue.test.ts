// The glue gives numbers and nothing else, or is refused.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

const ROOT = join(import.meta.dirname, "..");
const { patchGlue }: { patchGlue(glue: string): string } = await import(join(ROOT, "tools/glue.mjs"));
const generated = readFileSync(join(ROOT, "build/pkg/edge_session.js"), "utf8");
const written = readFileSync(join(ROOT, "dist/edge_session.js"), "utf8");

interface Exports {
  readonly memory: WebAssembly.Memory;
  instance_new(): number;
  instance_reserve(instance: number, length: number): number;
  instance_draw(instance: number): number;
}

const { instantiate }: { instantiate(module: object): Exports } = await import(join(ROOT, "dist/edge_session.js"));
const { default: module }: { default: WebAssembly.Module } = await import(join(ROOT, "dist/wasm-inline.js"));

/** Draws an id in an instance, and gives it. */
function drawn(exports: Exports): string {
  const instance = exports.instance_new();
  const address = exports.instance_reserve(instance, 22);
  assert.equal(exports.instance_draw(instance), 0);
  return Buffer.from(exports.memory.buffer, address, 22).toString();
}

describe("the glue", () => {
  test("keeps two instances apart, whichever came last", () => {
    const [first, second] = [instantiate(module), instantiate(module)];
    const ids = [drawn(first), drawn(second), drawn(first)];
    for (const id of ids) assert.match(id, /^[\w-]{22}$/);
    assert.equal(new Set(ids).size, 3);
  });

  test("tells the core that there is no randomness, and what was thrown stays outside", (context) => {
    const exports = instantiate(module);
    const instance = exports.instance_new();
    exports.instance_reserve(instance, 0);
    const platform = context.mock.method(crypto, "getRandomValues", () => {
      throw new Error("no entropy");
    });
    assert.equal(exports.instance_draw(instance), -1);
    platform.mock.restore();
    assert.equal(exports.instance_draw(instance), 0);
  });

  test("holds nothing that a bundler would follow, and nothing between calls", () => {
    assert.doesNotMatch(written, /import\.meta|new URL|fetch\(|FinalizationRegistry|^(let|const|var|class) /m);
  });

  test("is all that the module asks for, and the module has no more than is called", () => {
    const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);
    assert.deepEqual(
      names(WebAssembly.Module.imports(module)),
      [...written.matchAll(/^ +(__wbg_\w+)\(/gm)].map(([, name]) => name),
    );
    const types = readFileSync(join(ROOT, "dist/edge_session.d.ts"), "utf8");
    const typed = [...types.matchAll(/^ {4}(instance_\w+)\(/gm)].map(([, name]) => name);
    const stored = /exports\.(__\w+)\(/.exec(written)?.[1];
    assert.ok(typed.length > 10);
    assert.deepEqual(names(WebAssembly.Module.exports(module)).sort(), ["memory", ...typed, stored].sort());
  });

  const changes: Record<string, [string, string]> = {
    "a call that throws": ["const ret = wasm.instance_draw(this.__wbg_ptr);", "const ret = taken(wasm.instance_draw(this.__wbg_ptr));"],
    "a call that passes more": ["wasm.instance_is_id(this.__wbg_ptr, length)", "wasm.instance_is_id(this.__wbg_ptr, length, 0)"],
    "another beginning": ["wasm.instance_new()", "wasm.instance_new(0)"],
    "a field": ["    free() {", "    at = 0;\n    free() {"],
    "a function beside the object": ["export class Instance", "export function other() {}\nexport class Instance"],
    "another import": ["        __wbindgen_init_externref_table:", "        __wbg_now: Date.now,\n        __wbindgen_init_externref_table:"],
    "another source of randomness": ["globalThis.crypto.getRandomValues", "globalThis.crypto.getValues"],
    "no place for what was thrown": ["table.set(0, undefined);", "table.set(0, null);"],
    "another way with what was thrown": ["addToExternrefTable0(e)", "addHeapObject(e)"],
  };
  for (const [change, [from, to]] of Object.entries(changes)) {
    test(`is refused by the build with ${change}`, () => {
      assert.ok(generated.includes(from));
      assert.throws(() => patchGlue(generated.replace(from, to)), /glue has changed/);
    });
  }
});
