// Sessions made at module scope, where little is allowed.

import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { startWorker } from "./harness.ts";

/** Everything that can be made at module scope; what it draws, reads or starts there is noted. */
const SCRIPT = `
const noted = [];
function note(owner, name) {
  const real = owner[name];
  owner[name] = function (...parts) {
    noted.push(name);
    return real.apply(this, parts);
  };
}
note(crypto, "getRandomValues");
note(crypto, "randomUUID");
note(Date, "now");
note(globalThis, "setTimeout");
note(globalThis, "setInterval");
note(globalThis, "fetch");
note(AbortSignal, "timeout");

const { createSessions, memoryStore } = await import("edge-session");
const { upstashStore } = await import("edge-session/stores/upstash");
const { webdisStore } = await import("edge-session/stores/webdis");
const secrets = ["a secret of this test, of 32 bytes or more"];
const sessions = createSessions({ secrets, store: memoryStore() });
const late = createSessions(() => ({ secrets, store: memoryStore() }));
const protector = sessions.protector("links");
createSessions({ secrets, store: upstashStore({ url: "https://redis.example", token: "token" }) });
createSessions({ secrets, store: webdisStore({ url: "http://127.0.0.1:7379" }) });
const atModuleScope = [...noted];

export default {
  async fetch(request, _env, ctx) {
    const visit = (each) => each.handle(request, ctx, async (session) => {
      await session.load();
      session.update("visits", (visits = 0) => visits + 1);
      return Response.json({ atModuleScope, drawn: noted.includes("getRandomValues"), visits: session.get("visits"), link: protector.unprotect(protector.protect(1)) });
    });
    return await visit(new URL(request.url).pathname === "/late" ? late : sessions);
  },
};
`;

async function visits(context: TestContext, date: string): Promise<void> {
  const worker = await startWorker({ script: SCRIPT, date });
  context.after(() => worker.stop());
  for (const path of ["/", "/late"]) {
    const first = await fetch(worker.url + path);
    const [cookie = ""] = first.headers.getSetCookie()[0]?.split(";", 1) ?? [];
    const second = await fetch(worker.url + path, { headers: { cookie } });
    assert.deepEqual(
      [await first.json(), await second.json()],
      [1, 2].map((count) => ({ atModuleScope: [], drawn: true, visits: count, link: 1 })),
    );
  }
  assert.deepEqual(worker.lines, []);
}

describe("sessions made at module scope draw nothing there, and work", () => {
  test("at the compatibility date of 2023", (context) => visits(context, "2023-08-01"));
  test("at the compatibility date of 2025", (context) => visits(context, "2025-01-01"));
  test("at the compatibility date of today", (context) => visits(context, "2026-11-01"));
});
