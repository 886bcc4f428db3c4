// Every file opens with one short sentence.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { ROOT, readProjectFile } from "./markdown.ts";

const FOLDERS = ["js", "src", "tests", "demo", "tools", "bench", "fuzz", "examples"];
/** Made by others: not ours to caption. */
const foreign = /(^|\/)(node_modules|target|dist|\..*)(\/|$)/;
/** What the contract gives as users' code compiles as it is. */
const given = /^tests\/users\/(aspnetcore|cloudflare|development|flows|hono|streaming|worker)\.ts$/;
const LONGEST = 60;

function filesBelow(folder: string): string[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true }).map(String);
  return names.filter((name) => /\.(tsx?|m?js|rs)$/.test(name) && !foreign.test(name)).map((name) => `${folder}/${name}`);
}

/** Says what is wrong with how a file opens. */
function complaint(text: string): string | undefined {
  const [first = ""] = text.replace(/^#!.*\n/, "").split("\n", 1);
  const caption = /^\/\/!? (\S.*)$/.exec(first)?.[1];
  if (caption === undefined) return "opens with no caption";
  if (caption.length > LONGEST) return `opens with ${caption.length} characters`;
  if (!caption.endsWith(".")) return "opens with a sentence that does not end";
  return /\. [A-Z]/.test(caption) ? "opens with two sentences" : undefined;
}

describe("every file", () => {
  test(`opens with one sentence of at most ${LONGEST} characters`, () => {
    const files = FOLDERS.flatMap(filesBelow).filter((file) => !given.test(file));
    assert.ok(files.length > 250);
    const wrong = files.map((file) => [file, complaint(readProjectFile(file))]).filter(([, why]) => why !== undefined);
    assert.deepEqual(wrong, []);
  });

  test("would be found out", () => {
    const wrong = [
      "",
      'import x from "y";\n',
      `// ${"x".repeat(60)}.\n`,
      "// No end\n",
      "// One. Two.\n",
      "//\n// Late.\n",
      "/** Another kind. */\n",
    ];
    for (const text of wrong) assert.notEqual(complaint(text), undefined, text);
    for (const text of [`// ${"x".repeat(59)}.\n`, "//! Of Rust.\n", "#!/usr/bin/env node\n// Of a tool.\n"])
      assert.equal(complaint(text), undefined, text);
  });
});
