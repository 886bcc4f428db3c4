// The README's sizes are what a worker downloads.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { download, wasmBytes } from "../package/bundles.ts";
import { readProjectFile } from "./markdown.ts";

/** What "about" allows. */
const TOLERANCE = 0.03;

function isAbout(said: number, bytes: number): boolean {
  return Math.abs(bytes / 1000 - said) <= said * TOLERANCE;
}

describe("a worker", () => {
  const [, whole, wasm] =
    /downloads about (\d+) kB \(gzip\) for `edge-session` with one Redis store, (\d+) kB of it WebAssembly/.exec(readProjectFile("README.md")) ?? [];

  for (const store of ["upstash", "webdis"]) {
    test(`with ${store} downloads about what the README says`, async () => {
      const bytes = (await download({ "edge-session": "createSessions", [`edge-session/stores/${store}`]: `${store}Store` })).whole;
      assert.ok(isAbout(Number(whole), bytes), `${bytes} bytes are not about ${whole} kB`);
    });
  }

  test("has about as much WebAssembly as the README says, in both places", () => {
    assert.ok(isAbout(Number(wasm), wasmBytes()), `${wasmBytes()} bytes are not about ${wasm} kB`);
    assert.ok(readProjectFile("README.md").includes(`It costs ${wasm} of ${whole} kB`));
  });
});
