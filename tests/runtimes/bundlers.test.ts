// The packed package through every bundler.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startChromium } from "../browser/chromium.ts";
import { Visitor } from "../jar.ts";
import { startWorker, type Worker } from "../workerd/harness.ts";
import { type Folder, openFolder } from "./folder.ts";
import { PAGE, PROGRAM, VISITS, WITHOUT_CORE, WORKER } from "./programs.ts";

type Bundler = (folder: Folder, entry: string, out: string, forWorkerd: boolean) => Promise<unknown>;

const bundlers: Record<string, Bundler> = {
  esbuild(folder, entry, out, forWorkerd) {
    const target = forWorkerd ? ["--conditions=workerd", "--external:*.wasm?module"] : ["--platform=node"];
    return folder.tool("esbuild", entry, "--bundle", "--format=esm", `--outfile=${out}`, ...target);
  },
  rollup(folder, entry, out, forWorkerd) {
    const conditions = forWorkerd ? ["workerd", "default"] : ["node", "default"];
    folder.write(
      "rollup.config.mjs",
      `import resolve from "@rollup/plugin-node-resolve";
export default { external: /\\.wasm\\?module$/, plugins: [resolve({ exportConditions: ${JSON.stringify(conditions)} })] };`,
    );
    return folder.tool("rollup", "--config", "rollup.config.mjs", "--input", entry, "--file", out, "--format", "es", "--silent");
  },
};

let folder: Folder;
before(async () => {
  folder = await openFolder();
  folder.write("program.js", PROGRAM);
  folder.write("worker.js", WORKER);
});
after(() => folder.remove());

/** Runs what was bundled for workerd, with the one module that it imports beside it. */
function started(script: string): Promise<Worker> {
  const name = /from\s*["']([^"']+\.wasm\?module)["']/.exec(script)?.[1] ?? assert.fail("no module is imported");
  const wasm = readFileSync(join(folder.path, "node_modules/edge-session/dist/edge_session_bg.wasm"));
  return startWorker({ bundled: { script: script.replace(name, "./core.wasm"), modules: new Map([["core.wasm", wasm]]) } });
}

for (const [name, bundle] of Object.entries(bundlers)) {
  describe(`a bundle by ${name}`, () => {
    test("runs in Node", async () => {
      await bundle(folder, "program.js", `${name}/program.mjs`, false);
      assert.equal((await folder.run(process.execPath, `${name}/program.mjs`)).trim(), VISITS);
    });

    test("runs in workerd, which compiles nothing from bytes", async (context) => {
      await bundle(folder, "worker.js", `${name}/worker.js`, true);
      const script = folder.read(`${name}/worker.js`);
      assert.equal(script.includes("new WebAssembly.Module("), false);
      const worker = await started(script);
      context.after(worker.stop);
      const visitor = new Visitor(worker.url);
      await visitor.get("/");
      assert.deepEqual(await (await visitor.get("/")).json(), { visits: 2 });
    });

    for (const [what, source] of Object.entries(WITHOUT_CORE)) {
      test(`holds no WebAssembly where only ${what} is imported`, async () => {
        folder.write("part.js", source);
        await bundle(folder, "part.js", `${name}/part.mjs`, false);
        const text = folder.read(`${name}/part.mjs`);
        assert.equal(text.includes("WebAssembly"), false);
        assert.ok(text.length < 40_000, `${text.length} characters`);
        assert.notEqual((await folder.run(process.execPath, `${name}/part.mjs`)).trim(), "");
      });
    }
  });
}

describe("a bundler that takes workerd's condition and knows no modules of WebAssembly", () => {
  test("fails without an alias, and bundles with the one that is exported", async () => {
    const args = ["program.js", "--bundle", "--format=esm", "--conditions=workerd", "--outfile=alias/program.mjs"];
    await assert.rejects(folder.tool("esbuild", ...args), /edge_session_bg\.wasm/);
    await folder.tool("esbuild", ...args, "--alias:#wasm=edge-session/wasm-inline");
    assert.equal((await folder.run(process.execPath, "alias/program.mjs")).trim(), VISITS);
  });
});

describe("a page built by Vite", () => {
  test("runs in Chromium, and holds the core once", async (context) => {
    folder.write("page/index.html", '<!doctype html><title>-</title><script type="module" src="./page.js"></script>');
    folder.write("page/page.js", PAGE);
    await folder.tool("vite", "build", "page", "--logLevel", "warn");
    const built = join(folder.path, "page/dist");
    assert.deepEqual(readdirSync(join(built, "assets")).length, 1);
    const browser = await startChromium();
    context.after(() => browser.close());
    const page = await browser.newPage();
    await page.route("https://shop.example/**", (route) => {
      const { pathname } = new URL(route.request().url());
      return route.fulfill({ path: join(built, pathname === "/" ? "index.html" : pathname) });
    });
    await page.goto("https://shop.example/");
    await page.waitForFunction("document.title !== '-'");
    assert.equal(await page.title(), VISITS);
  });
});
