// One run of the benchmark, from its arguments to its report.
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { isBuilt } from "./bundle.mjs";
import { LIBRARIES } from "./libraries.mjs";
import { beginSessions, measurePairs, openCase, PATHS, startWorkers, summary } from "./measure.mjs";
import { markdown, table, withRatios } from "./report.mjs";

/** How often all workers are started anew, as the engine may compile one worse than the next time, for its whole life; and the rounds of each start. */
const STARTS = { quick: 1, full: 3 };
const ROUNDS = 5;
const MODES = {
  loop: "in a loop inside the worker",
  http: "over HTTP, 8 connections",
};
/** What one start of all libraries takes. */
const MINUTES = { loop: 2, http: 3 };
const OPTIONS = {
  quick: { type: "boolean", default: false },
  markdown: { type: "boolean", default: false },
  json: { type: "string" },
  mode: { type: "string", default: "loop,http" },
  only: { type: "string", default: "" },
};

/** Measures what the arguments name and reports each mode as soon as it is done. */
export async function run(args) {
  const { values: options } = parseArgs({ args, options: OPTIONS });
  const modes = options.mode.split(",");
  if (!modes.every((mode) => mode in MODES)) throw new Error("--mode takes loop, http or loop,http");
  if (!isBuilt()) console.error("edge-session is not built (npm run build): only its peers are measured.");
  const named = ({ name }) => options.only.split(",").some((part) => name.includes(part));
  const libraries = LIBRARIES.filter((library) => named(library) && (!library.ours || isBuilt()));
  const starts = options.quick ? STARTS.quick : STARTS.full;
  const results = {};
  for (const mode of modes) {
    const measured = [];
    for (let start = 1; start <= starts; start++) {
      console.error(`${MODES[mode]}: start ${start} of ${starts}, about ${Math.ceil((libraries.length / 8) * MINUTES[mode])} min`);
      measured.push(await measureOnce(mode, libraries, start));
    }
    results[mode] = withRatios(mode, rowsOf(libraries, measured));
    const rounds = `${starts * ROUNDS} rounds, ${starts} ${starts === 1 ? "start" : "starts"}`;
    const heading = `CPU microseconds per request above the same worker without sessions, ${MODES[mode]}: medians (quartiles) of ${rounds}`;
    console.log(`${heading}\n\n${options.markdown ? markdown(mode, results[mode]) : table(mode, results[mode])}\n`);
  }
  const machine = { cores: cpus().length, model: cpus()[0]?.model ?? "unknown" };
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ machine, rounds: starts * ROUNDS, results }, null, 2)}\n`);
}

/** Starts all workers, and measures each library on each path: its samples, and what its worker is. */
async function measureOnce(mode, libraries, start) {
  const { worker, stop } = await startWorkers(new Set(libraries.flatMap((library) => [library.bare, library.worker])));
  try {
    const pairs = [];
    const own = [];
    for (const library of libraries) {
      const { header = (cookie) => cookie } = library;
      const [without, full] = [worker(library.bare), worker(library.worker)];
      const { cookies, cookieLength } = await beginSessions(full, library);
      own.push({ cookieLength, bundle: full.bundle, bareBundle: without.bundle });
      const sent = cookies.map(header);
      for (const path of PATHS) pairs.push({ without: await openCase(without, path, sent, mode), own: await openCase(full, path, sent, mode) });
    }
    const samples = await measurePairs(pairs, ROUNDS, start);
    return own.map((one, index) => ({ ...one, samples: PATHS.map((_, place) => samples[index * PATHS.length + place]) }));
  } finally {
    await stop();
  }
}

/** One row for each library, over all starts. */
function rowsOf(libraries, measured) {
  return libraries.map((library, index) => {
    const { cookieLength, bundle, bareBundle } = measured[0][index];
    const samplesOf = (place) => measured.flatMap((start) => start[index].samples[place]);
    return {
      name: library.name,
      ours: library.ours === true,
      paths: Object.fromEntries(PATHS.map((path, place) => [path, summary(samplesOf(place))])),
      cookieLength,
      gzipBytes: bundle.gzipBytes - bareBundle.gzipBytes,
      wasmGzipBytes: bundle.wasmGzipBytes,
    };
  });
}
