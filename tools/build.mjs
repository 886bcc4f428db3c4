// Builds what is published: npm run build.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, relative } from "node:path";
import { links, patchGlue, patchTypes } from "./glue.mjs";
import { BUILD, bin, DIST, ROOT } from "./paths.mjs";
import { ensureRust, withPackages } from "./setup.mjs";
import { main, run, StepFailed, step } from "./steps.mjs";

/**
 * How `wasm-opt` works: for speed, until it finds no more, and knowing that nothing is kept in the first kilobyte, where the
 * stack would overflow.
 */
const WASM_OPT = ["-O3", "--converge", "--low-memory-unused"];
/** What every runtime named in the README understands. */
const WASM_FEATURES = ["reference-types", "bulk-memory", "sign-ext", "nontrapping-float-to-int", "mutable-globals", "multivalue"];

/** No folder of this machine stands in the module: the sources of crates are named from the registry on. */
const REGISTRY = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry/src/");
const RUSTFLAGS = `target.wasm32-unknown-unknown.rustflags=${JSON.stringify([`--remap-path-prefix=${REGISTRY}=`])}`;

const WASM = join(ROOT, "target/wasm32-unknown-unknown/release/edge_session.wasm");

/** Builds everything; what has not changed is left as it is. */
export async function build() {
  const cargo = ["build", "--release", "--target", "wasm32-unknown-unknown", "--no-default-features", "--features", "standalone", "--lib"];
  await step("cargo build (wasm32)", () => run("cargo", [...cargo, "--config", RUSTFLAGS], { cwd: ROOT }));
  const generated = await step("wasm-bindgen, wasm-opt", generate);
  for (const [name, content] of await step("tsc", compile)) generated.set(name, content);
  for (const [name, content] of generated) writeChanged(join(DIST, name), content);
  for (const name of filesUnder(DIST)) if (!generated.has(name)) rmSync(join(DIST, name));
}

/** Makes the WebAssembly and the files around it; gives them by name. */
async function generate() {
  const pkg = join(BUILD, "pkg");
  const digest = createHash("sha256").update(readFileSync(WASM)).update(WASM_OPT.join()).digest("hex");
  const glue = () => readFileSync(join(pkg, "edge_session.js"), "utf8");
  const stamp = join(pkg, "made-from");
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== digest) {
    await run("wasm-bindgen", ["--target", "web", "--remove-producers-section", "--remove-name-section", "--out-dir", pkg, WASM]);
    const { exports, imports } = links(glue());
    const used = [{ name: "glue", root: true, reaches: exports }, ...exports.map((name) => ({ name, export: name }))];
    writeFileSync(join(pkg, "used.json"), JSON.stringify(used));
    const features = WASM_FEATURES.map((feature) => `--enable-${feature}`);
    const needed = join(pkg, "needed.wasm");
    await run(bin("wasm-metadce"), [`--graph-file=${join(pkg, "used.json")}`, ...features, join(pkg, "edge_session_bg.wasm"), "-o", needed]);
    await run(bin("wasm-opt"), [...WASM_OPT, ...features, needed, "-o", join(pkg, "optimised.wasm")]);
    const imported = WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(join(pkg, "optimised.wasm"))));
    const unknown = imported.filter(({ name }) => !imports.includes(name));
    if (unknown.length > 0) throw new StepFailed(`the module imports what the glue does not give: ${unknown.map(({ name }) => name)}`);
    writeFileSync(stamp, digest);
  }
  const wasm = readFileSync(join(pkg, "optimised.wasm"));
  const types = patchTypes(readFileSync(join(pkg, "edge_session.d.ts"), "utf8"));
  const files = new Map([
    ["edge_session_bg.wasm", wasm],
    ["edge_session.js", patchGlue(glue())],
    ["edge_session.d.ts", types],
    ["wasm-module.js", MODULE],
    ["wasm-module.d.ts", MODULE_TYPES],
    ["wasm-inline.js", inline(wasm)],
    ["wasm-inline.d.ts", MODULE_TYPES],
  ]);
  // tsc finds them here while it compiles js/.
  writeChanged(join(BUILD, "types/edge_session.d.ts"), types);
  writeChanged(join(DIST, "wasm-inline.d.ts"), MODULE_TYPES);
  return files;
}

/** Compiles js/; gives its files by name. */
async function compile() {
  const folder = mkdtempSync(join(BUILD, "js-"));
  try {
    await run(bin("tsc"), ["-p", ROOT, "--outDir", folder]);
    return filesUnder(folder).map((name) => [name, readFileSync(join(folder, name))]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const MODULE = `// The core as a module that the runtime compiles.

export { default } from "./edge_session_bg.wasm?module";
`;

// Not every runtime's types name WebAssembly.
const MODULE_TYPES = `// The core, compiled.

/** A \`WebAssembly.Module\`. */
declare const module: object;
export default module;
`;

const inline = (wasm) => `// The core as text, compiled at import.

const TEXT = "${wasm.toString("base64")}";

function compiled() {
  const text = atob(TEXT);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return new WebAssembly.Module(bytes);
}

export default /* @__PURE__ */ compiled();
`;

function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

function writeChanged(path, content) {
  if (existsSync(path) && readFileSync(path).equals(Buffer.from(content))) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

if (process.argv[1] === import.meta.filename) {
  await main(() =>
    withPackages(async () => {
      await ensureRust();
      await build();
    }),
  );
}
