// Every way in which a store fails is told alike in workerd.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type FaultServer, reply, startFaultServer } from "../fault-server.ts";
import { faults, upstashSpeech, webdisSpeech } from "../faults.ts";
import { freePort } from "../servers.ts";
import { startWorker, type Worker } from "./harness.ts";

const SCRIPT = `
import { env } from "cloudflare:workers";
import { createSessions } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";
import { webdisStore } from "edge-session/stores/webdis";

const key = "{edge-session_canary-key}_Data";
const record = "1j.canary-record__A.canary-record__B.-.1700000000000.4000000000.{}";
const open = {
  upstashStore: (url, limits) => upstashStore({ url, token: "canary-token", ...limits }),
  webdisStore: (url, limits) => webdisStore({ url, username: "edge", password: "canary-password", ...limits }),
};
const calls = {
  load: (store, io) => store.load(key, 60, io),
  update: (store, io) => store.update(key, record, "canary-record__C", 60, io),
  remove: (store, io) => store.remove(key, io),
};

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const [, name, operation] = pathname.split("/");
    const limits = { operationTimeoutMs: Number(searchParams.get("ms")), retryTimeoutMs: 0, circuitBreaker: false };
    const store = open[name](searchParams.get("url"), limits);
    if (operation === "handle") {
      const sessions = createSessions({ secrets: ["canary-secret-of-thirty-two-bytes-or-more"], store, onEvent() {} });
      return sessions.handle(request, undefined, async () => {
        await sessions.openById("A".repeat(22)).load();
        return new Response();
      });
    }
    try {
      return Response.json({ value: await calls[operation](store, { signal: new AbortController().signal }) });
    } catch (error) {
      return Response.json({ code: error.code, text: [error.message, error.stack, String(error.cause), JSON.stringify(error)].join() });
    }
  },
};
`;

/** What the worker says of a call. */
interface Said {
  readonly code?: string;
  readonly text?: string;
}

describe("in workerd", () => {
  let worker: Worker;
  let server: FaultServer;
  before(async () => {
    server = await startFaultServer(reply(500));
    worker = await startWorker({ script: SCRIPT });
  });
  after(async () => {
    await worker.stop();
    await server.stop();
  });

  const ask = async (store: string, operation: string, milliseconds: number, url = server.url) =>
    (await (await fetch(`${worker.url}/${store}/${operation}?ms=${milliseconds}&url=${encodeURIComponent(url)}`)).json()) as Said;

  for (const [store, speech] of Object.entries({ upstashStore: upstashSpeech, webdisStore: webdisSpeech })) {
    test(`each fault of ${store} is its one typed error, without a secret`, async () => {
      for (const { name, codeInWorkerd: code, play } of faults) {
        server.play(play(speech));
        for (const operation of ["load", "update", "remove"]) {
          const said = await ask(store, operation, code === "timeout" ? 100 : 10_000);
          assert.deepEqual([name, operation, said.code], [name, operation, code]);
          assert.doesNotMatch(said.text ?? "", /canary/);
        }
      }
      assert.equal((await ask(store, "load", 10_000, `http://127.0.0.1:${await freePort()}`)).code, "store-unavailable");
    });
  }

  test("a store that fails a handler is answered 503", async () => {
    server.play(reply(429, "", { "Retry-After": "7" }));
    const answer = await fetch(`${worker.url}/upstashStore/handle?ms=10000&url=${encodeURIComponent(server.url)}`);
    assert.deepEqual(
      [answer.status, answer.headers.get("retry-after"), answer.headers.get("cache-control"), answer.headers.getSetCookie()],
      [503, "7", "no-store", []],
    );
    assert.deepEqual(worker.lines, []);
  });
});
