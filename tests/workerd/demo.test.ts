// The demo in real workerd, as a visitor with cookies sees it.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { Visitor } from "../jar.ts";
import { startWorker, type Worker } from "./harness.ts";

const COOKIE = "__Host-session";
const LINE = /^__Host-session=[A-Za-z0-9_-]{96}; Path=\/; Secure; HttpOnly; SameSite=Lax$/;
const EXPIRED = /^__Host-session=; (?=.*Path=\/)(?=.*Secure)(?=.*(Max-Age=0|Expires=Thu, 01 Jan 1970))/;

describe("the demo", () => {
  let worker: Worker;

  before(async () => {
    worker = await startWorker({ entry: "demo/worker.ts", bindings: { SESSION_SECRET: randomBytes(32).toString("base64url") } });
  });
  after(() => worker.stop());

  const visits = async (visitor: Visitor) => ((await (await visitor.get("/api/visits")).json()) as { visits: number }).visits;
  const amount = async (answer: Response, product: string) => Number(new RegExp(`<output id="${product}">(\\d+)<`).exec(await answer.text())?.[1]);

  test("counts a visitor's visits", async () => {
    const visitor = new Visitor(worker.url);
    assert.equal(await visits(visitor), 1);
    assert.equal(await visits(visitor), 2);
    assert.equal(await visits(visitor), 3);
  });

  test("counts each visitor apart", async () => {
    const one = new Visitor(worker.url);
    await visits(one);
    assert.equal(await visits(new Visitor(worker.url)), 1);
    assert.equal(await visits(one), 2);
  });

  test("sets its cookie once, with the first answer, and no other", async () => {
    const visitor = new Visitor(worker.url);
    await visitor.get("/");
    assert.equal(visitor.setCookieLines.length, 1);
    assert.match(visitor.setCookieLines[0] ?? "", LINE);
    await visitor.get("/");
    assert.deepEqual(visitor.setCookieLines, []);
  });

  test("keeps its pages out of shared caches", async () => {
    const answer = await new Visitor(worker.url).get("/");
    assert.equal(answer.headers.get("Cache-Control"), "private, no-store");
  });

  test("touches no session where none is needed", async () => {
    const visitor = new Visitor(worker.url);
    for (const path of ["/health", "/nothing"]) {
      const answer = await visitor.get(path);
      assert.deepEqual([path, visitor.setCookieLines, answer.headers.get("Cache-Control")], [path, [], null]);
    }
  });

  test("keeps a cart", async () => {
    const visitor = new Visitor(worker.url);
    await visitor.post("/cart/add", { product: "Bread" });
    assert.equal(await amount(await visitor.post("/cart/add", { product: "Bread" }), "Bread"), 2);
    assert.equal(await amount(await visitor.post("/cart/remove", { product: "Bread" }), "Bread"), 1);
    assert.equal(await amount(await visitor.post("/cart/remove", { product: "Bread" }), "Bread"), 0);
    assert.equal(await amount(await visitor.post("/cart/remove", { product: "Bread" }), "Bread"), 0);
  });

  test("keeps all of 40 things added at once", async () => {
    const visitor = new Visitor(worker.url);
    await visitor.get("/");
    const answers = await Promise.all(Array.from({ length: 40 }, () => visitor.post("/cart/add", { product: "Dates" })));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    await Promise.all(answers.map((answer) => answer.body?.cancel()));
    assert.equal(await amount(await visitor.get("/"), "Dates"), 40);
  });

  test("refuses what is not in the shop, and keeps the cart", async () => {
    const visitor = new Visitor(worker.url);
    await visitor.post("/cart/add", { product: "Coffee" });
    assert.equal((await visitor.post("/cart/add", { product: "<script>" })).status, 400);
    assert.equal((await visitor.post("/cart/add")).status, 400);
    assert.equal(await amount(await visitor.get("/"), "Coffee"), 1);
  });

  test("refuses a form that another site sends", async () => {
    const visitor = new Visitor(worker.url);
    await visitor.post("/cart/add", { product: "Coffee" });
    assert.equal((await visitor.post("/cart/add", { product: "Coffee" }, { Origin: "https://elsewhere.example" })).status, 403);
    assert.equal((await visitor.post("/sign-out", {}, { Origin: "null" })).status, 403);
    assert.equal(await amount(await visitor.get("/"), "Coffee"), 1);
  });

  test("gives a visitor who signs in another id, and keeps the cart", async () => {
    const visitor = new Visitor(worker.url);
    await visitor.post("/cart/add", { product: "Apples" });
    const before = await visitor.cookie(COOKIE);
    const answer = await visitor.post("/sign-in", { name: "Ada <3" });
    const after = await visitor.cookie(COOKIE);
    const html = await answer.text();
    assert.equal(visitor.setCookieLines.length, 1);
    assert.notEqual(after, before);
    assert.match(html, /Hello, Ada &#60;3</);
    assert.match(html, /<output id="Apples">1</);
  });

  test("gives the cookie from before a sign-in nothing of what came after", async () => {
    const visitor = new Visitor(worker.url);
    await visitor.get("/");
    const old = await visitor.cookie(COOKIE);
    await visitor.post("/sign-in", { name: "Ada" });
    const answer = await fetch(`${worker.url}/`, { headers: { Cookie: `${COOKIE}=${old}` } });
    assert.doesNotMatch(await answer.text(), /Ada/);
    assert.deepEqual(answer.headers.getSetCookie(), []);
  });

  test("ends the session of a visitor who signs out, everywhere", async () => {
    const visitor = new Visitor(worker.url);
    await visitor.post("/sign-in", { name: "Ada" });
    const old = await visitor.cookie(COOKIE);
    const answer = await visitor.post("/sign-out");
    assert.doesNotMatch(await answer.text(), /Ada/);
    assert.match(visitor.setCookieLines[0] ?? "", EXPIRED);
    const kept = await fetch(`${worker.url}/`, { headers: { Cookie: `${COOKIE}=${old}` } });
    assert.doesNotMatch(await kept.text(), /Ada/);
  });

  test("says once that a visitor has signed out", async () => {
    const visitor = new Visitor(worker.url);
    await visitor.post("/sign-in", { name: "Ada" });
    assert.match(await (await visitor.post("/sign-out")).text(), /role="status">Signed out\.</);
    assert.equal(await visitor.cookie(`${COOKIE}-temp`), undefined);
    assert.doesNotMatch(await (await visitor.get("/")).text(), /Signed out/);
  });

  test("takes a cookie that it did not make for none", async () => {
    for (const value of ["", "x", "A".repeat(96), "%", '"'.repeat(9)]) {
      const answer = await fetch(`${worker.url}/api/visits`, { headers: { Cookie: `${COOKIE}=${value}` } });
      assert.deepEqual([value, await answer.json()], [value, { visits: 1 }]);
    }
  });
});
