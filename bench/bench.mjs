// Measures edge-session beside its peers, in workerd.
//
// `npm run bench -- [--quick] [--markdown] [--json FILE] [--mode loop|http|loop,http] [--only NAME,NAME]`
// The peers are installed in bench/ when they are missing.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const node24 = here("../node_modules/.bin/node");

/** Runs a program to its end; what ends us ends it. */
function follow(program, args, options) {
  const child = spawn(program, args, { stdio: "inherit", ...options });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => child.once("close", (code) => resolve(code ?? 1)));
}

if (Number(process.versions.node.split(".")[0]) < 24 && existsSync(node24) && process.env.EDGE_SESSION_BENCH_NODE === undefined) {
  process.exit(await follow(node24, [here("bench.mjs"), ...process.argv.slice(2)], { env: { ...process.env, EDGE_SESSION_BENCH_NODE: "1" } }));
}
if (!existsSync(here("node_modules/workerd"))) {
  // Not "npm ci": it refuses a lock that lacks another platform's binary, as one made behind a partial mirror does.
  const code = await follow("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: here(".") });
  if (code !== 0) process.exit(code);
}
for (const signal of ["SIGINT", "SIGTERM"]) process.removeAllListeners(signal).on(signal, () => process.exit(1));
const { run } = await import("./run.mjs");
await run(process.argv.slice(2));
