// One writer at a time in workerd, also where a client goes.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { Visitor } from "../jar.ts";
import { startRedis, startWebdis } from "../servers.ts";
import { type Gate, startGate } from "./gate.ts";
import { startWorker, type Worker } from "./harness.ts";

/** Adds one by get and set; `/slow` goes through a gate in between, so that it can be left there. */
const SCRIPT = `
import { env } from "cloudflare:workers";
import { createSessions } from "edge-session";
import { webdisStore } from "edge-session/stores/webdis";

const store = webdisStore({ url: env.WEBDIS, operationTimeoutMs: 20000, circuitBreaker: false });
const sessions = createSessions({ secrets: [env.SESSION_SECRET], store, concurrency: "exclusive", ioTimeoutMs: 60000 });

export default {
  fetch(request, _env, ctx) {
    request.signal.addEventListener("abort", () => fetch(env.GATE + "gone"));
    const { pathname } = new URL(request.url);
    return sessions.handle(request, ctx, async (session) => {
      await session.load({ readOnly: pathname === "/" });
      const count = session.get("count") ?? 0;
      if (pathname === "/slow") await (await fetch(env.GATE)).text();
      if (pathname !== "/") session.set("count", count + 1);
      return Response.json(session.get("count") ?? 0);
    });
  },
};
`;

describe("a worker whose writers exclude each other", () => {
  const stops: (() => unknown)[] = [];
  let worker: Worker;
  let gate: Gate;

  before(async () => {
    const redis = await startRedis();
    stops.unshift(redis.stop);
    const webdis = await startWebdis({ redisPort: redis.port });
    stops.unshift(webdis.stop);
    gate = await startGate();
    stops.unshift(gate.stop);
    const bindings = { GATE: gate.url, WEBDIS: webdis.url, SESSION_SECRET: randomBytes(32).toString("base64url") };
    worker = await startWorker({ script: SCRIPT, bindings, flags: ["enable_request_signal"] });
    stops.unshift(worker.stop);
  });
  after(async () => {
    for (const stop of stops) await stop();
  });

  async function newVisitor(): Promise<Visitor> {
    const visitor = new Visitor(worker.url);
    assert.equal(await (await visitor.get("/step")).json(), 1);
    return visitor;
  }

  test("counts each of 20 requests at once, whose locks are freed behind their answers", async () => {
    const visitor = await newVisitor();
    const counts = await Promise.all(Array.from({ length: 20 }, async () => Number(await (await visitor.get("/step")).json())));
    assert.deepEqual(
      counts.sort((one, other) => one - other),
      Array.from({ length: 20 }, (_, index) => index + 2),
    );
    assert.equal(await (await visitor.get("/")).json(), 21);
  });

  test("is not left locked by a client that goes away while its request is under way", async () => {
    const visitor = await newVisitor();
    const socket = connect(Number(new URL(worker.url).port), "127.0.0.1");
    socket.write(`GET /slow HTTP/1.1\r\nHost: localhost\r\nCookie: __Host-session=${await visitor.cookie("__Host-session")}\r\n\r\n`);
    const [, passage] = await once(gate.server, "request");
    socket.resetAndDestroy();
    await Promise.race([once(gate.server, "request"), once(passage, "close")]); // the worker knows, or was stopped
    passage.end();
    assert.equal(await (await visitor.get("/step")).json(), 3);
  });
});
