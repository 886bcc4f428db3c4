// Times the small steps of a request in workerd.
//
// `node bench/micro.mjs [part of a case's name]` prints nanoseconds of CPU per call, the surrounding loop (and for "+" lines the line that they
// build on) subtracted: the fast fifth of the samples, then the median. Objects of the runtime are collected in bursts, which land in the medians.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startWorkerd } from "./workerd.mjs";

// (module (func (export "noop")) (func (export "sum") (param i32 i32 i32 i32) (result i32) local.get 0 local.get 3 i32.add))
const PROBE = Buffer.from(
  "0061736d01000000010c0260000060047f7f7f7f017f0303020001070e02046e6f6f70000003" + "73756d00010a0c0202000b0700200020036a0b",
  "hex",
);
const ROUNDS = 31;
const MICROS_PER_SAMPLE = 5_000;
const CALLS_PER_HOST_REQUEST = 200;

const filter = process.argv[2] ?? "";
const folder = mkdtempSync(join(tmpdir(), "edge-session-micro-"));
writeFileSync(join(folder, "probe.wasm"), PROBE);
const worker = { text: readFileSync(new URL("./micro-worker.mjs", import.meta.url), "utf8"), wasmFiles: [join(folder, "probe.wasm")] };
const server = await startWorkerd(new Map([["micro", worker]]));
const { main: port } = server.ports("micro");
try {
  const cases = await (await fetch(`http://127.0.0.1:${port}/`)).json();
  const bases = new Map(cases);
  const wanted = new Set(cases.map(([name]) => name).filter((name) => name.toLowerCase().includes(filter.toLowerCase())));
  for (const name of [...wanted]) for (let base = bases.get(name); base !== undefined && !wanted.has(base); base = bases.get(base)) wanted.add(base);
  const nanoseconds = new Map();
  const chosen = cases.filter(([name]) => wanted.has(name));
  const plans = [];
  for (const [name, , kind] of chosen)
    plans.push({ name, callsEach: kind === "host" ? CALLS_PER_HOST_REQUEST : 50_000_000, calls: await calibrate(server, name, kind), samples: [] });
  for (let round = 0; round < ROUNDS; round++) for (const plan of plans) plan.samples.push(await sample(server, plan));
  for (const { name, samples } of plans) nanoseconds.set(name, quantiles(samples));
  for (const [name, base] of cases) {
    if (!wanted.has(name)) continue;
    const whole = nanoseconds.get(name);
    const under = name === base || name === "empty loop" ? { low: 0, median: 0 } : nanoseconds.get(base);
    const above = (which) => (whole[which] - under[which]).toFixed(0).padStart(7);
    console.log(`${name.padEnd(48)} ${above("low")} ${above("median")} ns   (whole ${whole.low.toFixed(0)}..${whole.high.toFixed(0)})`);
  }
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** How many calls take about 5 ms; objects of the runtime are made at most a few hundred a request. */
async function calibrate(server, name, kind) {
  if (kind === "host") {
    for (let i = 0; i < 5; i++) await sample(server, { name, calls: 4000, callsEach: CALLS_PER_HOST_REQUEST });
    return 4000;
  }
  let calls = 2000;
  for (let i = 0; i < 5; i++)
    calls = Math.max(2000, Math.ceil((MICROS_PER_SAMPLE * 1000) / (await sample(server, { name, calls, callsEach: calls }))));
  return Math.min(calls, 50_000_000);
}

async function sample(server, { name, calls, callsEach }) {
  const before = server.cpuMicros();
  for (let left = calls; left > 0; left -= callsEach) await ask(name, Math.min(left, callsEach));
  return ((server.cpuMicros() - before) * 1000) / calls;
}

function quantiles(samples) {
  samples.sort((a, b) => a - b);
  const at = (share) => samples[Math.floor(share * (samples.length - 1))];
  return { low: at(0.2), median: at(0.5), high: at(1) };
}

async function ask(name, calls) {
  const answer = await fetch(`http://127.0.0.1:${port}/?case=${encodeURIComponent(name)}&calls=${calls}`, {
    headers: { cookie: `theme=dark; __Host-session=${"A".repeat(96)}` },
  });
  if ((await answer.text()) !== String(calls)) throw new Error(`${name}: the worker failed`);
}
