// `npm start`, as a newcomer types it.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, type TestContext, test } from "node:test";
import { Visitor } from "../jar.ts";
import { freePort } from "../servers.ts";

const START = join(import.meta.dirname, "../../tools/start.mjs");
const SAYS = /The demo runs at (http:\/\/127\.0\.0\.1:(\d+))\/ with sessions in (\w+)/;

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
  readonly port: number;
  readonly store: string;
  readonly redisPort: number | undefined;
}

async function start(context: TestContext, ...args: string[]): Promise<Started> {
  const child = spawn(process.execPath, [START, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  context.after(() => stop(child));
  let said = "";
  for await (const line of createInterface(child.stdout)) {
    said += `${line}\n`;
    const [, url, port, store] = SAYS.exec(line) ?? [];
    if (url === undefined || store === undefined) continue;
    const redisPort = /redis-cli -p (\d+)/.exec(said)?.[1];
    return { child, url, port: Number(port), store, redisPort: redisPort === undefined ? undefined : Number(redisPort) };
  }
  throw new Error(`it does not start:\n${said}`);
}

/** Types ctrl-C, and gives the exit code. */
async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, "exit");
    child.kill("SIGINT");
    await exited;
  }
  return child.exitCode;
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
    const { child, url, port, store } = await start(context, "--port", String(wanted));
    assert.ok(port > wanted);
    assert.equal(store, "memory");
    const visitor = new Visitor(url);
    assert.deepEqual(await (await visitor.get("/api/visits")).json(), { visits: 1 });
    assert.deepEqual(await (await visitor.get("/api/visits")).json(), { visits: 2 });
    assert.equal(await stop(child), 0);
    assert.ok(await isFree(port));
  });

  for (const wanted of ["webdis", "upstash"]) {
    test(`--store ${wanted} keeps sessions in a Redis of its own, and ctrl-C stops that too`, async (context) => {
      const { child, url, store, redisPort } = await start(context, "--port", String(await freePort()), "--store", wanted);
      assert.equal(store, wanted);
      const visitor = new Visitor(url);
      await visitor.get("/api/visits");
      assert.deepEqual(await (await visitor.get("/api/visits")).json(), { visits: 2 });
      assert.ok(redisPort !== undefined && !(await isFree(redisPort)));
      assert.equal(await stop(child), 0);
      assert.ok(await isFree(redisPort));
    });
  }

  for (const args of [
    ["--store", "disk"],
    ["--port", "x"],
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
