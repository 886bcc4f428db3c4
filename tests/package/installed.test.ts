// What users install: its files, and that it runs as it must.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { Visitor } from "../jar.ts";
import { serve, wrangler } from "../runtimes/serve.ts";
import { startRedis, startUpstash } from "../servers.ts";
import { type Installed, installPackage, output, ROOT, systemNode } from "./installed.ts";

/** Sets a value, commits, and reads it in the next request, as a server on Node would. */
const PROGRAM = `
import { createSessions, memoryStore, SessionError } from "edge-session";

const sessions = createSessions({ secrets: ["s".repeat(32)], store: memoryStore() });
const first = sessions.open(new Request("https://shop.example/"));
await first.load();
first.set("cart", ["bread"]);
await first.commit();
const [line] = first.setCookieHeaders();
const second = sessions.open(new Request("https://shop.example/", { headers: { Cookie: line.split(";")[0] } }));
await second.load();
let refused = "";
try {
  createSessions({ secrets: [], store: memoryStore() });
} catch (error) {
  refused = error instanceof SessionError ? error.code : "";
}
console.log(JSON.stringify({ version: process.versions.node.split(".")[0], cart: second.get("cart"), length: line.split(/[=;]/)[1].length, refused }));
`;

const CONSUMER = `
import { createSessions, memoryStore, type Session, SessionError, type SessionErrorCode, type Store } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";
import { webdisStore } from "edge-session/stores/webdis";
import module from "edge-session/wasm-inline";

const stores: Store[] = [memoryStore(), upstashStore({ url: "https://x.example", token: "t" }), webdisStore({ url: "https://x.example" })];
const sessions = createSessions<{ visits: number }>({ secrets: ["s".repeat(32)], store: stores[0] ?? memoryStore() });
const session: Session<{ visits: number }> = sessions.open(new Request("https://shop.example/"));
session.update("visits", (visits = 0) => visits + 1);
const code: SessionErrorCode = new SessionError("conflict", "x").code;
// @ts-expect-error unknown key
session.get("visit");
// @ts-expect-error a Date does not come back
createSessions<{ at: Date }>({ secrets: [], store: memoryStore() });
export const all: unknown[] = [code, module];
`;

describe("the packed package", () => {
  let installed: Installed;

  before(async () => {
    installed = await installPackage();
  });
  after(() => installed.remove());

  test("holds what is built, the licences and the papers, and nothing else", () => {
    const beside = installed.files.filter((path) => !path.startsWith("dist/"));
    assert.deepEqual(beside.toSorted(), ["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "package.json"]);
    const kinds = new Set(installed.files.filter((path) => path.startsWith("dist/")).map((path) => /\.(d\.ts|[a-z]+)$/.exec(path)?.[1]));
    assert.deepEqual([...kinds].toSorted(), ["d.ts", "js", "wasm"]);
    assert.equal(installed.files.filter((path) => path.endsWith(".wasm")).length, 1);
  });

  test("brings no other package", () => {
    const there = readdirSync(join(installed.folder, "node_modules")).filter((name) => !name.startsWith("."));
    assert.deepEqual(there, ["edge-session"]);
  });

  test("keeps a session under the Node that the project brings", async () => {
    const said: unknown = JSON.parse(await output(process.execPath, [installed.write("program.mjs", PROGRAM)], installed.folder));
    assert.deepEqual(said, { version: "24", cart: ["bread"], length: 96, refused: "invalid-options" });
  });

  test("keeps a session under the Node that the machine has, 20 or later", async () => {
    const said = JSON.parse(await output(systemNode(), [installed.write("program.mjs", PROGRAM)], installed.folder)) as { version: string };
    assert.ok(Number(said.version) >= 20);
    assert.deepEqual(said, { version: said.version, cart: ["bread"], length: 96, refused: "invalid-options" });
  });

  test("keeps a session in Redis under wrangler, by the README's first worker", async (context) => {
    const worker = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, "README.md"), "utf8"))?.[1] ?? assert.fail("no worker");
    const token = randomBytes(32).toString("base64url");
    const redis = await startRedis();
    context.after(redis.stop);
    const front = await startUpstash({ redisPort: redis.port, token });
    context.after(front.stop);
    installed.write("worker.ts", worker);
    installed.write("wrangler.toml", 'name = "shop"\nmain = "worker.ts"\ncompatibility_date = "2026-11-01"\n');
    installed.write("variables", `SESSION_SECRET="${randomBytes(32).toString("base64url")}"\nREDIS_URL="${front.url}"\nREDIS_TOKEN="${token}"\n`);
    const quiet = { CI: "1", WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_HIDE_BANNER: "true" };
    const command = wrangler(join(ROOT, "node_modules/.bin/wrangler"), "--env-file", "variables");
    const serving = await serve(
      { path: installed.folder, env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}`, ...quiet } },
      command,
    );
    context.after(serving.stop);
    const visitor = new Visitor(serving.url);
    assert.deepEqual(await (await visitor.get("/")).json(), { visits: 1 });
    assert.deepEqual(await (await visitor.get("/")).json(), { visits: 2 });
  });

  for (const types of ["node", "@cloudflare/workers-types"]) {
    test(`has types that hold beside those of ${types}`, async () => {
      const file = installed.write("consumer.ts", CONSUMER);
      const options =
        "--noEmit --strict --exactOptionalPropertyTypes --noUncheckedIndexedAccess --target es2022 --module esnext --moduleResolution bundler";
      const args = [...options.split(" "), "--lib", "es2024", "--types", join(ROOT, "node_modules", types === "node" ? "@types/node" : types), file];
      assert.equal(await output(join(ROOT, "node_modules/.bin/tsc"), args, installed.folder), "");
    });
  }

  test("gives publint nothing to say", async () => {
    const { messages, pkg } = await publint({ pkgDir: ROOT, strict: true });
    assert.deepEqual(
      messages.map((message) => formatMessage(message, pkg)),
      [],
    );
  });

  test("gives attw nothing to say", async () => {
    const args = [installed.tarball, "--profile", "esm-only", "--no-definitely-typed", "--quiet"];
    assert.equal(await output(join(ROOT, "node_modules/.bin/attw"), args, ROOT), "");
  });
});
