// Each rule that can be taken out stands in one place.

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { ROOT, readProjectFile } from "./markdown.ts";

/** A rule's name, its file, what stands there, and what stands there without it. */
type Rule = readonly [name: string, file: string, there: string, instead: string];

const { rules }: { rules: readonly Rule[] } = await import(join(ROOT, "tools/rules.mjs"));

describe("the rules of the commit", () => {
  test("each stand in one place, so that it can be taken out", () => {
    const places = rules.map(([name, file, there]) => [name, readProjectFile(file).split(there).length - 1]);
    assert.deepEqual(
      places.filter(([, count]) => count !== 1),
      [],
    );
  });

  test("are each another without it", () => {
    for (const [name, , there, instead] of rules) assert.notEqual(instead, there, name);
    assert.equal(new Set(rules.map(([name]) => name)).size, rules.length);
  });
});
