// Runs the soak, and prints what came of it.

import { parseArgs } from "node:util";
import { type Report, type Sample, soak } from "./soak.ts";

const { values: given } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    faults: { type: "string", default: "5" },
    traps: { type: "string", default: "1" },
    store: { type: "string", default: "webdis" },
    seed: { type: "string", default: String(1 + Math.floor(Math.random() * 0x7fffffff)) },
  },
});
const { store } = given;
const { minutes, faults, traps, seed } = numbersOf(given);

function numbersOf(texts: { minutes: string; faults: string; traps: string; seed: string }) {
  return { minutes: Number(texts.minutes), faults: Number(texts.faults), traps: Number(texts.traps), seed: Number(texts.seed) };
}

/** The value below which such a share of them lies. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** The samples of one of the ten parts of the time. */
function part(samples: readonly Sample[], number: number): readonly Sample[] {
  const length = (samples.at(-1)?.at ?? 0) / 10;
  return samples.filter(({ at }) => at >= number * length && at <= (number + 1) * length);
}

const latencies = (samples: readonly Sample[]) => samples.flatMap(({ latency }) => latency ?? []);
const memories = (samples: readonly Sample[]) => samples.flatMap(({ rss }) => rss ?? []);

/** The resident memory of workerd below which such a share of its samples lies. */
function mebibytes(samples: readonly Sample[], share: number): number {
  return Math.round(quantile(memories(samples), share) / 102.4) / 10;
}

/** From one tenth of the time to the last. */
function drift(from: number, unit: string, samples: readonly Sample[], measure: (samples: readonly Sample[]) => number): string {
  const [first, last] = [measure(part(samples, from)), measure(part(samples, 9))];
  return `${first.toFixed(1)} -> ${last.toFixed(1)} ${unit} (${(((last - first) / first) * 100).toFixed(1)} %)`;
}

function print({ answers, failures, faults, traps, trapped, wrong, samples }: Report): void {
  const all = latencies(samples);
  const lines = [
    "",
    `requests         ${answers}, ${failures} of them answered 500 or 503`,
    `store calls      ${faults} failed`,
    `traps            ${traps}, ${trapped} answers failed by them`,
    `latency          p50 ${quantile(all, 0.5).toFixed(1)} ms, p99 ${quantile(all, 0.99).toFixed(1)} ms`,
    `p50, drift       ${drift(1, "ms", samples, (some) => quantile(latencies(some), 0.5))}`,
    `p99, drift       ${drift(1, "ms", samples, (some) => quantile(latencies(some), 0.99))}`,
    `workerd          ${mebibytes(samples, 0)} to ${mebibytes(samples, 1)} MiB resident`,
    // Between two collections there is garbage: what is left at the least would show a leak, once all is warm.
    `least, drift     ${drift(5, "MiB", samples, (some) => mebibytes(some, 0))}`,
    `wrong answers    ${wrong.length}`,
    ...wrong.map((problem) => `  ${problem}`),
  ];
  console.log(lines.join("\n"));
}

if (!(minutes > 0) || !(seed > 0) || !(faults >= 0) || !(traps >= 0) || (store !== "webdis" && store !== "upstash")) {
  console.log("npm run soak -- [--minutes <number>] [--faults <percent>] [--traps <percent>] [--store webdis|upstash] [--seed <number>]");
  process.exit(1);
}
console.log(`seed ${seed}, ${minutes} min, ${store}`);
let seconds = 0;
const report = await soak({
  store,
  seed,
  faults,
  traps,
  milliseconds: minutes * 60_000,
  onSecond({ answers, wrong, samples }) {
    seconds += 1;
    if (seconds % 30 === 0)
      console.log(`  ${seconds / 60} min: ${answers} requests, ${wrong.length} wrong, ${Math.round((memories(samples).at(-1) ?? 0) / 1024)} MiB`);
  },
});
print(report);
process.exitCode = report.wrong.length === 0 ? 0 : 1;
