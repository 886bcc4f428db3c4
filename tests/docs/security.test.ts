// Every rule of SECURITY names a test that is there.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { codesIn, ROOT, readProjectFile, tablesOf } from "./markdown.ts";

const security = readProjectFile("SECURITY.md");
const rules = tablesOf(security).flatMap(({ rows }) => rows.filter((row) => row.has("rule")));

interface Claim {
  readonly file: string;
  readonly name: string;
}

/** The tests that a cell names: files, each with the names that follow it. */
function claimsIn(cell: string): Claim[] {
  return cell.split("; `").flatMap((part) => {
    const [file = "", ...names] = codesIn(part.startsWith("`") ? part : `\`${part}`);
    return names.map((name) => ({ file, name }));
  });
}

/** Whether a file has a test of that name: a Rust function, or a call with the name as its first argument. */
function hasTest({ file, name }: Claim): boolean {
  if (!existsSync(join(ROOT, file))) return false;
  const source = readProjectFile(file);
  if (file.endsWith(".rs")) return new RegExp(`^\\s*(pub )?fn ${name}\\(`, "m").test(source);
  return [`"${name}"`, `'${name}'`, `\`${name}\``].some((quoted) => new RegExp(`\\b(test|it|story|law)\\(\\s*${escaped(quoted)}`).test(source));
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

describe("SECURITY", () => {
  test("names for each rule a test that is there", () => {
    assert.ok(rules.length > 60);
    for (const row of rules) {
      const claims = claimsIn(row.get("test") ?? "");
      assert.ok(claims.length > 0, row.get("rule"));
      for (const claim of claims) assert.ok(hasTest(claim), `${row.get("rule")}: ${claim.file} has no ${claim.name}`);
    }
  });

  test("would see a test that is gone", () => {
    assert.ok(!hasTest({ file: "tests/tokens.rs", name: "no_flipped_bit_is" }));
    assert.ok(!hasTest({ file: "tests/api/gone.test.ts", name: "is one line however often it is applied" }));
    assert.ok(!hasTest({ file: "tests/api/headers.test.ts", name: "is one line however often" }));
  });

  test("names each rule once", () => {
    const names = rules.map((row) => row.get("rule"));
    assert.deepEqual(names, [...new Set(names)]);
    for (const name of names) assert.match(name ?? "", /^(SEC|REL)-\d+$/);
  });
});

describe("the threat model", () => {
  test("names rules that are there, for everybody whom it fears", () => {
    const known = new Set(rules.map((row) => row.get("rule")));
    const threats = tablesOf(security).flatMap(({ rows }) => rows.filter((row) => row.has("is kept from")));
    assert.ok(threats.length > 6);
    for (const row of threats) {
      const named = row.get("by")?.match(/\b(SEC|REL)-\d+\b/g) ?? [];
      assert.ok(named.length > 0, row.get("who"));
      for (const rule of named) assert.ok(known.has(rule), `${row.get("who")}: ${rule}`);
    }
  });
});

describe("ARCHITECTURE", () => {
  test("names tests for its nevers that are there", () => {
    const architecture = readProjectFile("ARCHITECTURE.md");
    const named = [...architecture.matchAll(/`(tests\/\S+\.test\.ts)`: ((?:"[^"]+"(?:; )?)+)/g)];
    assert.ok(named.length > 6);
    for (const [, file = "", names = ""] of named) {
      for (const [, name = ""] of names.matchAll(/"([^"]+)"/g)) {
        assert.ok(hasTest({ file, name }), `${file} has no ${name}`);
      }
    }
  });
});
