// The README's form, as friend and foe send it.

import assert from "node:assert/strict";
import { after, before, describe, mock, test } from "node:test";
import { CookieJar } from "tough-cookie";
import { examplesIn, runnable } from "../docs/examples.ts";
import { readProjectFile } from "../docs/markdown.ts";

type Handler = (request: Request, ctx: object) => Promise<Response>;

const ORIGIN = "https://app.example";
const ctx = { waitUntil: () => undefined, passThroughOnException: () => undefined };

let now = Date.now();
const clock = mock.method(Date, "now", () => now);
const running = runnable(examplesIn(readProjectFile("README.md")), {});
let form: Handler;
let signIn: Handler;

before(async () => {
  ({ signInForm: form, signInWithForm: signIn } = await running.load<{ signInForm: Handler; signInWithForm: Handler }>(
    "a-form-that-only-your-pages-send.ts",
  ));
});

after(() => {
  running.remove();
  clock.mock.restore();
});

/** A browser: it keeps cookies, reads the hidden field, and sends the form from the page's own origin. */
class Browser {
  readonly jar = new CookieJar(undefined, { prefixSecurity: "strict" });
  token = "";

  async open(): Promise<void> {
    const response = await this.#keep(await form(await this.#request("GET", {}, undefined), ctx));
    this.token = / name="csrf" value="([^"]*)"/.exec(await response.text())?.[1] ?? "";
    assert.notEqual(this.token, "");
  }

  /** Sends the form and gives the status. */
  async send({ csrf = this.token, origin = ORIGIN }: { csrf?: string | undefined; origin?: string | undefined } = {}): Promise<number> {
    const headers: Record<string, string> = origin === "" ? {} : { origin };
    const request = await this.#request("POST", headers, new URLSearchParams({ csrf, name: "ann", password: "right" }));
    return (await this.#keep(await signIn(request, ctx))).status;
  }

  async #request(method: string, headers: Record<string, string>, body: URLSearchParams | undefined): Promise<Request> {
    const cookie = await this.jar.getCookieString(`${ORIGIN}/`);
    const all = cookie === "" ? headers : { ...headers, cookie };
    return new Request(`${ORIGIN}/`, { method, headers: all, ...(body === undefined ? {} : { body }) });
  }

  async #keep(response: Response): Promise<Response> {
    for (const line of response.headers.getSetCookie()) await this.jar.setCookie(line, `${ORIGIN}/`);
    return response;
  }
}

async function visitor(): Promise<Browser> {
  const browser = new Browser();
  await browser.open();
  return browser;
}

describe("a form with a token", () => {
  test("is taken from the page that it was made for, also by a visitor who had nothing before", async () => {
    assert.equal(await (await visitor()).send(), 303);
  });

  test("is refused with its hidden field tampered with, emptied or made up", async () => {
    const browser = await visitor();
    const { token } = browser;
    const last = token.at(-1) === "A" ? "B" : "A";
    for (const csrf of [token.slice(0, -1) + last, token.slice(1), `${token}A`, "", "login", "null"]) {
      assert.equal(await browser.send({ csrf }), 403);
    }
    assert.equal(await browser.send(), 303);
  });

  test("is refused when it has expired", async () => {
    const browser = await visitor();
    now += 3_599_000;
    assert.equal(await browser.send({ csrf: "" }), 403);
    now += 1000;
    assert.equal(await browser.send(), 403);
    await browser.open();
    assert.equal(await browser.send(), 303);
  });

  test("is refused in another session, though both are true", async () => {
    const [mine, other] = [await visitor(), await visitor()];
    assert.equal(await mine.send({ csrf: other.token }), 403);
    assert.equal(await other.send({ csrf: mine.token }), 403);
    assert.equal(await mine.send(), 303);
  });

  test("is refused from a browser that has no session", async () => {
    const { token } = await visitor();
    assert.equal(await new Browser().send({ csrf: token }), 403);
  });

  test("is refused after the sign-in that it was for", async () => {
    const browser = await visitor();
    assert.equal(await browser.send(), 303);
    assert.equal(await browser.send(), 403);
    await browser.open();
    assert.equal(await browser.send(), 303);
  });

  test("is refused from another origin, and from none", async () => {
    const browser = await visitor();
    for (const origin of ["https://evil.example", "https://app.example.evil.example", "null", ""]) assert.equal(await browser.send({ origin }), 403);
    assert.equal(await browser.send(), 303);
  });
});
