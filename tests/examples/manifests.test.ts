// The examples name what they need as it is tried here.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { ROOT } from "../package/installed.ts";

interface Manifest {
  readonly version?: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const manifest = (path: string) => JSON.parse(read(path)) as Manifest;
const folders = readdirSync(join(ROOT, "examples"), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
const sources = (name: string) =>
  readdirSync(join(ROOT, "examples", name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|tsx|js|mjs)$/.test(entry.name))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));

describe("the examples", () => {
  test("are all listed", () => {
    const listed = [...read("examples/README.md").matchAll(/^\| \[([\w-]+)\]/gm)].map(([, name]) => name);
    assert.deepEqual(listed.toSorted(), folders.toSorted());
  });

  test("in Rust need the wasm-bindgen that the project has", () => {
    const locked = (path: string) => /name = "wasm-bindgen"\nversion = "(.*)"/.exec(read(path))?.[1];
    assert.notEqual(locked("Cargo.lock"), undefined);
    assert.equal(locked("examples/rust-worker/Cargo.lock"), locked("Cargo.lock"));
  });

  for (const name of folders.filter((folder) => existsSync(join(ROOT, "examples", folder, "package.json")))) {
    test(`in ${name} need the versions that they are tried with, and name all they import`, () => {
      const { dependencies, devDependencies } = manifest(`examples/${name}/package.json`);
      const needed = { ...dependencies, ...devDependencies };
      const tried: Record<string, string | undefined> = {
        ...manifest("tests/runtimes/package.json").dependencies,
        "edge-session": manifest("package.json").version,
      };
      for (const [dependency, version] of Object.entries(needed)) assert.equal(version, tried[dependency], dependency);
      const imported = sources(name).flatMap((text) => [...text.matchAll(/from "((?:@[\w-]+\/)?[\w-]+)(?:\/[\w/-]+)?";/g)].map(([, of]) => of ?? ""));
      assert.ok(imported.includes("edge-session"));
      assert.deepEqual(
        [...new Set(imported)].filter((of) => needed[of] === undefined && of !== "node"),
        [],
      );
    });
  }
});
