// One run of the benchmark, from its arguments to its report.
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { isBuilt } from "./bundle.mjs";
import { LIBRARIES } from "./libraries.mjs";
import { beginSessions, measurePairs, openCase, PATHS, startWorker } from "./measure.mjs";
import { markdown, table, withRatios } from "./report.mjs";

const ROUNDS = { quick: 11, full: 61 };
const MODES = {
  loop: "in a loop inside the worker",
  http: "over HTTP, 8 connections",
};
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
  const rounds = options.quick ? ROUNDS.quick : ROUNDS.full;
  const results = {};
  const servers = new Map();
  try {
    for (const name of new Set(libraries.flatMap(({ bare, worker }) => [bare, worker]))) servers.set(name, await startWorker(name));
    const begun = [];
    for (const library of libraries) {
      const { header = (cookie) => cookie } = library;
      const { cookies, cookieLength } = await beginSessions(servers.get(library.worker), library);
      begun.push({ library, cookies: cookies.map(header), cookieLength });
    }
    for (const mode of modes) {
      results[mode] = withRatios(mode, await measureMode(mode, begun, servers, rounds));
      const heading = `CPU microseconds per request above the same worker without sessions, ${MODES[mode]}: undisturbed (quartiles) of ${rounds} rounds`;
      console.log(`${heading}\n\n${options.markdown ? markdown(mode, results[mode]) : table(mode, results[mode])}\n`);
    }
  } finally {
    for (const server of servers.values()) await server.stop();
  }
  const machine = { cores: cpus().length, model: cpus()[0]?.model ?? "unknown" };
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ machine, rounds, results }, null, 2)}\n`);
}

async function measureMode(mode, begun, servers, rounds) {
  const pairs = [];
  for (const { library, cookies } of begun) {
    for (const path of PATHS) {
      const [without, own] = [servers.get(library.bare), servers.get(library.worker)];
      pairs.push({ without: await openCase(without, path, cookies, mode), own: await openCase(own, path, cookies, mode) });
    }
  }
  const measured = await measurePairs(pairs, rounds);
  return begun.map(({ library, cookieLength }, index) => {
    const ofPaths = Object.fromEntries(PATHS.map((path, place) => [path, measured[index * PATHS.length + place]]));
    const own = servers.get(library.worker).bundle;
    return {
      name: library.name,
      ours: library.ours === true,
      paths: ofPaths,
      cookieLength,
      gzipBytes: own.gzipBytes - servers.get(library.bare).bundle.gzipBytes,
      wasmGzipBytes: own.wasmGzipBytes,
    };
  });
}
