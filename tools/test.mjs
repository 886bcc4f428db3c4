// Proves everything: npm test; with a word, what it names.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { bin, NODE, ROOT } from "./paths.mjs";
import { ensureCommands, ensureRuntimes, ensureRust, ensureWasmPack, withPackages } from "./setup.mjs";
import { main, run, runShown, StepFailed, step } from "./steps.mjs";

const WASM = ["--target", "wasm32-unknown-unknown"];
const NPM = ["--no-default-features", "--features", "npm"];
const PUBLISHED = ["--no-default-features", "--features", "standalone"];
const IN_WASM = ["--test", "vectors", "--test", "wasm"];
const DENY = ["--", "-D", "warnings"];
const IN_BROWSER = { WASM_BINDGEN_USE_BROWSER: "1" };
/** Each has its own types: the package knows neither Node nor workerd. */
const TYPED = [".", "tests", "demo"];

/** The tests that run what `tests/runtimes/package.json` names. */
const NEEDS_RUNTIMES = /^tests.(runtimes|examples)\b/;

const RUST_WORKER = ["--manifest-path", "examples/rust-worker/Cargo.toml"];

const cargo = (...args) => run("cargo", args, { cwd: ROOT });

async function everything() {
  await ensureRust();
  await ensureWasmPack();
  await ensureCommands("redis-server", "redis-cli", "webdis", "chromium", "chromedriver");
  await ensureRuntimes();
  await rustWorker();
  await step("cargo fmt --check", async () => [await cargo("fmt", "--check"), await cargo("fmt", "--check", ...RUST_WORKER)]);
  await step("biome check", () => run(bin("biome"), ["check", "--error-on-warnings", "--diagnostic-level=warn"], { cwd: ROOT }));
  await step("cargo clippy (host)", () => cargo("clippy", "--all-targets", ...DENY));
  await step("cargo clippy (wasm32, npm)", () => cargo("clippy", ...WASM, ...NPM, "--lib", ...IN_WASM, ...DENY));
  await step("cargo clippy (wasm32, as published)", () => cargo("clippy", ...WASM, ...PUBLISHED, ...DENY));
  await step("cargo clippy (wasm32, for Rust workers)", () => cargo("clippy", ...WASM, ...DENY));
  await step("cargo doc", () => run("cargo", ["doc", "--no-deps"], { cwd: ROOT, env: { ...process.env, RUSTDOCFLAGS: "-D warnings" } }));
  await build();
  await types();
  // What is not committed yet is tried too.
  await step("cargo publish --dry-run", () => cargo("publish", "--dry-run", "--allow-dirty"));
  await step("npm publish --dry-run", () => run("npm", ["publish", "--dry-run"], { cwd: ROOT }));
  await step("cargo test", () => cargo("test"));
  await step("wasm-pack test --node", () => wasmPack(["--node"], {}));
  await step("wasm-pack test --headless --chrome", () => wasmPack(["--headless", "--chrome", "--chromedriver", chromedriver()], IN_BROWSER));
  return await nodeTests([]);
}

async function only(word) {
  await ensureRust();
  await build();
  const files = readdirSync(join(ROOT, "tests"), { recursive: true })
    .map((path) => join("tests", path))
    .filter((path) => path.endsWith(".test.ts") && path.includes(word));
  if (files.some((path) => NEEDS_RUNTIMES.test(path))) {
    await ensureRuntimes();
    await rustWorker();
  }
  return await nodeTests(files.length > 0 ? files : [`--test-name-pattern=${word}`, "tests/**/*.test.ts"]);
}

/** Builds the example in Rust, so that its test finds all but the last step done. */
async function rustWorker() {
  const args = ["build", ...RUST_WORKER, "--release", ...WASM, "--locked"];
  const env = { ...process.env, CARGO_TARGET_DIR: join(ROOT, "target/examples") };
  await step("cargo build (examples/rust-worker)", () => run("cargo", args, { cwd: ROOT, env }));
}

async function types() {
  for (const folder of TYPED) {
    if (folder !== "." && !existsSync(join(ROOT, folder, "tsconfig.json"))) continue;
    await step(`tsc -p ${folder}`, () => run(bin("tsc"), ["--noEmit", "-p", join(ROOT, folder)]));
  }
}

/** Runs the Rust tests that are for WebAssembly; a file of them that runs none is a failure. */
async function wasmPack(where, env) {
  const args = ["test", "--mode", "no-install", ...where, ROOT, ...NPM, ...IN_WASM];
  const output = await run("wasm-pack", args, { cwd: ROOT, env: { ...process.env, WASM_BINDGEN_TEST_TIMEOUT: "180", ...env } });
  const files = output.match(/test result: ok\. [1-9]/g) ?? [];
  if (files.length !== IN_WASM.length / 2) throw new StepFailed("wasm-pack ran no test", output);
}

function chromedriver() {
  return process.env.PATH.split(":")
    .map((folder) => join(folder, "chromedriver"))
    .find(existsSync);
}

/** Their totals are the last that is printed. */
async function nodeTests(args) {
  console.log("");
  return await runShown(NODE, ["--test", "--test-reporter=spec", "--test-timeout=300000", ...(args.length > 0 ? args : ["tests/**/*.test.ts"])], {
    cwd: ROOT,
  });
}

await main(() => withPackages(() => (process.argv[2] === undefined ? everything() : only(process.argv[2]))));
