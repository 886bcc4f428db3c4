// Sessions that are kept whole in cookies, in headless Chromium.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import type { BrowserContext, Page } from "playwright-core";
import { startWorker, type Worker } from "../workerd/harness.ts";
import { type Browser, startChromium } from "./chromium.ts";

const NAME = "__Host-session";
/** POST keeps a text of so many characters, or signs out with none; its form is bound to the session. GET shows what is kept. */
const SCRIPT = `
import { cookieStore, createSessions } from "edge-session";

const sessions = createSessions({ secrets: ["a secret of this test, of 32 bytes or more"], store: cookieStore() });
const csrf = sessions.protector("csrf");
const html = { "Content-Type": "text/html" };

export default {
  fetch: (request, env, ctx) =>
    sessions.handle(request, ctx, async (session) => {
      await session.load();
      if (request.method === "GET") {
        if (session.isNew) session.set("text", "");
        const token = csrf.protect("keep", { boundTo: session });
        const form = "<form method=post><input type=hidden name=csrf value=" + token + "><input name=length><button>Keep</button></form>";
        return new Response("<!doctype html><link rel=icon href=data:,>" + form + "<output>" + session.get("text").length + "</output>", { headers: html });
      }
      const form = await request.formData();
      if (csrf.unprotect(form.get("csrf"), { boundTo: session }) !== "keep") return new Response("<output>refused</output>", { status: 403, headers: html });
      if (form.get("length") === "") await session.destroy();
      else session.set("text", "v".repeat(Number(form.get("length"))));
      return new Response(null, { status: 303, headers: { Location: "/" } });
    }).catch((error) => new Response("<output>" + error.code + "</output>", { status: 413, headers: html })),
};
`;

describe("a session in cookies in a browser", () => {
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
  const keep = async (length: string) => {
    await page.fill("input[name=length]", length);
    await page.click("button");
    return page.textContent("output");
  };

  test("grows over several cookies, shrinks, and is gone when it is destroyed", async () => {
    assert.equal(await keep("5000"), "5000");
    assert.deepEqual(await names(), [NAME, `${NAME}-1`, `${NAME}-2`]);
    await page.reload();
    assert.equal(await page.textContent("output"), "5000");
    assert.equal(await keep("10"), "10");
    assert.deepEqual(await names(), [NAME]);
    const before = (await context.cookies(worker.url))[0]?.value;
    assert.equal(await keep(""), "0");
    assert.notEqual((await context.cookies(worker.url))[0]?.value, before);
  });

  test("that would not fit is refused, and the one before is still there", async () => {
    await keep("5000");
    assert.equal(await keep("6000"), "cookie-too-large");
    await page.goto(worker.url);
    assert.equal(await page.textContent("output"), "5000");
  });

  test("takes a form from its own page only: not with its hidden field changed, nor with another's", async () => {
    const field = "input[name=csrf]";
    const token = await page.getAttribute(field, "value");
    const other = await browser.newContext();
    const others = await other.newPage();
    await others.goto(worker.url);
    const foreign = await others.getAttribute(field, "value");
    await other.close();
    for (const changed of [`${token}A`, foreign ?? "", ""]) {
      await page.goto(worker.url);
      await page.locator(field).evaluate((input, value) => input.setAttribute("value", value), changed);
      assert.equal(await keep("10"), "refused");
    }
    await page.goto(worker.url);
    assert.equal(await keep("10"), "10");
  });
});
