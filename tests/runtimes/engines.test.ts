// The packed package in every engine, as it is.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { systemNode } from "../package/installed.ts";
import { bin, type Folder, openFolder } from "./folder.ts";
import { PROGRAM, VISITS } from "./programs.ts";

/** The same for code that is no module; it needs an engine that can `require` modules. */
const REQUIRING = PROGRAM.replace(/import (\{.*\}) from (".*");/, "const $1 = require($2);")
  .replace("export async", "async")
  .replace("console.log(await visits())", "visits().then(console.log)");

describe("a program with sessions", () => {
  let folder: Folder;

  before(async () => {
    folder = await openFolder();
    folder.write("program.mjs", PROGRAM);
    folder.write("program.cjs", REQUIRING);
  });
  after(() => folder.remove());

  const said = async (program: string, ...args: string[]) => (await folder.run(program, ...args)).trim();

  test("runs in Node 24, imported or required", async () => {
    assert.match(process.version, /^v24\./);
    assert.equal(await said(process.execPath, "program.mjs"), VISITS);
    assert.equal(await said(process.execPath, "program.cjs"), VISITS);
  });

  test("runs in the Node that the machine has, 20 or later", async () => {
    assert.ok(Number((await said(systemNode(), "-p", "process.versions.node")).split(".")[0]) >= 20);
    assert.equal(await said(systemNode(), "program.mjs"), VISITS);
  });

  test("runs in Deno, without any permission", async () => {
    const deno = { ...folder.env, DENO_DIR: join(folder.path, "deno") };
    assert.equal(
      await said("env", `DENO_DIR=${deno.DENO_DIR}`, bin("deno"), "run", "--no-prompt", "--node-modules-dir=manual", "program.mjs"),
      VISITS,
    );
  });

  test("runs in Bun", async () => {
    assert.equal(await said(bin("bun"), "run", "program.mjs"), VISITS);
  });

  test("runs as one executable made by Bun, away from its packages", async () => {
    await said(bin("bun"), "build", "--compile", "program.mjs", "--outfile", "elsewhere/program");
    assert.equal(await said("env", "-C", "/", join(folder.path, "elsewhere/program")), VISITS);
  });
});
