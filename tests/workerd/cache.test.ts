// The application's cache in workerd, sharing no promise.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { type Gate, startGate } from "./gate.ts";
import { startWorker, type Worker } from "./harness.ts";

/** Each answer is made of what the gate says, which the test decides. */
const SCRIPT = `
import { env } from "cloudflare:workers";
import { createSessions, memoryStore } from "edge-session";

const sessions = createSessions({ secrets: [env.SESSION_SECRET], store: memoryStore() });
const { cache } = sessions;

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const ask = () => cache.getOrSet(pathname, async () => (await fetch(env.GATE)).text(), { absoluteExpirationSeconds: 60 });
    const callers = Number(searchParams.get("callers") ?? 1);
    return Response.json(await Promise.all(Array.from({ length: callers }, ask)));
  },
};
`;

// A request that waits for another's promise waits for ever; the limit ends the test then.
describe("getOrSet in workerd", { timeout: 60_000 }, () => {
  let worker: Worker;
  let gate: Gate;

  before(async () => {
    gate = await startGate();
    worker = await startWorker({ script: SCRIPT, bindings: { GATE: gate.url, SESSION_SECRET: randomBytes(32).toString("base64url") } });
  });
  after(async () => {
    gate.stop();
    await worker.stop();
  });

  async function passage(): Promise<ServerResponse> {
    const [, response] = (await once(gate.server, "request")) as [IncomingMessage, ServerResponse];
    return response;
  }

  test("makes a value once for all callers of one request, and keeps it for the next", async () => {
    let asked = 0;
    const answerAll = (_: IncomingMessage, response: ServerResponse) => {
      asked += 1;
      response.end(`made ${asked}`);
    };
    gate.server.on("request", answerAll);
    const first = await (await fetch(`${worker.url}/once?callers=5`)).json();
    const second = await (await fetch(`${worker.url}/once?callers=2`)).json();
    gate.server.off("request", answerAll);
    assert.deepEqual([first, second, asked], [Array(5).fill("made 1"), Array(2).fill("made 1"), 1]);
  });

  test("lets no request wait for one whose client went away", async () => {
    const socket = connect(Number(new URL(worker.url).port), "127.0.0.1");
    const firstPassage = passage();
    socket.write("GET /left HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const unanswered = await firstPassage;
    socket.resetAndDestroy();
    const secondPassage = passage();
    const second = fetch(`${worker.url}/left`);
    (await secondPassage).end("second");
    assert.deepEqual(await (await second).json(), ["second"]);
    unanswered.end("first");
  });

  test("lets two requests at once each make their own", async () => {
    const arrived = [passage()];
    const answers = [fetch(`${worker.url}/both`)];
    const first = await arrived[0];
    arrived.push(passage());
    answers.push(fetch(`${worker.url}/both`));
    const second = await arrived[1];
    second?.end("second");
    assert.deepEqual(await (await answers[1])?.json(), ["second"]);
    first?.end("first");
    assert.deepEqual(await (await answers[0])?.json(), ["first"]);
  });
});
