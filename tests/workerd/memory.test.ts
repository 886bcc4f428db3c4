// A million requests, large ones too, and their memory.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startWorker, type Worker } from "./harness.ts";
import { WATCH_INSTANCES } from "./instances.ts";

const BATCH = 10_000;
const BATCHES = 100;

/** Answers `count` requests of its own per call: reads, writes, first visits, strangers' cookies, logins and logouts. */
const SCRIPT = `
import { createSessions, memoryStore } from "edge-session";
${WATCH_INSTANCES}const sessions = createSessions({ secrets: ["x".repeat(32)], store: memoryStore(), maxRecordBytes: 1048576, onEvent: () => {} });
const context = { waitUntil() {} };
let cookie = "";

async function answer(headers, handler) {
  const response = await sessions.handle(new Request("https://shop.example/", { headers }), context, handler);
  const [line] = response.headers.getSetCookie();
  return { response, cookie: line?.split(";")[0] };
}

async function visit(number) {
  switch (number % 10) {
    case 0:
      return answer({}, () => new Response("ok"));
    case 1:
      return answer({ cookie: "__Host-session=" + "A".repeat(90 + (number % 13)) }, async (session) => (await session.load(), new Response("ok")));
    case 2:
    case 3:
      return answer({ cookie }, async (session) => {
        await session.load();
        session.update("count", (count = 0) => count + 1);
        session.set("text", "x".repeat(number % 2000));
        return new Response(String(session.get("count")));
      });
    default:
      return answer({ cookie }, async (session) => (await session.load(), new Response(String(session.get("count")))));
  }
}

/** Reads and writes a record of 1 MiB, under a Cookie header of 128 KiB. */
async function large() {
  const many = "other=" + "x".repeat(131072 - 6 - 2 - cookie.length) + "; " + cookie;
  for (let number = 0; number < 20; number++) {
    const { response } = await answer({ cookie: many }, async (session) => {
      await session.load();
      session.set("text", String(number % 10).repeat(1048576 - 200));
      return new Response(String(session.get("text").length));
    });
    if (response.status !== 200) throw new Error("a large answer was " + response.status);
  }
  const read = await answer({ cookie: many }, async (session) => (await session.load(), new Response(session.get("text").slice(-1))));
  return { header: many.length, last: await read.response.text() };
}

export default {
  async fetch(request) {
    if (new URL(request.url).pathname === "/large") {
      cookie = (await answer({}, async (session) => (await session.load(), session.set("count", 0), new Response("ok")))).cookie;
      const done = await large();
      return Response.json({ ...done, pages: memory.buffer.byteLength / 65536, instances });
    }
    const count = Number(new URL(request.url).searchParams.get("count"));
    const begun = await answer({}, async (session) => (await session.load(), session.set("count", 0), new Response("ok")));
    cookie = begun.cookie;
    for (let number = 0; number < count; number++) {
      const { response } = await visit(number);
      if (response.status !== 200) throw new Error("answer " + number + " was " + response.status);
    }
    const last = await answer({ cookie }, async (session) => (await session.load(), new Response(String(session.get("count")))));
    const ended = await answer({ cookie }, async (session) => (await session.destroy(), new Response("ok")));
    return Response.json({ counted: Number(await last.response.text()), forgotten: ended.cookie === "__Host-session=", pages: memory.buffer.byteLength / 65536, instances });
  },
};
`;

interface Told {
  readonly counted: number;
  readonly forgotten: boolean;
  readonly pages: number;
  readonly instances: number;
}

describe("a million requests in one isolate", () => {
  let worker: Worker;
  before(async () => {
    worker = await startWorker({ script: SCRIPT });
  });
  after(() => worker.stop());

  test("leave linear memory as large as the first hundred thousand did", async (t) => {
    const pages: number[] = [];
    for (let batch = 0; batch < BATCHES; batch++) {
      const told = (await (await fetch(`${worker.url}/?count=${BATCH}`)).json()) as Told;
      assert.deepEqual({ ...told, pages: 0 }, { counted: BATCH / 5, forgotten: true, pages: 0, instances: 1 });
      pages.push(told.pages);
    }
    t.diagnostic(`${BATCH * BATCHES} requests, ${pages.at(-1)} pages`);
    assert.deepEqual([...new Set(pages.slice(9))], [pages[9]]);
    assert.ok((pages[9] ?? 0) * 65_536 <= 8 * 1024 * 1024);
  });
});

describe("a Cookie header of 128 KiB and a record of 1 MiB", () => {
  let worker: Worker;
  before(async () => {
    worker = await startWorker({ script: SCRIPT });
  });
  after(() => worker.stop());

  test("leave linear memory at 8 MiB at most", async (t) => {
    const told = (await (await fetch(`${worker.url}/large`)).json()) as { header: number; last: string; pages: number; instances: number };
    t.diagnostic(`${told.pages} pages`);
    assert.deepEqual([told.header, told.last, told.instances], [131_072, "9", 1]);
    assert.ok(told.pages * 65_536 <= 8 * 1024 * 1024, `${told.pages} pages`);
  });
});
