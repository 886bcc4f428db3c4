// Messages that fill several cookies, in headless Chromium.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pagesOf } from "./pages.ts";

const NAME = "__Host-session-temp";
/** POST sets a message of so many characters and redirects; GET shows it. */
const SCRIPT = `
import { createSessions, memoryStore, SessionError } from "edge-session";

const sessions = createSessions({ secrets: ["a secret of this test, of 32 bytes or more"], store: memoryStore() });
const head = "<!doctype html><link rel=icon href=data:,><form method=post><input name=length><button>Send</button></form>";

export default {
  async fetch(request, env, ctx) {
    try {
      return await sessions.handle(request, ctx, async ({ tempData }) => {
        if (request.method === "GET") {
          return new Response(head + "<output>" + (tempData.get("notice") ?? "") + "</output>", { headers: { "Content-Type": "text/html" } });
        }
        tempData.set("notice", "v".repeat(Number((await request.formData()).get("length"))));
        return new Response(null, { status: 303, headers: { Location: "/" } });
      });
    } catch (error) {
      if (error instanceof SessionError) return new Response(head + "<output>" + error.code + "</output>", { status: 500, headers: { "Content-Type": "text/html" } });
      throw error;
    }
  },
};
`;

describe("a message in a browser", () => {
  const at = pagesOf({ script: SCRIPT });

  const names = async () => (await at.context.cookies(at.url)).map(({ name }) => name).sort();
  const send = async (length: number) => {
    await at.page.fill("input", String(length));
    const [answer] = await Promise.all([at.page.waitForResponse((response) => response.request().method() === "POST"), at.page.click("button")]);
    const shown = await at.page.textContent("output");
    const lines = (await answer.headersArray()).filter(({ name }) => name.toLowerCase() === "set-cookie").map(({ value }) => value);
    return { shown, lines };
  };

  test("of 4,050 characters is kept in lines of 4,050 at most, shown once, and then gone", async () => {
    const { shown, lines } = await send(4050);
    assert.deepEqual(
      lines.map((line) => line.slice(0, line.indexOf("="))),
      [NAME, `${NAME}-1`, `${NAME}-2`],
    );
    assert.equal(Math.max(...lines.map((line) => line.length)), 4049);
    assert.equal(shown, "v".repeat(4050));
    assert.deepEqual(await names(), []);
    await at.page.reload();
    assert.equal(await at.page.textContent("output"), "");
  });

  test("of 1.5, 2 or 3 times as many is refused, and the one before is still there", async () => {
    await at.page.route("**/", (route) => (route.request().method() === "GET" ? route.abort() : route.continue()));
    const kept = await at.context.request.post(at.url, { form: { length: "4050" }, maxRedirects: 0 });
    assert.equal(kept.status(), 303);
    for (const length of [6075, 8100, 12_150]) assert.deepEqual(await send(length), { shown: "cookie-too-large", lines: [] });
    assert.deepEqual(await names(), [NAME, `${NAME}-1`, `${NAME}-2`]);
    await at.page.unroute("**/");
    await at.page.goto(at.url);
    assert.equal(await at.page.textContent("output"), "v".repeat(4050));
    assert.deepEqual(await names(), []);
  });
});
