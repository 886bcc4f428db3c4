// Links, versions and paths in the documents lead somewhere.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { codesIn, ROOT, readProjectFile } from "./markdown.ts";

const documents = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"];

/** A heading's anchor, as code hosts make it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}

function anchorsOf(file: string): string[] {
  const text = readProjectFile(file).replace(/^```[\s\S]*?^```$/gm, "");
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading));
}

for (const document of documents) {
  describe(document, () => {
    const text = readProjectFile(document);

    test("links to what is there", () => {
      for (const [, target = ""] of text.matchAll(/\]\(([^)]+)\)/g)) {
        if (target.startsWith("https:")) continue;
        const [file = "", anchor] = target.split("#");
        assert.ok(existsSync(join(ROOT, file === "" ? document : file)), target);
        if (anchor !== undefined) assert.ok(anchorsOf(file === "" ? document : file).includes(anchor), target);
      }
    });

    test("names paths that are there", () => {
      const prose = text.replace(/^```[\s\S]*?^```$/gm, "");
      const paths = codesIn(prose).filter((code) => /^(src|js|tests|tools|demo|bench|\.cargo)\/[\w./-]*$|^[A-Z]\w+\.toml$/.test(code));
      for (const path of paths) assert.ok(existsSync(join(ROOT, path)), path);
    });

    test("opens with a heading, and names no other machine's folders", () => {
      assert.match(text, /^# \S/);
      assert.doesNotMatch(text, /\/(work|tmp|root|home)\//);
    });
  });
}

describe("CHANGELOG.md", () => {
  const text = readProjectFile("CHANGELOG.md");
  const manifest = JSON.parse(readProjectFile("package.json")) as { version: string };

  test("has Unreleased on top, and the version that is next", () => {
    assert.equal(/^## (.*)$/m.exec(text)?.[1], "Unreleased");
    assert.ok(text.includes(manifest.version));
  });

  test("counts the codes of SessionError right", () => {
    const union = /export type SessionErrorCode =([\s\S]*?);\n\n/.exec(readProjectFile("js/errors.ts"))?.[1] ?? "";
    assert.equal(Number(/(\d+) stable codes/.exec(text)?.[1]), [...union.matchAll(/\| "/g)].length);
  });
});

describe("CONTRIBUTING.md", () => {
  test("asks for the Rust that the crate asks for", () => {
    const version = /^rust-version = "(.*)"$/m.exec(readProjectFile("Cargo.toml"))?.[1];
    assert.ok(readProjectFile("CONTRIBUTING.md").includes(`Rust ${version} or later`));
  });

  test("names the commands that the tests need", () => {
    const needed = /ensureCommands\(((?:"[\w-]+"(?:, )?)+)\)/.exec(readProjectFile("tools/test.mjs"))?.[1] ?? "";
    const names = [...needed.matchAll(/"([\w-]+)"/g)].map(([, name = ""]) => name);
    assert.ok(names.length > 3);
    for (const name of names) assert.ok(readProjectFile("CONTRIBUTING.md").includes(`\`${name}\``), name);
  });
});
