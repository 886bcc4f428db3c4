// The examples of frameworks, driven as a browser does.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Visitor } from "../jar.ts";
import { bin } from "../runtimes/folder.ts";
import { wrangler } from "../runtimes/serve.ts";
import { freePort } from "../servers.ts";
import { type Examples, openExamples } from "./example.ts";

describe("the example of", () => {
  let examples: Examples;
  before(async () => {
    examples = await openExamples();
  });
  after(() => examples.stop());

  const text = async (answer: Promise<Response>) => (await answer).text();

  test("h3 keeps a session, and the handler's own cookie beside it", async () => {
    const folder = examples.open("h3");
    const says = /http:\/\/127\.0\.0\.1:(\d+)/;
    const { url } = await examples.serve(folder, { program: process.execPath, args: ["server.ts"], says, variables: { PORT: "0" } });
    const visitor = new Visitor(url);
    await visitor.get("/");
    assert.deepEqual(visitor.setCookieLines.map((line) => line.split("=", 1)[0]).sort(), ["__Host-session", "theirs"]);
    assert.equal(await text(visitor.get("/")), '{"visits":2}');
    assert.equal(await text(visitor.post("/sign-out")), '{"visits":1}');
  });

  test("Nitro keeps a session on Cloudflare, with the core as a module", async () => {
    const folder = examples.open("nitro");
    await folder.tool("nitro", "build");
    const { url } = await examples.serve(
      folder,
      wrangler(bin("wrangler"), "--config", ".output/server/wrangler.json", "--env-file", join(folder.path, ".env")),
    );
    const visitor = new Visitor(url);
    await visitor.get("/");
    assert.deepEqual(await (await visitor.get("/")).json(), { visits: 2 });
  });

  test("SvelteKit keeps a session on Cloudflare, in loads, sub-requests and form actions", async () => {
    const folder = examples.open("sveltekit");
    await folder.tool("vite", "build", "--logLevel", "warn");
    const { url } = await examples.serve(folder, wrangler(bin("wrangler"), "--env-file", ".env"));
    const visitor = new Visitor(url);
    const said = async (page: Promise<Response>) => /<p>(.*?)<\/p>/.exec(await text(page))?.[1];
    assert.equal(await said(visitor.get("/")), "visits: 1, stored before: 0, new: true");
    assert.equal(await said(visitor.get("/")), "visits: 2, stored before: 1, new: false");
    assert.equal(await said(visitor.post("/?/signOut", {}, { Accept: "text/html" })), "visits: 1, stored before: 0, new: true");
  });

  test("React Router keeps what loaders side by side write", async () => {
    const folder = examples.open("react-router");
    await folder.tool("react-router", "build");
    const port = String(await freePort());
    const args = ["build/server/index.js"];
    const variables = { PORT: port, HOST: "127.0.0.1", NODE_ENV: "production" };
    const { url } = await examples.serve(folder, { program: bin("react-router-serve"), args, says: /http:\/\/.*?:(\d+)/, variables });
    const visitor = new Visitor(url);
    const said = async (page: Promise<Response>) => [...(await text(page)).matchAll(/<p>(.*?)<\/p>/g)].map(([, words]) => words);
    assert.deepEqual(await said(visitor.get("/")), ["pages: 1", "visits: 1"]);
    assert.deepEqual(await said(visitor.get("/")), ["pages: 2", "visits: 2"]);
    assert.deepEqual(await said(visitor.post("/?index")), ["pages: 1", "visits: 1"]);
  });

  test("Astro keeps a session on Cloudflare, in pages and endpoints", async () => {
    const folder = examples.open("astro");
    await folder.tool("astro", "build");
    const { url } = await examples.serve(folder, wrangler(bin("wrangler"), "--config", "dist/server/wrangler.json"));
    const visitor = new Visitor(url);
    const said = async (page: Promise<Response>) => /visits: (\d+)/.exec(await text(page))?.[1];
    assert.equal(await said(visitor.get("/")), "1");
    assert.equal(await said(visitor.get("/")), "2");
    assert.equal(await said(visitor.post("/sign-out")), "1");
  });

  test("Next.js keeps one session in its proxy, routes of both runtimes, server components and actions", async () => {
    const folder = examples.open("next");
    folder.write("next.config.js", `export default { turbopack: { root: ${JSON.stringify(join(folder.path, "../.."))} } };`);
    await folder.tool("next", "build");
    const edge = readdirSync(join(folder.path, ".next/server/edge/chunks"));
    assert.equal(edge.filter((name) => name.endsWith(".wasm")).length, 1, "the edge has the core as a module");
    const args = ["start", "-H", "127.0.0.1", "-p", String(await freePort())];
    const { url } = await examples.serve(folder, { program: bin("next"), args, says: /Local: +http:\/\/127\.0\.0\.1:(\d+)/ });
    const visitor = new Visitor(url);
    assert.deepEqual(await (await visitor.get("/node")).json(), { visits: 1 });
    assert.deepEqual(await (await visitor.get("/edge")).json(), { visits: 2 });
    assert.match(await text(visitor.get("/")), /name: nobody, visits: 2/);
    assert.match(await text(visitor.get("/private")), /name: nobody/);
    const action = /name="(\$ACTION_ID_\w+)"/.exec(await text(visitor.get("/")))?.[1] ?? assert.fail("there is no form");
    const form = new FormData();
    form.set(action, "");
    form.set("name", "ann");
    const headers = { Cookie: `__Host-session=${await visitor.cookie("__Host-session")}`, Origin: url };
    const [page, acted] = await Promise.all([
      fetch(`${url}/private`, { headers }),
      fetch(url, { method: "POST", body: form, headers: { Origin: url }, redirect: "manual" }),
    ]);
    assert.match(page.headers.get("cache-control") ?? "", /\bno-store\b/);
    assert.deepEqual([acted.status, acted.headers.getSetCookie().length], [303, 1]);
    assert.match(acted.headers.get("cache-control") ?? "", /\bno-store\b/);
    assert.match(await text(visitor.send("/", form)), /Hello, ann\./);
    assert.match(await text(visitor.get("/")), /name: ann, visits: 2/);
  });
});
