// Takes one rule out at a time, and sees the tests fail.

import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { rules } from "./rules.mjs";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));
const only = process.argv[2];
const folder = await mkdtemp(join(tmpdir(), "mutations-"));
let survivors = 0;
try {
  for (const part of ["Cargo.toml", "Cargo.lock", "src", "tests/commits", "tests/seeded"])
    await cp(join(root, part), join(folder, part), { recursive: true });
  if ((await failures()).length > 0) throw new Error("the tests fail with every rule in place");
  for (const [name, file, there, instead] of rules) {
    if (only !== undefined && !name.includes(only)) continue;
    const text = await readFile(join(root, file), "utf8");
    if (text.split(there).length !== 2) throw new Error(`${file} has not exactly one place for: ${name}`);
    await writeFile(
      join(folder, file),
      text.replace(there, () => instead),
    );
    const failed = await failures();
    await writeFile(join(folder, file), text);
    if (failed.length === 0) survivors += 1;
    console.log(`${failed.length === 0 ? "SURVIVED" : "seen"}: ${name}`);
    for (const test of failed) console.log(`    ${test}`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exitCode = survivors === 0 ? 0 : 1;

/** Gives the names of the tests that fail. */
async function failures() {
  const options = { cwd: folder, env: { ...process.env, RUST_BACKTRACE: "0", CARGO_TARGET_DIR: join(folder, "target") }, maxBuffer: 1 << 28 };
  const arguments_ = ["test", "--no-fail-fast", "--lib", "--test", "commits"];
  const output = await run("cargo", arguments_, options).then(
    ({ stdout }) => stdout,
    ({ stdout, stderr }) => {
      if (!stdout.includes("test result")) throw new Error(`it does not compile:\n${stderr}`);
      return stdout;
    },
  );
  return [...output.matchAll(/^test (\S+) \.\.\. FAILED$/gm)].map(([, name]) => name);
}
