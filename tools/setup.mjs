// Brings what the commands need, where it is missing.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { BUILD, NODE, ROOT } from "./paths.mjs";
import { run, runShown, StepFailed, step } from "./steps.mjs";

/** The Debian packages behind the commands that tests and `npm start -- --store` run. */
const DEBIAN = {
  "redis-server": "redis-server",
  "redis-cli": "redis-tools",
  webdis: "webdis",
  chromium: "chromium",
  chromedriver: "chromium-driver",
};

/**
 * Runs `work` under Node 24 with the packages of the lock file in place.
 *
 * A fresh clone has neither, so this runs on whatever Node there is: it installs the packages and starts the script anew.
 */
export async function withPackages(work) {
  if (!packagesAreCurrent()) {
    await step("npm ci (about 20 s)", () => run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: ROOT }));
  }
  if (process.env.EDGE_SESSION_NODE === process.version) return await work();
  const version = readJson("node_modules/node/package.json").version;
  return await runShown(NODE, process.argv.slice(1), { env: { ...process.env, EDGE_SESSION_NODE: `v${version}` } });
}

/** Brings what turns the core into WebAssembly. */
export async function ensureRust() {
  if (!find("cargo")) throw missing("cargo", "install Rust from rustup.rs");
  if (find("rustup") && !(await run("rustup", ["target", "list", "--installed"])).includes("wasm32-unknown-unknown")) {
    await step("rustup target add (about 20 s)", () => run("rustup", ["target", "add", "wasm32-unknown-unknown"]));
  }
  const version = lockedVersion("wasm-bindgen");
  const installed = find("wasm-bindgen") ? await run("wasm-bindgen", ["--version"]) : "";
  if (installed.trim() !== `wasm-bindgen ${version}`) {
    await step("cargo install wasm-bindgen-cli (about 3 min)", () => run("cargo", ["install", "wasm-bindgen-cli", "--version", version]));
  }
}

/** Brings what runs the core's tests as WebAssembly. */
export async function ensureWasmPack() {
  if (find("wasm-pack")) return;
  await step("cargo install wasm-pack (about 3 min)", () => run("cargo", ["install", "wasm-pack", "--locked"]));
}

/** Says in a line when what looks for inputs is missing: only who fuzzes needs it. */
export async function ensureCargoFuzz() {
  if (!find("cargo")) throw missing("cargo", "install Rust from rustup.rs");
  if (!find("cargo-fuzz")) throw missing("cargo-fuzz", "cargo install cargo-fuzz --locked");
  if (!find("c++")) throw missing("c++", "sudo apt-get install g++");
}

/** Brings the runtimes and frameworks that the package is tried on. Without a lock: that of the project is not theirs. */
export async function ensureRuntimes() {
  const folder = join(BUILD, "runtimes");
  const wanted = readFileSync(join(ROOT, "tests/runtimes/package.json"), "utf8");
  const stamp = join(folder, "installed.json");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), wanted);
  const args = ["install", "--no-package-lock", "--legacy-peer-deps", "--no-audit", "--no-fund", "--loglevel=error"];
  await step("npm install, for tests/runtimes (about 2 min)", () => run("npm", args, { cwd: folder }));
  writeFileSync(stamp, wanted);
}

/** Brings the Debian packages of these commands, or names those that are missing. */
export async function ensureCommands(...commands) {
  const packages = commands.filter((command) => !find(command)).map((command) => DEBIAN[command]);
  if (packages.length === 0) return;
  if (process.getuid?.() !== 0 || !find("apt-get")) throw missing(packages.join(", "), `sudo apt-get install ${packages.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await step("apt-get update (about 10 s)", () => run("apt-get", ["update"], { env }));
  const args = ["install", "-y", "--no-install-recommends", ...packages];
  await step(`apt-get install ${packages.join(" ")} (about 1 min)`, () => run("apt-get", args, { env }));
}

/** The version of a crate in Cargo.lock. */
export function lockedVersion(crate) {
  const found = new RegExp(`name = "${crate}"\nversion = "([^"]+)"`).exec(readFileSync(join(ROOT, "Cargo.lock"), "utf8"));
  if (!found) throw new StepFailed(`${crate} is not in Cargo.lock`);
  return found[1];
}

function packagesAreCurrent() {
  if (!existsSync(NODE) || !existsSync(join(ROOT, "node_modules/.package-lock.json"))) return false;
  const wanted = readJson("package-lock.json").packages;
  const installed = readJson("node_modules/.package-lock.json").packages;
  return Object.entries(wanted).every(([path, entry]) => path === "" || entry.optional || installed[path]?.version === entry.version);
}

function readJson(path) {
  return JSON.parse(readFileSync(join(ROOT, path), "utf8"));
}

function find(command) {
  return process.env.PATH.split(delimiter).some((folder) => existsSync(join(folder, command)));
}

function missing(what, remedy) {
  console.log(`missing: ${what} (${remedy})`);
  return new StepFailed(`missing: ${what}`);
}
