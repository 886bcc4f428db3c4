// Runs users, faults and traps for minutes: npm run soak.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { NODE, ROOT } from "./paths.mjs";
import { ensureCommands, ensureRust, withPackages } from "./setup.mjs";
import { main, runShown, StepFailed } from "./steps.mjs";

await main(() =>
  withPackages(async () => {
    if (!existsSync("/proc/self/status")) {
      console.log("missing: /proc (the soak reads workerd's memory there, on Linux)");
      throw new StepFailed("missing: /proc");
    }
    await ensureRust();
    await ensureCommands("redis-server", "webdis");
    await build();
    return await runShown(NODE, [join(ROOT, "tests/soak/main.ts"), ...process.argv.slice(2)], { cwd: ROOT });
  }),
);
