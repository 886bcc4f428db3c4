// The floor plan and the nevers are what the sources do.

import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, test } from "node:test";
import { blocksOf, codesIn, ROOT, readProjectFile, tablesOf } from "./markdown.ts";

const architecture = readProjectFile("ARCHITECTURE.md");

/** Each file or folder of a tree, with its floor. */
type Plan = ReadonlyMap<string, number>;

function planOf(tree: string): Plan {
  const block = blocksOf(architecture).find(({ language }) => language === `plan ${tree}`);
  assert.ok(block, `there is a plan of ${tree}`);
  const lines = block.text.trimEnd().split("\n");
  return new Map(
    lines.map((line) => {
      const [, path = "", what = "", floor] = /^(\S+)\s+(\S.*?)\s+(\d+)$/.exec(line) ?? [];
      assert.ok(path !== "" && what !== "", line);
      return [path, Number(floor)];
    }),
  );
}

function filesBelow(folder: string): string[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true }).map((name) => `${folder}/${name}`);
  return names.filter((name) => statSync(join(ROOT, name)).isFile()).sort();
}

/** The plan's entry that a file belongs to: itself, or its folder. */
function entryOf(plan: Plan, file: string): string | undefined {
  return plan.has(file) ? file : [...plan.keys()].find((entry) => entry.endsWith("/") && file.startsWith(entry));
}

/** What a TypeScript file of ours imports from ours. */
function importsOfTypeScript(file: string): string[] {
  const named = [...readProjectFile(file).matchAll(/from "(\.[^"]+)"/g)].map(([, path = ""]) => posix.join(posix.dirname(file), path));
  return named.filter((path) => path.endsWith(".ts"));
}

/** What a Rust file of ours uses of ours. */
function importsOfRust(file: string): string[] {
  const source = sourceOf(file);
  const modules = [...source.matchAll(/\bcrate::(\w+)/g)].map(([, name = ""]) => name);
  return [...new Set(modules)].map(
    (name) => [`src/${name}.rs`, `src/${name}/mod.rs`].find((path) => filesBelow("src").includes(path)) ?? `src/lib.rs`,
  );
}

/** A Rust file's text without its tests and comments. */
function sourceOf(file: string): string {
  return (readProjectFile(file).split("#[cfg(test)]")[0] ?? "").replace(/^\s*\/\/.*$/gm, "");
}

/** Each import that does not fall. */
function risesIn(plan: Plan, files: readonly string[], importsOf: (file: string) => string[]): string[] {
  return files.flatMap((file) => {
    const from = entryOf(plan, file) ?? file;
    const rises = importsOf(file).filter((target) => {
      const to = entryOf(plan, target) ?? target;
      return from !== to && (plan.get(from) ?? 0) <= (plan.get(to) ?? 0);
    });
    return rises.map((target) => `${file} imports ${target}`);
  });
}

const trees = { js: importsOfTypeScript, src: importsOfRust } as const;

describe("the floor plan", () => {
  for (const tree of Object.keys(trees)) {
    test(`of ${tree} has every file and no other`, () => {
      const plan = planOf(tree);
      const files = filesBelow(tree);
      assert.deepEqual(
        files.filter((file) => entryOf(plan, file) === undefined),
        [],
      );
      assert.deepEqual(
        [...plan.keys()].filter((entry) => !files.some((file) => entryOf(plan, file) === entry)),
        [],
      );
    });
  }

  test("every import goes down the floor plan", () => {
    for (const [tree, importsOf] of Object.entries(trees)) {
      assert.ok(filesBelow(tree).flatMap(importsOf).length > 20);
      assert.deepEqual(risesIn(planOf(tree), filesBelow(tree), importsOf), []);
    }
  });

  test("sees an import that rises", () => {
    assert.deepEqual(
      risesIn(planOf("js"), ["js/errors.ts", "js/calls.ts"], () => ["js/visit.ts"]),
      ["js/errors.ts imports js/visit.ts"],
    );
  });
});

describe("the nevers", () => {
  const core = filesBelow("src").filter((file) => !file.startsWith("src/bindings/"));

  test("the core names neither JavaScript nor a clock nor randomness", () => {
    const words = /\b(wasm_bindgen|js_sys|web_sys|getrandom|std::time|SystemTime|Instant|std::net|std::fs|std::env|rand::)\b/;
    assert.deepEqual(
      core.filter((file) => words.test(sourceOf(file))),
      [],
    );
    assert.ok(words.test(readProjectFile("src/bindings/mod.rs")));
  });

  test("the core's crates for JavaScript are optional", () => {
    const manifest = readProjectFile("Cargo.toml");
    for (const crate of ["getrandom", "wasm-bindgen"]) assert.match(manifest, new RegExp(`^${crate} = \\{.*optional = true.*\\}$`, "m"));
    assert.doesNotMatch(/^default = .*$/m.exec(manifest)?.[0] ?? "npm", /npm/);
  });

  test("clippy denies what could panic", () => {
    const lints = /\[lints\.clippy\]\n([\s\S]*)/.exec(readProjectFile("Cargo.toml"))?.[1] ?? "";
    for (const lint of ["unwrap_used", "expect_used", "panic", "indexing_slicing", "arithmetic_side_effects"])
      assert.match(lints, new RegExp(`^${lint} = "deny"$`, "m"));
    for (const file of core) assert.doesNotMatch(sourceOf(file), /allow\(clippy::(unwrap|expect|panic|indexing|arithmetic)/, file);
  });

  test("no export of the core is async or takes itself mutably", () => {
    for (const file of filesBelow("src/bindings")) assert.doesNotMatch(sourceOf(file), /\basync fn\b|\bpub fn \w+\(&mut self/, file);
  });

  test("core.ts is the only door to the compiled module", () => {
    const doors = filesBelow("js").filter((file) => /from "(#wasm|\.{1,2}\/edge_session\.js)"/.test(readProjectFile(file)));
    assert.deepEqual(doors, ["js/core.ts"]);
  });

  test("no published type comes from the glue", () => {
    const { exports } = JSON.parse(readProjectFile("package.json")) as { exports: Record<string, string | { types: string }> };
    const reached = new Set(Object.values(exports).flatMap((entry) => (typeof entry === "string" ? [] : [posix.normalize(entry.types)])));
    for (const file of reached) {
      const imports = [...readProjectFile(file).matchAll(/from "(\.[^"]+)"/g)].map(([, path = ""]) => posix.join(posix.dirname(file), path));
      for (const path of imports) reached.add(path.replace(/\.[jt]s$/, ".d.ts"));
    }
    assert.ok(reached.size > 10);
    assert.ok(!reached.has("dist/edge_session.d.ts"));
  });
});

describe("the dependencies", () => {
  const listed = tablesOf(architecture).filter(({ heading }) => heading === "Dependencies");
  const namesIn = (column: string) => listed.flatMap(({ rows }) => rows.flatMap((row) => codesIn(row.get(column) ?? ""))).sort();

  test("of the crate are those of Cargo.toml, each with what it is for", () => {
    const manifest = readProjectFile("Cargo.toml");
    const inSection = (section: RegExp) =>
      [...manifest.matchAll(section)].flatMap(([, body = ""]) => [...body.matchAll(/^([\w-]+) = /gm)].map(([, name = ""]) => name));
    assert.deepEqual(namesIn("crate"), inSection(/^\[(?:target\..*\.)?dependencies\]\n([\s\S]*?)(?=^\[)/gm).sort());
    const tests = codesIn(/To test it: (.*)/.exec(architecture)?.[1] ?? "");
    assert.deepEqual(tests.sort(), inSection(/^\[(?:target\..*\.)?dev-dependencies\]\n([\s\S]*?)(?=^\[)/gm).sort());
  });

  test("of other packages are types only", () => {
    const sources = filesBelow("js").map((file) => [file, readProjectFile(file)] as const);
    const foreign = sources.flatMap(([file, text]) =>
      [...text.matchAll(/^(import|export)( type)? .* from "([^.#"][^"]*)";$/gm)].map(([, , type, name]) => [file, type, name]),
    );
    assert.deepEqual(foreign, [["js/hono.ts", " type", "hono"]]);
  });

  test("of the package are those of package.json, and none at run time", () => {
    const manifest = JSON.parse(readProjectFile("package.json")) as Record<string, Record<string, string> | undefined>;
    assert.deepEqual([manifest.dependencies, manifest.optionalDependencies], [undefined, undefined]);
    assert.deepEqual([manifest.peerDependencies, manifest.peerDependenciesMeta], [{ hono: ">=4" }, { hono: { optional: true } }]);
    assert.deepEqual(namesIn("npm package"), Object.keys(manifest.devDependencies ?? {}).sort());
  });
});
