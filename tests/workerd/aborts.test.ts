// What a client that goes away leaves behind.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { Visitor } from "../jar.ts";
import { type Gate, startGate } from "./gate.ts";
import { startWorker, type Worker } from "./harness.ts";

/** A memory store whose updates wait until the gate lets them pass. */
const SCRIPT = `
import { env } from "cloudflare:workers";
import { createSessions, memoryStore } from "edge-session";

const memory = memoryStore();
const store = { name: memory.name, capabilities: memory.capabilities };
for (const operation of ["load", "create", "replace", "refresh", "remove", "put"]) {
  store[operation] = (...parts) => memory[operation](...parts);
}
store.update = async (...parts) => {
  await (await fetch(env.GATE)).text();
  return await memory.update(...parts);
};
const sessions = createSessions({ secrets: [env.SESSION_SECRET], store });

export default {
  fetch(request, _env, ctx) {
    request.signal.addEventListener("abort", () => fetch(env.GATE + "gone"));
    return sessions.handle(request, ctx, async (session) => {
      await session.load();
      if (new URL(request.url).pathname === "/count") session.update("count", (count = 0) => count + 1);
      return Response.json(session.get("count") ?? 0);
    });
  },
};
`;

describe("a client that goes away", () => {
  let worker: Worker;
  let gate: Gate;

  before(async () => {
    gate = await startGate();
    const bindings = { GATE: gate.url, SESSION_SECRET: randomBytes(32).toString("base64url") };
    worker = await startWorker({ script: SCRIPT, bindings, flags: ["enable_request_signal"] });
  });
  after(async () => {
    gate.stop();
    await worker.stop();
  });

  /** Counts once, and goes away while the commit is at the gate. */
  async function countAndGo(cookie: string): Promise<void> {
    const socket = connect(Number(new URL(worker.url).port), "127.0.0.1");
    socket.write(`GET /count HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookie}\r\n\r\n`);
    const [, passage] = await once(gate.server, "request");
    socket.resetAndDestroy();
    await Promise.race([once(gate.server, "request"), once(passage, "close")]); // the worker knows, or was stopped
    passage.end();
  }

  async function newVisitor(): Promise<{ visitor: Visitor; cookie: string }> {
    const visitor = new Visitor(worker.url);
    await visitor.get("/count");
    return { visitor, cookie: `__Host-session=${await visitor.cookie("__Host-session")}` };
  }

  /** Asks until the count is another, at most 1,000 times, and gives it. */
  async function countAfter(visitor: Visitor, count: number): Promise<number> {
    let now = count;
    for (let i = 0; i < 1000 && now === count; i++) now = Number(await (await visitor.get("/")).text());
    return now;
  }

  test("does not stop the commit of what it changed", async () => {
    const { visitor, cookie } = await newVisitor();
    await countAndGo(cookie);
    assert.equal(await countAfter(visitor, 1), 2);
  });

  test("does not stop a neighbour's request on the same session", async () => {
    const { visitor, cookie } = await newVisitor();
    await countAndGo(cookie);
    const neighbour = visitor.get("/count");
    gate.server.on("request", (_, passage) => passage.end());
    assert.equal((await neighbour).status, 200);
    gate.server.removeAllListeners("request");
    assert.equal(await countAfter(visitor, 2), 3);
  });
});
