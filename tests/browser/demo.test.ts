// The demo in headless Chromium.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import type { Page } from "playwright-core";
import { pagesOf } from "./pages.ts";

const COOKIE = "__Host-session";

describe("the demo in a browser", () => {
  const at = pagesOf({ entry: "demo/worker.ts", bindings: { SESSION_SECRET: randomBytes(32).toString("base64url") } });

  const visits = async (tab: Page) => Number(await tab.textContent("#visits"));
  const amount = async (tab: Page, product: string) => Number(await tab.textContent(`#${product}`));
  const cookie = async () => (await at.context.cookies(at.url)).find(({ name }) => name === COOKIE);
  const signIn = async (tab: Page, name: string) => {
    await tab.fill("input[name=name]", name);
    await tab.click("text=Sign in");
  };

  test("counts each reload", async () => {
    assert.equal(await visits(at.page), 1);
    await at.page.reload();
    await at.page.reload();
    assert.equal(await visits(at.page), 3);
  });

  test("counts the visits of two tabs together", async () => {
    const other = await at.context.newPage();
    await other.goto(at.url);
    assert.equal(await visits(other), 2);
    await Promise.all([at.page.reload(), other.reload()]);
    await at.page.reload();
    assert.equal(await visits(at.page), 5);
  });

  test("keeps its cookie from scripts, from other sites' forms and after the browser", async () => {
    const { httpOnly, secure, sameSite, path, expires } = (await cookie()) ?? assert.fail("no cookie");
    assert.deepEqual({ httpOnly, secure, sameSite, path, expires }, { httpOnly: true, secure: true, sameSite: "Lax", path: "/", expires: -1 });
    assert.equal(await at.page.evaluate("document.cookie"), "");
  });

  test("keeps what two tabs put into the cart", async () => {
    const other = await at.context.newPage();
    await other.goto(at.url);
    await at.page.click("[aria-label='Add Bread']");
    await other.click("[aria-label='Add Bread']");
    await other.click("[aria-label='Add Coffee']");
    await at.page.click("[aria-label='Remove Bread']");
    assert.deepEqual([await amount(at.page, "Bread"), await amount(at.page, "Coffee")], [1, 1]);
  });

  test("signs in both tabs, and out of both", async () => {
    const other = await at.context.newPage();
    await at.page.click("[aria-label='Add Dates']");
    const before = await cookie();
    await signIn(at.page, "Ada");
    assert.equal(await at.page.textContent("#user"), "Hello, Ada");
    assert.notEqual((await cookie())?.value, before?.value);
    await other.goto(at.url);
    assert.equal(await other.textContent("#user"), "Hello, Ada");
    assert.equal(await amount(other, "Dates"), 1);
    await other.click("text=Sign out");
    await at.page.reload();
    assert.equal(await at.page.locator("#user").count(), 0);
    assert.equal(await amount(at.page, "Dates"), 0);
  });

  test("says once that it signed out, and keeps nothing of it", async () => {
    await signIn(at.page, "Ada");
    assert.equal(await at.page.locator("#notice").count(), 0);
    const [answer] = await Promise.all([at.page.waitForResponse(`${at.url}/sign-out`), at.page.click("text=Sign out")]);
    const lines = (await answer.headersArray()).filter(({ name }) => name.toLowerCase() === "set-cookie");
    assert.equal(lines.filter(({ value }) => value.startsWith(`${COOKIE}-temp=`)).length, 1);
    assert.equal(await at.page.textContent("#notice"), "Signed out.");
    assert.deepEqual(
      (await at.context.cookies(at.url)).map(({ name }) => name),
      [COOKIE],
    );
    await at.page.reload();
    assert.equal(await at.page.locator("#notice").count(), 0);
  });

  test("shows a name as text, whatever is in it", async () => {
    await signIn(at.page, "<img src=x onerror=1>");
    assert.equal(await at.page.textContent("#user"), "Hello, <img src=x onerror=1>");
    assert.equal(await at.page.locator("img").count(), 0);
  });

  test("refuses a form that another site sends", async () => {
    await at.page.click("[aria-label='Add Bread']");
    const other = await at.context.newPage();
    await other.setContent(`<form method="post" action="${at.url}/cart/add"><input name="product" value="Bread"><button>Go</button></form>`);
    const [answer] = await Promise.all([other.waitForNavigation(), other.click("button")]);
    assert.equal(answer?.status(), 403);
    await at.page.reload();
    assert.equal(await amount(at.page, "Bread"), 1);
  });
});
