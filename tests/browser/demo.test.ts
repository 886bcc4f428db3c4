// The demo in headless Chromium.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import type { BrowserContext, Page } from "playwright-core";
import { startWorker, type Worker } from "../workerd/harness.ts";
import { type Browser, startChromium } from "./chromium.ts";

const COOKIE = "__Host-session";

describe("the demo in a browser", () => {
  let worker: Worker;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  before(async () => {
    worker = await startWorker({ entry: "demo/worker.ts", bindings: { SESSION_SECRET: randomBytes(32).toString("base64url") } });
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

  const visits = async (tab: Page) => Number(await tab.textContent("#visits"));
  const amount = async (tab: Page, product: string) => Number(await tab.textContent(`#${product}`));
  const cookie = async () => (await context.cookies(worker.url)).find(({ name }) => name === COOKIE);
  const signIn = async (tab: Page, name: string) => {
    await tab.fill("input[name=name]", name);
    await tab.click("text=Sign in");
  };

  test("counts each reload", async () => {
    assert.equal(await visits(page), 1);
    await page.reload();
    await page.reload();
    assert.equal(await visits(page), 3);
  });

  test("counts the visits of two tabs together", async () => {
    const other = await context.newPage();
    await other.goto(worker.url);
    assert.equal(await visits(other), 2);
    await Promise.all([page.reload(), other.reload()]);
    await page.reload();
    assert.equal(await visits(page), 5);
  });

  test("keeps its cookie from scripts, from other sites' forms and after the browser", async () => {
    const { httpOnly, secure, sameSite, path, expires } = (await cookie()) ?? assert.fail("no cookie");
    assert.deepEqual({ httpOnly, secure, sameSite, path, expires }, { httpOnly: true, secure: true, sameSite: "Lax", path: "/", expires: -1 });
    assert.equal(await page.evaluate("document.cookie"), "");
  });

  test("keeps what two tabs put into the cart", async () => {
    const other = await context.newPage();
    await other.goto(worker.url);
    await page.click("[aria-label='Add Bread']");
    await other.click("[aria-label='Add Bread']");
    await other.click("[aria-label='Add Coffee']");
    await page.click("[aria-label='Remove Bread']");
    assert.deepEqual([await amount(page, "Bread"), await amount(page, "Coffee")], [1, 1]);
  });

  test("signs in both tabs, and out of both", async () => {
    const other = await context.newPage();
    await page.click("[aria-label='Add Dates']");
    const before = await cookie();
    await signIn(page, "Ada");
    assert.equal(await page.textContent("#user"), "Hello, Ada");
    assert.notEqual((await cookie())?.value, before?.value);
    await other.goto(worker.url);
    assert.equal(await other.textContent("#user"), "Hello, Ada");
    assert.equal(await amount(other, "Dates"), 1);
    await other.click("text=Sign out");
    await page.reload();
    assert.equal(await page.locator("#user").count(), 0);
    assert.equal(await amount(page, "Dates"), 0);
  });

  test("says once that it signed out, and keeps nothing of it", async () => {
    await signIn(page, "Ada");
    assert.equal(await page.locator("#notice").count(), 0);
    const [answer] = await Promise.all([page.waitForResponse(`${worker.url}/sign-out`), page.click("text=Sign out")]);
    const lines = (await answer.headersArray()).filter(({ name }) => name.toLowerCase() === "set-cookie");
    assert.equal(lines.filter(({ value }) => value.startsWith(`${COOKIE}-temp=`)).length, 1);
    assert.equal(await page.textContent("#notice"), "Signed out.");
    assert.deepEqual(
      (await context.cookies(worker.url)).map(({ name }) => name),
      [COOKIE],
    );
    await page.reload();
    assert.equal(await page.locator("#notice").count(), 0);
  });

  test("shows a name as text, whatever is in it", async () => {
    await signIn(page, "<img src=x onerror=1>");
    assert.equal(await page.textContent("#user"), "Hello, <img src=x onerror=1>");
    assert.equal(await page.locator("img").count(), 0);
  });

  test("refuses a form that another site sends", async () => {
    await page.click("[aria-label='Add Bread']");
    const other = await context.newPage();
    await other.setContent(`<form method="post" action="${worker.url}/cart/add"><input name="product" value="Bread"><button>Go</button></form>`);
    const [answer] = await Promise.all([other.waitForNavigation(), other.click("button")]);
    assert.equal(answer?.status(), 403);
    await page.reload();
    assert.equal(await amount(page, "Bread"), 1);
  });
});
