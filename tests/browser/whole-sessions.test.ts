// Sessions kept whole in cookies, in headless Chromium.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pagesOf } from "./pages.ts";

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
  const at = pagesOf({ script: SCRIPT });

  const names = async () => (await at.context.cookies(at.url)).map(({ name }) => name).sort();
  const keep = async (length: string) => {
    await at.page.fill("input[name=length]", length);
    await at.page.click("button");
    return at.page.textContent("output");
  };

  test("grows over several cookies, shrinks, and is gone when it is destroyed", async () => {
    assert.equal(await keep("5000"), "5000");
    assert.deepEqual(await names(), [NAME, `${NAME}-1`, `${NAME}-2`]);
    await at.page.reload();
    assert.equal(await at.page.textContent("output"), "5000");
    assert.equal(await keep("10"), "10");
    assert.deepEqual(await names(), [NAME]);
    const before = (await at.context.cookies(at.url))[0]?.value;
    assert.equal(await keep(""), "0");
    assert.notEqual((await at.context.cookies(at.url))[0]?.value, before);
  });

  test("that would not fit is refused, and the one before is still there", async () => {
    await keep("5000");
    assert.equal(await keep("6000"), "cookie-too-large");
    await at.page.goto(at.url);
    assert.equal(await at.page.textContent("output"), "5000");
  });

  test("takes a form from its own page only: not with its hidden field changed, nor with another's", async () => {
    const field = "input[name=csrf]";
    const token = await at.page.getAttribute(field, "value");
    const other = await at.browser.newContext();
    const others = await other.newPage();
    await others.goto(at.url);
    const foreign = await others.getAttribute(field, "value");
    await other.close();
    for (const changed of [`${token}A`, foreign ?? "", ""]) {
      await at.page.goto(at.url);
      await at.page.locator(field).evaluate((input, value) => input.setAttribute("value", value), changed);
      assert.equal(await keep("10"), "refused");
    }
    await at.page.goto(at.url);
    assert.equal(await keep("10"), "10");
  });
});
