// `npm start`, as a newcomer types it.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, type TestContext, test } from "node:test";
import { Visitor } from "../jar.ts";
import { freePort } from "../servers.ts";

const START = join(import.meta.dirname, "../../tools/start.mjs");
const SAYS = /The demo runs at (http:\/\/127\.0\.0\.1:(\d+))\/ with sessions in (\w+)/;

interface Started {
  readonly child: ChildProcess;
  readonly temporary: string;
  readonly url: string;
  readonly port: number;
  readonly store: string;
  readonly redisPort: number | undefined;
}

/** Starts it in a process group of its own, as a terminal does, and with an empty folder for what is temporary. */
async function start(context: TestContext, ...args: string[]): Promise<Started> {
  const temporary = mkdtempSync(join(tmpdir(), "edge-session-start-"));
  // Without EDGE_SESSION_NODE it starts itself anew under the project's Node, as for a newcomer.
  const { EDGE_SESSION_NODE: _, ...env } = process.env;
  const child = spawn(process.execPath, [START, ...args], { stdio: ["ignore", "pipe", "pipe"], detached: true, env: { ...env, TMPDIR: temporary } });
  context.after(async () => {
    await stop(child);
    rmSync(temporary, { recursive: true, force: true });
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  for await (const line of createInterface(child.stdout)) {
    said += `${line}\n`;
    const [, url, port, store] = SAYS.exec(line) ?? [];
    if (url === undefined || store === undefined) continue;
    const redisPort = /redis-cli -p (\d+)/.exec(said)?.[1];
    return { child, temporary, url, port: Number(port), store, redisPort: redisPort === undefined ? undefined : Number(redisPort) };
  }
  throw new Error(`it does not start:\n${said}`);
}

/** Types ctrl-C, and gives the exit code once all of it has ended. */
async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const closed = once(child, "close");
    typeCtrlC(child);
    await closed;
  }
  return child.exitCode;
}

/** A terminal tells it to the whole group. */
function typeCtrlC({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, "SIGINT");
}

/** What is left of the demo's temporary files. */
function leftIn(temporary: string): string[] {
  return readdirSync(temporary).filter((name) => /^(edge-session|miniflare)/.test(name));
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  const listens = await once(server, "listening").then(
    () => true,
    () => false,
  );
  server.close();
  return listens;
}

describe("npm start", () => {
  test("runs the demo on the next free port, and ctrl-C stops it", async (context) => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    context.after(() => taken.close());
    const wanted = (taken.address() as { port: number }).port;
    const { child, temporary, url, port, store } = await start(context, "--port", String(wanted));
    assert.ok(port > wanted);
    assert.equal(store, "memory");
    const visitor = new Visitor(url);
    assert.deepEqual(await (await visitor.get("/api/visits")).json(), { visits: 1 });
    assert.deepEqual(await (await visitor.get("/api/visits")).json(), { visits: 2 });
    assert.notDeepEqual(leftIn(temporary), []);
    assert.equal(await stop(child), 0);
    assert.ok(await isFree(port));
    assert.deepEqual(leftIn(temporary), []);
  });

  test("leaves nothing behind where ctrl-C comes again while it stops", async (context) => {
    const { child, temporary, port } = await start(context, "--port", String(await freePort()));
    const stopped = stop(child);
    while (!(await isFree(port)) && child.exitCode === null && child.signalCode === null);
    typeCtrlC(child);
    assert.equal(await stopped, 0);
    assert.deepEqual(leftIn(temporary), []);
  });

  for (const wanted of ["webdis", "upstash"]) {
    test(`--store ${wanted} keeps sessions in a Redis of its own, and ctrl-C stops that too`, async (context) => {
      const { child, temporary, url, store, redisPort } = await start(context, "--port", String(await freePort()), "--store", wanted);
      assert.equal(store, wanted);
      const visitor = new Visitor(url);
      await visitor.get("/api/visits");
      assert.deepEqual(await (await visitor.get("/api/visits")).json(), { visits: 2 });
      assert.ok(redisPort !== undefined && !(await isFree(redisPort)));
      assert.equal(await stop(child), 0);
      assert.ok(await isFree(redisPort));
      assert.deepEqual(leftIn(temporary), []);
    });
  }

  for (const args of [
    ["--store", "disk"],
    ["--port", "x"],
    ["--port", "0"],
    ["--portt", "1"],
  ]) {
    test(`${args.join(" ")} is refused, saying how it is used`, async () => {
      const child = spawn(process.execPath, [START, ...args], { stdio: ["ignore", "pipe", "pipe"] });
      const [said] = await Promise.all([child.stdout.toArray(), once(child, "exit")]);
      assert.match(said.join(""), /npm start \[-- --store memory\|webdis\|upstash\]/);
      assert.equal(child.exitCode, 1);
    });
  }
});
