// The README's commands and settings work as it says.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createSessions, type Store } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";
import { webdisStore } from "edge-session/stores/webdis";
import { connectRedis, type RedisClient } from "../redis-client.ts";
import { type Server, startRedis, startWebdis } from "../servers.ts";
import { startWorker } from "../workerd/harness.ts";
import { blocksOf, readProjectFile } from "./markdown.ts";
import { run } from "./typescript.ts";

const readme = readProjectFile("README.md");
const scripts = (JSON.parse(readProjectFile("package.json")) as { name: string; scripts: Record<string, string> }).scripts;

function blockOf(language: string): string {
  const [block, ...others] = blocksOf(readme).filter((each) => each.language === language);
  assert.ok(block && others.length === 0, `there is one block of ${language}`);
  return block.text;
}

/** The commands of a transcript, each with the lines that it shows. */
function transcriptOf(text: string): { command: string; shown: string[] }[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = "", ...shown] = part.trimEnd().split("\n");
      return { command, shown };
    });
}

/** Lines that differ from run to run, made alike. */
function alike(line: string): string {
  return line.trimEnd().replace(/__Host-session=[\w-]{96};/, "__Host-session=<96 characters>;");
}

describe("the transcript", () => {
  test("is what the demo answers to curl", async () => {
    const worker = await startWorker({ entry: "demo/worker.ts", bindings: { SESSION_SECRET: randomBytes(32).toString("base64url") } });
    const folder = mkdtempSync(join(tmpdir(), "edge-session-docs-"));
    try {
      const transcript = transcriptOf(blockOf("console"));
      assert.equal(transcript.length, 2);
      for (const { command, shown } of transcript) {
        const { code, output } = await run("bash", ["-c", command.replace("http://127.0.0.1:8787", worker.url)], { cwd: folder });
        assert.equal(code, 0, output);
        const lines = output.split("\n").map(alike);
        for (const line of shown.map(alike)) assert.ok(lines.includes(line), `${line} is not in\n${lines.join("\n")}`);
        assert.equal(
          output.includes("Set-Cookie"),
          shown.some((line) => line.startsWith("Set-Cookie")),
        );
      }
    } finally {
      rmSync(folder, { recursive: true });
      await worker.stop();
    }
  });
});

describe("the commands", () => {
  for (const file of ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"]) {
    test(`that ${file} names are the package's`, () => {
      const named = [...readProjectFile(file).matchAll(/\bnpm (start|test|run (\w+)|install (\S+))/g)];
      for (const [, command = "", script, installed] of named) {
        if (installed !== undefined) assert.equal(installed, "edge-session");
        else assert.ok(Object.hasOwn(scripts, script ?? command), command);
      }
    });
  }

  test("know each store that the README offers", () => {
    const offered = [...readme.matchAll(/--store (\w+)/g)].map(([, store]) => store);
    assert.equal(offered.length, 2);
    const known = /const STORES = (\[.*\]);/.exec(readProjectFile("tools/start.mjs"))?.[1] ?? "";
    for (const store of offered) assert.ok(known.includes(`"${store}"`), store);
  });
});

describe("what Redis must allow", () => {
  let server: Server;
  let redis: RedisClient;

  before(async () => {
    server = await startRedis();
    redis = await connectRedis(server.port);
  });
  after(async () => {
    redis.close();
    await server.stop();
  });

  test("is what the README's acl of Webdis lets through, from its user only", async () => {
    const { acl } = JSON.parse(blockOf("json")) as { acl: unknown[] };
    const webdis = await startWebdis({ redisPort: server.port, acl });
    try {
      await wholeLife(webdisStore({ url: webdis.url, username: "edge", password: "PASSWORD" }));
      await assert.rejects(webdisStore({ url: webdis.url }).load("a", 60, { signal: new AbortController().signal }), { code: "store-auth" });
    } finally {
      await webdis.stop();
    }
  });

  test("is enough for the user that the README makes, and for nothing more", async () => {
    await redis.send(...blockOf("redis").trim().split(" "));
    const user = await connectRedis(server.port);
    try {
      assert.equal(await user.send("AUTH", "edge", "PASSWORD"), "OK");
      await wholeLife(overRedis(user));
      await assert.rejects(user.send("GET", "other"), /NOPERM/);
      await assert.rejects(user.send("KEYS", "*"), /NOPERM/);
      await assert.rejects(user.send("FLUSHALL"), /NOPERM/);
    } finally {
      user.close();
    }
  });
});

/** The Upstash store, its commands sent to Redis itself. */
function overRedis(user: RedisClient): Store {
  const platformFetch = globalThis.fetch;
  const store = upstashStore({ url: "https://redis.example", token: "token", retryTimeoutMs: 0 });
  globalThis.fetch = async (_url, init) => {
    const result = await user.send(...(JSON.parse(String(init?.body)) as string[]));
    return Response.json({ result });
  };
  after(() => {
    globalThis.fetch = platformFetch;
  });
  return store;
}

/** Begins, reads, changes, renews, moves and ends a session. */
async function wholeLife(store: Store): Promise<void> {
  const sessions = createSessions<{ visits: number }>({ secrets: [randomBytes(32)], store, concurrency: "exclusive", onEvent: () => {} });
  let cookie = "";
  const visit = async (act: (session: ReturnType<typeof sessions.open>) => unknown) => {
    const request = new Request("https://app.example/", { headers: { cookie } });
    const answer = await sessions.handle(request, undefined, async (session) => Response.json((await act(session)) ?? null));
    const [line] = answer.headers.getSetCookie();
    cookie = line?.split(";")[0] ?? cookie;
    return answer.json();
  };
  const count = async (session: ReturnType<typeof sessions.open>) => {
    await session.load();
    session.update("visits", (visits = 0) => visits + 1);
    return session.get("visits");
  };
  assert.equal(await visit(count), 1);
  await visit(() => {});
  const moved = (session: ReturnType<typeof sessions.open>) => count(session).finally(() => session.regenerateId());
  assert.equal(await visit(moved), 2);
  assert.equal(await visit(count), 3);
  await visit((session) => session.destroy());
  await sessions.cache.set("key", 1, { slidingExpirationSeconds: 60 });
  assert.equal(await sessions.cache.get("key"), 1);
  await sessions.cache.remove("key");
  await store.remove(`{edge-session_${"A".repeat(22)}}_Data`, { signal: new AbortController().signal });
}
