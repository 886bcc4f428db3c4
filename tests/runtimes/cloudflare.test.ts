// The packed package with Cloudflare's own tools.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { blocksOf } from "../docs/markdown.ts";
import { Visitor } from "../jar.ts";
import { ROOT } from "../package/installed.ts";
import { startRedis, startUpstash } from "../servers.ts";
import { bin, type Folder, folderIn, openFolder } from "./folder.ts";
import { PROGRAM, VISITS, WORKER } from "./programs.ts";
import { serve, wrangler } from "./serve.ts";

const SETTINGS = 'name = "shop"\nmain = "worker.js"\ncompatibility_date = "2026-08-01"\n';

describe("a worker with sessions", () => {
  let parent: Folder;

  before(async () => {
    parent = await openFolder();
  });
  after(() => parent.remove());

  test("runs under wrangler dev", async (context) => {
    const folder = folderIn(parent, "dev");
    folder.write("worker.js", WORKER);
    folder.write("wrangler.toml", SETTINGS);
    const serving = await serve(folder, wrangler(bin("wrangler")));
    context.after(serving.stop);
    const visitor = new Visitor(serving.url);
    await visitor.get("/");
    assert.deepEqual(await (await visitor.get("/")).json(), { visits: 2 });
  });

  test("is made by the README's first steps, in order, in an empty folder", async (context) => {
    const folder = folderIn(parent, "first");
    const token = randomBytes(32).toString("base64url");
    const redis = await startRedis();
    context.after(redis.stop);
    const front = await startUpstash({ redisPort: redis.port, token });
    context.after(front.stop);
    const readme = readFileSync(join(ROOT, "README.md"), "utf8");
    const blocks = blocksOf(readme).filter(({ heading }) => heading === "The first five minutes");
    const named = (language: string) => blocks.find((block) => block.language === language)?.text ?? assert.fail(language);
    const [install = "", secrets = "", commands = ""] = blocks.filter(({ language }) => language === "sh").map(({ text }) => text);
    assert.equal(install, "npm install edge-session\nnpm install --save-dev wrangler typescript\n");
    for (const [name, language] of [
      ["worker.ts", "ts"],
      ["wrangler.toml", "toml"],
      ["tsconfig.json", "jsonc"],
    ] as const) {
      assert.ok(readme.includes(`\`${name}\``), name);
      folder.write(name, named(language));
    }
    await folder.run("bash", "-c", secrets);
    assert.equal(folder.read(".gitignore"), ".dev.vars\n");
    const written = folder.read(".dev.vars");
    assert.ok((/^SESSION_SECRET="(.*)"$/m.exec(written)?.[1] ?? "").length >= 32);
    folder.write(".dev.vars", written.replace("https://<name>.upstash.io", front.url).replace("<token>", token));
    const steps = [...commands.matchAll(/^npx ([^#\n]*?)(?: +#.*)?$/gm)].map(([, step]) => step);
    assert.deepEqual(steps, ["wrangler types", "tsc", "wrangler dev", "wrangler secret put SESSION_SECRET", "wrangler deploy"]);
    await assert.rejects(folder.tool("tsc"), /error TS2688: Cannot find type definition file for '.\/worker-configuration.d.ts'/);
    await folder.tool("wrangler", "types");
    assert.equal(await folder.tool("tsc"), "");
    const serving = await serve(folder, wrangler(bin("wrangler")));
    context.after(serving.stop);
    const visitor = new Visitor(serving.url);
    await visitor.get("/");
    assert.deepEqual(await (await visitor.get("/")).json(), { visits: 2 });
  });

  test("is uploaded with its core as a module of its own", async () => {
    const folder = folderIn(parent, "deployed");
    folder.write("worker.js", WORKER);
    folder.write("wrangler.toml", SETTINGS);
    await folder.tool("wrangler", "deploy", "--dry-run", "--outdir", "out");
    const files = readdirSync(join(folder.path, "out"));
    const modules = files.filter((name) => name.endsWith(".wasm"));
    assert.equal(modules.length, 1);
    assert.ok(statSync(join(folder.path, "out", modules[0] ?? "")).size > 50_000);
    const script = folder.read("out/worker.js");
    assert.ok(script.length < 200_000, `${script.length} characters`);
    assert.equal(script.includes("new WebAssembly.Module("), false);
  });

  test("is tested by @cloudflare/vitest-pool-workers", async () => {
    const folder = folderIn(parent, "tested");
    folder.write("wrangler.toml", SETTINGS);
    folder.write("worker.js", WORKER);
    folder.write("visits.js", PROGRAM.replace("console.log(await visits());", ""));
    folder.write(
      "vitest.config.js",
      `import { cloudflareTest } from "@cloudflare/vitest-pool-workers";
export default { plugins: [cloudflareTest({ wrangler: { configPath: "./wrangler.toml" } })] };`,
    );
    folder.write(
      "worker.test.js",
      `import { exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { visits } from "./visits.js";

test("counts", async () => {
  expect(await visits()).toBe("${VISITS}");
});

test("answers", async () => {
  const first = await exports.default.fetch("https://shop.example/");
  const cookie = first.headers.getSetCookie()[0].split(";")[0];
  const second = await exports.default.fetch(new Request("https://shop.example/", { headers: { cookie } }));
  expect(await second.json()).toEqual({ visits: 2 });
});`,
    );
    assert.match(await folder.tool("vitest", "run"), /2 passed/);
  });
});
