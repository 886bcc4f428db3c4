// The README's sizes are what a worker downloads.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { ROOT, readProjectFile } from "./markdown.ts";

/** What "about" allows. */
const TOLERANCE = 0.08;

/** The gzipped size of a worker with one store, without its wasm. */
async function scriptBytes(store: string): Promise<number> {
  const result = await build({
    stdin: {
      contents: `import { createSessions } from "edge-session"; import * as store from "edge-session/stores/${store}"; globalThis.all = [createSessions, store];`,
      resolveDir: ROOT,
    },
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    conditions: ["workerd"],
    external: ["*.wasm?module"],
  });
  return gzipSync(result.outputFiles[0]?.contents ?? "", { level: 9 }).length;
}

function isAbout(said: number, bytes: number): boolean {
  return Math.abs(bytes / 1000 - said) <= said * TOLERANCE;
}

describe("a worker", () => {
  const [, whole, wasm] =
    /downloads about (\d+) kB \(gzip\) for `edge-session` with one Redis store, (\d+) kB of it WebAssembly/.exec(readProjectFile("README.md")) ?? [];
  const wasmBytes = gzipSync(readFileSync(join(ROOT, "dist/edge_session_bg.wasm")), { level: 9 }).length;

  for (const store of ["upstash", "webdis"]) {
    test(`with ${store} downloads about what the README says`, async () => {
      const bytes = wasmBytes + (await scriptBytes(store));
      assert.ok(isAbout(Number(whole), bytes), `${bytes} bytes are not about ${whole} kB`);
    });
  }

  test("has about as much WebAssembly as the README says, in both places", () => {
    assert.ok(isAbout(Number(wasm), wasmBytes), `${wasmBytes} bytes are not about ${wasm} kB`);
    assert.ok(readProjectFile("README.md").includes(`It costs ${wasm} of ${whole} kB`));
  });
});
