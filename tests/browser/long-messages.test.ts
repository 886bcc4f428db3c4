// Messages that fill several cookies, in headless Chromium.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import type { BrowserContext, Page } from "playwright-core";
import { startWorker, type Worker } from "../workerd/harness.ts";
import { type Browser, startChromium } from "./chromium.ts";

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
  let worker: Worker;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  before(async () => {
    worker = await startWorker({ script: SCRIPT });
    browser = await startChromium();
  });
  after(async () => {
    await browser.close();
    await worker.stop();
  });
  beforeEach(async () => {
    context = await browser.newContext();
    context.setDefaultTimeout(20_000);
    page = await context.newPage();
    await page.goto(worker.url);
  });
  afterEach(() => context.close());

  const names = async () => (await context.cookies(worker.url)).map(({ name }) => name).sort();
  const send = async (length: number) => {
    await page.fill("input", String(length));
    const [answer] = await Promise.all([page.waitForResponse((response) => response.request().method() === "POST"), page.click("button")]);
    const shown = await page.textContent("output");
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
    await page.reload();
    assert.equal(await page.textContent("output"), "");
  });

  test("of 1.5, 2 or 3 times as many is refused, and the one before is still there", async () => {
    await page.route("**/", (route) => (route.request().method() === "GET" ? route.abort() : route.continue()));
    const kept = await context.request.post(worker.url, { form: { length: "4050" }, maxRedirects: 0 });
    assert.equal(kept.status(), 303);
    for (const length of [6075, 8100, 12_150]) assert.deepEqual(await send(length), { shown: "cookie-too-large", lines: [] });
    assert.deepEqual(await names(), [NAME, `${NAME}-1`, `${NAME}-2`]);
    await page.unroute("**/");
    await page.goto(worker.url);
    assert.equal(await page.textContent("output"), "v".repeat(4050));
    assert.deepEqual(await names(), []);
  });
});
