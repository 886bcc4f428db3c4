// What is published together agrees.
// It is published with care.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { ROOT } from "./installed.ts";

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const manifest = JSON.parse(read("package.json")) as Record<string, unknown>;
const crate = (field: string) => new RegExp(`^${field} = "(.*)"$`, "m").exec(read("Cargo.toml"))?.[1];

describe("the crate and the package", () => {
  test("have one name, version, description and licence", () => {
    for (const field of ["name", "version", "description", "license"]) assert.equal(crate(field), manifest[field], field);
  });

  test("have that version in both lock files", () => {
    const lock = JSON.parse(read("package-lock.json")) as { version: string; packages: Record<string, { version?: string }> };
    assert.deepEqual([lock.version, lock.packages[""]?.version], [manifest.version, manifest.version]);
    assert.equal(/name = "edge-session"\nversion = "(.*)"/.exec(read("Cargo.lock"))?.[1], manifest.version);
  });

  test("bring no script that runs when they are installed", () => {
    const scripts = Object.keys(manifest.scripts as object);
    assert.deepEqual(
      scripts.filter((name) => /^(pre|post)?(install|prepare|pack|publish)/.test(name)),
      [],
    );
    assert.doesNotMatch(read("Cargo.toml"), /^build = |^links = /m);
  });
});

describe("the module", () => {
  test("names no folder of the machine that built it", () => {
    const module = readFileSync(join(ROOT, "dist/edge_session_bg.wasm"));
    for (const folder of [ROOT, homedir()]) assert.ok(!module.includes(`${folder}/`), folder);
  });
});

describe("the workflow that publishes", () => {
  const workflow = read(".github/workflows/publish.yml");

  test("runs for tags only, and publishes what it tested", () => {
    assert.match(workflow, /^on:\n {2}push:\n {4}tags: \["v\*"\]\n\n/m);
    const order = ["GITHUB_REF_NAME", ".ci/run", "publish --provenance", "cargo publish"].map((step) => workflow.indexOf(step));
    assert.ok(order.every((at) => at > 0));
    assert.deepEqual(
      order.toSorted((a, b) => a - b),
      order,
    );
  });

  test("has no stored token, and no right that it does not need", () => {
    assert.doesNotMatch(workflow, /secrets\.|NPM_TOKEN|NODE_AUTH_TOKEN/);
    assert.match(workflow, /^permissions: \{\}$/m);
    assert.deepEqual(
      [...workflow.matchAll(/^ {6}([\w-]+): (read|write)$/gm)].map(([line]) => line.trim()),
      ["contents: read", "id-token: write"],
    );
  });

  test("pins each action to a commit, but the one that is said to be by tag", () => {
    const actions = [...workflow.matchAll(/uses: ([\w/-]+)@(\S+)/g)].map(([, name, at = ""]) => [name, /^[0-9a-f]{40}$/.test(at)]);
    assert.deepEqual(actions, [
      ["actions/checkout", true],
      ["actions/setup-node", true],
      ["rust-lang/crates-io-auth-action", false],
    ]);
  });
});
