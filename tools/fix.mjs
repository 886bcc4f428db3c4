// Formats, and mends what can be mended: npm run fix.

import { join } from "node:path";
import { build } from "./build.mjs";
import { bin, ROOT } from "./paths.mjs";
import { ensureRust, withPackages } from "./setup.mjs";
import { main, run, step } from "./steps.mjs";

await main(() =>
  withPackages(async () => {
    await step("cargo fmt", () => run("cargo", ["fmt"], { cwd: ROOT }));
    await step("cargo fmt (examples/rust-worker)", () => run("cargo", ["fmt"], { cwd: join(ROOT, "examples/rust-worker") }));
    await step("biome check --write", () => run(bin("biome"), ["check", "--write"], { cwd: ROOT }));
    await ensureRust();
    await build();
    const { writeSurface } = await import("../tests/package/surface.ts");
    await step("the public types, written down", writeSurface);
  }),
);
