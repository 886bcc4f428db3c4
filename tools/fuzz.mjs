// Looks for inputs that break a law of the core: npm run fuzz.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, parse } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "./paths.mjs";
import { ensureCargoFuzz, withPackages } from "./setup.mjs";
import { main, run, StepFailed, step } from "./steps.mjs";

const TARGETS = join(ROOT, "fuzz/targets");
/** What cargo test replays. */
const CASES = join(ROOT, "tests/inputs/cases");
/** The core has no unsafe code: a sanitizer would find nothing, and takes half of the speed. */
const PLAIN = ["--fuzz-dir", join(ROOT, "fuzz"), "--sanitizer", "none"];
/** The longest input that is made, and the longest that is kept, in bytes. */
const [LONGEST, LONGEST_KEPT] = [4096, 256];

const { values: given } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    target: { type: "string" },
    seed: { type: "string", default: String(1 + Math.floor(Math.random() * 0x7fffffff)) },
    keep: { type: "boolean", default: false },
  },
});

async function fuzz() {
  const all = readdirSync(TARGETS).map((file) => parse(file).name);
  const targets = all.filter((target) => given.target === undefined || target === given.target);
  const problem =
    targets.length === 0 ? `--target is one of ${all.join(", ")}` : !/^[1-9]\d*$/.test(given.seconds) ? "--seconds is a whole number" : "";
  if (problem !== "") return refuse(problem);
  await ensureCargoFuzz();
  await step("cargo fuzz build", () => run("cargo", ["fuzz", "build", ...PLAIN], { cwd: ROOT }));
  console.log(`  seed ${given.seed}, ${given.seconds} s a target`);
  let broken = 0;
  for (const target of targets) if (!(await search(target))) broken += 1;
  return broken === 0 ? 0 : 1;
}

function refuse(problem) {
  console.log(problem);
  return 1;
}

/** Runs one target for its time; says whether its law held. */
async function search(target) {
  const [corpus, artifacts] = ["corpus", "artifacts"].map((folder) => join(ROOT, "fuzz", folder, target));
  rmSync(artifacts, { recursive: true, force: true });
  for (const folder of [corpus, artifacts]) mkdirSync(folder, { recursive: true });
  writeCases(target, corpus);
  const limits = [`-seed=${given.seed}`, `-max_total_time=${given.seconds}`, `-max_len=${LONGEST}`, "-timeout=1"];
  const args = ["fuzz", "run", ...PLAIN, target, corpus, "--", ...limits, `-artifact_prefix=${artifacts}/`];
  const output = await run("cargo", args, { cwd: ROOT }).catch((error) => error);
  const found = readdirSync(artifacts).map((name) => readFileSync(join(artifacts, name)));
  if (output instanceof StepFailed) return report(target, output, found);
  const [, runs = "0"] = /Done (\d+) runs/.exec(output) ?? [];
  const kept = given.keep ? `, ${await keep(target, corpus)} more kept` : "";
  console.log(`  holds  ${target.padEnd(16)} ${Number(runs).toLocaleString("en")} inputs${kept}`);
  return true;
}

/** Says what broke the law, and keeps it where cargo test meets it. */
function report(target, failure, inputs) {
  const [shown = failure.output] = /thread .* panicked at [\s\S]*?\n(?=stack backtrace|note: )/.exec(failure.output) ?? [];
  console.log(`  broken ${target}\n\n${shown}\n${failure.message}`);
  if (inputs.length > 0) console.log(`\nThe input is kept in tests/inputs/cases: cargo test --test inputs fails, and shows it.`);
  writeFileSync(fileOf(target), textOf([...casesOf(target), ...inputs]));
  return false;
}

/** Adds the short inputs that reach what no kept one does; says how many. */
async function keep(target, corpus) {
  const folder = mkdtempSync(join(tmpdir(), "edge-session-fuzz-"));
  try {
    writeCases(target, folder);
    const before = new Set(readdirSync(folder));
    const limits = ["-set_cover_merge=1", "-use_counters=0", `-max_len=${LONGEST_KEPT}`];
    await run("cargo", ["fuzz", "run", ...PLAIN, target, folder, corpus, "--", ...limits], { cwd: ROOT });
    const found = readdirSync(folder).filter((name) => !before.has(name));
    writeFileSync(fileOf(target), textOf([...casesOf(target), ...found.map((name) => readFileSync(join(folder, name)))]));
    return found.length;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const fileOf = (target) => join(CASES, `${target}.json`);

const casesOf = (target) => JSON.parse(readFileSync(fileOf(target), "utf8")).map((text) => Buffer.from(text, "latin1"));

const textOf = (inputs) => `[\n${inputs.map((input) => `  ${JSON.stringify(input.toString("latin1"))}`).join(",\n")}\n]\n`;

/** Writes the kept inputs as the files that libFuzzer reads. */
function writeCases(target, folder) {
  for (const [place, input] of casesOf(target).entries()) writeFileSync(join(folder, `case-${place}`), input);
}

await main(() => withPackages(fuzz));
