// The generated glue takes a fresh instance, or is refused.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

const ROOT = join(import.meta.dirname, "..");
const { patchGlue }: { patchGlue(glue: string): string } = await import(join(ROOT, "tools/glue.mjs"));
const generated = readFileSync(join(ROOT, "build/pkg/edge_session.js"), "utf8");

interface Scratch {
  reserve(length: number): number;
}
interface Glue {
  instantiate(module: object): { readonly memory: { readonly buffer: ArrayBuffer } };
  draw(scratch: Scratch): void;
  readonly Scratch: new () => Scratch;
}

const glue: Glue = await import(join(ROOT, "dist/edge_session.js"));
const { default: module }: { default: object } = await import(join(ROOT, "dist/wasm-inline.js"));

describe("the glue", () => {
  test("works on the latest of two instances", () => {
    const [first, second] = [glue.instantiate(module), glue.instantiate(module)];
    const scratch = new glue.Scratch();
    const address = scratch.reserve(22);
    glue.draw(scratch);
    const [inFirst, inSecond] = [first, second].map(({ memory }) =>
      Buffer.from(memory.buffer)
        .subarray(address, address + 22)
        .toString(),
    );
    assert.match(inSecond ?? "", /^[\w-]{22}$/);
    assert.doesNotMatch(inFirst ?? "", /[\w-]/);
  });

  test("holds nothing that a bundler would follow, and no finalizer", () => {
    assert.doesNotMatch(readFileSync(join(ROOT, "dist/edge_session.js"), "utf8"), /import\.meta|new URL|fetch\(|FinalizationRegistry/);
  });

  const changes: Record<string, [string, string]> = {
    "another way to load": ["function __wbg_finalize_init(instance, module)", "function __wbg_finalize_init(instance)"],
    "another finalizer": [".unregister(this)", ".unregister(this); new FinalizationRegistry(() => {})"],
    "a cache that outlives its instance": ["let wasmModule,", "let cachedOther = null;\nlet wasmModule,"],
    "a variable that nobody knows": ["let wasmModule,", "let heap = [];\nlet wasmModule,"],
    "an address of its own": ["function getArrayU8FromWasm0", "const at = import.meta.url;\nfunction getArrayU8FromWasm0"],
  };
  for (const [change, [from, to]] of Object.entries(changes)) {
    test(`is refused by the build with ${change}`, () => {
      assert.ok(generated.includes(from));
      assert.throws(() => patchGlue(generated.replace(from, to)), /glue has changed/);
    });
  }
});
