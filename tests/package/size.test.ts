// What a worker downloads stays as small as it is.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { download, wasmBytes } from "./bundles.ts";

/** Bytes after gzip, about 2 % above what they are. Whoever raises one says in the change what it buys. */
const MOST = {
  wasm: 36_300,
  "glue and API": 20_700,
  "upstashStore alone": 4_600,
  "webdisStore alone": 5_120,
  "memoryStore alone": 1_140,
  "worker with upstashStore": 60_400,
  "worker with webdisStore": 60_800,
  "worker with memoryStore": 57_200,
  "worker with cookieStore": 57_200,
  "SessionError alone": 140,
  "hono middleware": 450,
};

/** Fails where it is more than it may be, and where it is so much less that the table should say so. */
function bounds(what: keyof typeof MOST, bytes: number): void {
  console.log(`${what}: ${bytes} bytes`);
  assert.ok(bytes <= MOST[what], `${bytes} bytes are more than ${MOST[what]}`);
  assert.ok(bytes >= MOST[what] * 0.9, `${bytes} bytes are much less than ${MOST[what]}: lower that`);
}

describe("after gzip", () => {
  test("the wasm stays small", () => bounds("wasm", wasmBytes()));

  const scripts: [keyof typeof MOST, Record<string, string>][] = [
    ["upstashStore alone", { "edge-session/stores/upstash": "upstashStore" }],
    ["webdisStore alone", { "edge-session/stores/webdis": "webdisStore" }],
    ["memoryStore alone", { "edge-session": "memoryStore" }],
    ["SessionError alone", { "edge-session": "SessionError" }],
    ["hono middleware", { "edge-session/hono": "session" }],
  ];
  for (const [what, exports] of scripts) {
    test(`${what} stays small, and brings no wasm`, async () => {
      const { script, wasm } = await download(exports);
      assert.equal(wasm, 0);
      bounds(what, script);
    });
  }

  test("glue and API stay small", async () => {
    bounds("glue and API", (await download({ "edge-session": "createSessions" })).script);
  });

  const workers: [keyof typeof MOST, Record<string, string>][] = [
    ["worker with upstashStore", { "edge-session": "createSessions", "edge-session/stores/upstash": "upstashStore" }],
    ["worker with webdisStore", { "edge-session": "createSessions", "edge-session/stores/webdis": "webdisStore" }],
    ["worker with memoryStore", { "edge-session": "createSessions, memoryStore" }],
    ["worker with cookieStore", { "edge-session": "createSessions, cookieStore" }],
  ];
  for (const [what, exports] of workers) {
    test(`a ${what} stays small, wasm included`, async () => {
      const { wasm, whole } = await download(exports);
      assert.ok(wasm > 0);
      bounds(what, whole);
    });
  }
});
