// What the console says of a Secure cookie over http.

import assert from "node:assert/strict";
import { test } from "node:test";
import { request, World } from "./world.ts";

test("names the rule and what to write for development, once", async (t) => {
  const warn = t.mock.method(console, "warn", () => undefined);
  const world = new World({ onEvent: undefined });
  for (const url of ["http://app.example/", "http://app.example/again"]) {
    await world.sessions.handle(request({ url }), undefined, async (session) => {
      await session.load();
      session.set("a", 1);
      return new Response();
    });
  }
  assert.equal(warn.mock.callCount(), 1);
  const [name, event, advice]: unknown[] = warn.mock.calls[0]?.arguments ?? [];
  assert.deepEqual([name, (event as { name: string }).name], ["edge-session", "secure-cookie-over-http"]);
  assert.match(String(advice), /Browsers drop a Secure cookie .*http.*cookie: \{ name: "session", secure: false \}/);
});
