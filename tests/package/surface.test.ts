// The public types are those that are written down.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { surface, writtenSurface } from "./surface.ts";

describe("the public types", () => {
  test("are those of surface.txt, which `npm run fix` writes anew", () => {
    const differ = differences(writtenSurface(), surface());
    assert.deepEqual(differ, [], "the public types have changed: see the diff after `npm run fix`, and tell users in CHANGELOG.md");
  });

  test("name no type that is not told with them", () => {
    const text = surface();
    for (const inner of ["Visit", "Settings", "Core", "Outcome", "Budget"]) assert.doesNotMatch(text, new RegExp(`\\b${inner}\\b`), inner);
    for (const shown of ["SessionsOptions", "HttpStoreOptions", "SessionErrorCode", "StoreIo"])
      assert.match(text, new RegExp(`^(interface|type) ${shown}\\b`, "m"), shown);
    assert.match(text, /\| "commit-ambiguous"/);
  });
});

/** The lines that only one of two texts has. */
function differences(said: string, is: string): string[] {
  const [before, after] = [said.split("\n"), is.split("\n")];
  const differ = [
    ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
  ];
  return differ.length > 0 || said === is ? differ : ["their order, or how often they are there"];
}
