// The middleware for Hono in real workerd.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { Visitor } from "../jar.ts";
import { startWorker, type Worker } from "../workerd/harness.ts";

const SCRIPT = `
import { createSessions, memoryStore } from "edge-session";
import { session } from "edge-session/hono";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";

const sessions = createSessions({ secrets: ["s".repeat(32)], store: memoryStore() });
const count = async (c) => {
  await c.var.session.load();
  c.var.session.update("visits", (visits = 0) => visits + 1);
  return String(c.var.session.get("visits"));
};

const app = new Hono();
app.use(session(sessions));
app.get("/visits", async (c) => c.text(await count(c)));
app.get("/fetched", async (c) => {
  await count(c);
  return fetch(c.env.ORIGIN);
});
app.get("/redirected", async (c) => {
  await count(c);
  return Response.redirect(new URL("/visits", c.req.url).href, 303);
});
app.get("/events", async (c) => {
  const visits = await count(c);
  return streamSSE(c, (events) => events.writeSSE({ data: visits }));
});
app.get("/socket", async (c) => {
  await count(c);
  const [client, server] = Object.values(new WebSocketPair());
  server.accept();
  server.send(c.var.session.get("visits") + " visits");
  return new Response(null, { status: 101, webSocket: client });
});
app.get("/thrown", async (c) => {
  await count(c);
  throw new Error("thrown");
});
app.onError((error, c) => c.text("sorry", 500));
app.mount("/mounted", () => new Response("mounted", { headers: { "Set-Cookie": "theirs=1" } }));
export default app;
`;

describe("a Hono application in workerd", () => {
  const origin = createServer((_, response) => response.setHeader("Set-Cookie", "theirs=1").end("fetched"));
  let worker: Worker;

  before(async () => {
    await once(origin.listen(0, "127.0.0.1"), "listening");
    worker = await startWorker({ script: SCRIPT, bindings: { ORIGIN: `http://127.0.0.1:${(origin.address() as AddressInfo).port}/` } });
  });
  after(async () => {
    await worker.stop();
    origin.close().closeAllConnections();
  });

  const visit = (path: string) => new Visitor(worker.url).get(path);
  const names = (response: Response) => response.headers.getSetCookie().map((line) => line.split("=", 1)[0]);

  test("keeps a visitor's values", async () => {
    const visitor = new Visitor(worker.url);
    assert.equal(await (await visitor.get("/visits")).text(), "1");
    assert.equal(await (await visitor.get("/visits")).text(), "2");
  });

  test("puts our cookie on a fetched answer, beside its own", async () => {
    const response = await visit("/fetched");
    assert.equal(await response.text(), "fetched");
    assert.deepEqual(names(response), ["theirs", "__Host-session"]);
  });

  test("puts our cookie on a redirection", async () => {
    assert.equal(await (await visit("/redirected")).text(), "2");
  });

  test("sends events after our cookie", async () => {
    const response = await visit("/events");
    assert.deepEqual(names(response), ["__Host-session"]);
    assert.equal(await response.text(), "data: 1\n\n");
  });

  test("lets a socket open, and speak of the session", async () => {
    const socket = new WebSocket(`${worker.url.replace("http", "ws")}/socket`);
    const [message] = (await once(socket, "message")) as [MessageEvent<string>];
    socket.close();
    assert.equal(message.data, "1 visits");
  });

  test("sets no cookie where a handler threw", async () => {
    const response = await visit("/thrown");
    assert.deepEqual([response.status, names(response)], [500, []]);
  });

  test("leaves what is mounted alone where it does not use the session", async () => {
    const response = await visit("/mounted/page");
    assert.deepEqual([await response.text(), names(response), response.headers.get("cache-control")], ["mounted", ["theirs"], null]);
  });
});
