// Measures edge-session beside its peers, in workerd.
//
// `npm run bench -- [--quick] [--markdown] [--json FILE] [--mode loop|http|loop,http] [--only NAME,NAME]`
// The peers are installed in bench/ when they are missing.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const node24 = here("../node_modules/.bin/node");

if (Number(process.versions.node.split(".")[0]) < 24 && existsSync(node24) && process.env.EDGE_SESSION_BENCH_NODE === undefined) {
  const again = spawnSync(node24, [here("bench.mjs"), ...process.argv.slice(2)], {
    stdio: "inherit",
    env: { ...process.env, EDGE_SESSION_BENCH_NODE: "1" },
  });
  process.exit(again.status ?? 1);
}
if (!existsSync(here("node_modules/workerd"))) {
  const installed = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: here("."), stdio: "inherit" });
  if (installed.status !== 0) process.exit(installed.status ?? 1);
}
const { run } = await import("./run.mjs");
await run(process.argv.slice(2));
