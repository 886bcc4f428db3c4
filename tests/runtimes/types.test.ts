// Users' code compiles against the packed package.

import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ROOT } from "../package/installed.ts";
import { bin, type Folder, folderIn, openFolder } from "./folder.ts";

const compilers = { "5.9": "typescript-5", "6.0": "typescript-6", "7.0": "typescript" };
const projects = ["tsconfig.worker.json", "tsconfig.node.json"];

describe("code that users write", () => {
  let parent: Folder;
  let folder: Folder;

  before(async () => {
    parent = await openFolder();
    folder = folderIn(parent, "users");
    cpSync(join(ROOT, "tests/users"), folder.path, { recursive: true });
  });
  after(() => parent.remove());

  for (const [version, name] of Object.entries(compilers)) {
    const tsc = (...args: string[]) => folder.run(process.execPath, join(bin("tsc"), "../..", name, "bin/tsc"), ...args);

    for (const project of projects) {
      test(`compiles under TypeScript ${version} with ${project}`, async () => {
        assert.match(await tsc("--version"), new RegExp(`Version ${version.replace(".", "\\.")}\\.`));
        assert.equal(await tsc("--project", project), "");
      });
    }
  }
});
