// Measures a library beside the worker without sessions.
import { setTimeout } from "node:timers/promises";
import { bundleWorker } from "./bundle.mjs";
import { openLoad, requestText } from "./load.mjs";
import { startWorkerd } from "./workerd.mjs";

export const PATHS = ["none", "read", "write"];
const CONNECTIONS = 8;
const CALLS_PER_LOOP = 50;
/** Long enough for several collections: the engine lets garbage lie for a thousand requests, and what it takes to clear it belongs to each of them. */
const SAMPLE_MICROS = { loop: 200_000, http: 400_000 };
/** Enough that the engine has compiled what it will: a worker lives for thousands of requests. */
const WARM_UP_SAMPLES = 4;

/** Bundles workers and starts them in one process, so that what a process costs by chance is the same for all. */
export async function startWorkers(names) {
  const bundles = new Map();
  for (const name of names) bundles.set(name, await bundleWorker(name));
  const { ports, cpuMicros, stop } = await startWorkerd(bundles, ["loop"]);
  return { worker: (name) => ({ bundle: bundles.get(name), ports: ports(name), cpuMicros }), stop };
}

/** Checks that the worker of `library` keeps what it is given, and begins the sessions of the load: their Cookie headers and one value's length. */
export async function beginSessions(server, library) {
  await expectCounter(server, library, "/none", undefined, 0);
  const seeded = await expectCounter(server, library, "/seed", undefined, 1);
  await expectCounter(server, library, "/read", seeded.cookie, 1);
  const written = await expectCounter(server, library, "/write", seeded.cookie, 2);
  await expectCounter(server, library, "/read", written.cookie ?? seeded.cookie, 2);
  await expectCounter(server, library, "/read", seeded.cookie, library.inStore ? 2 : 1);
  const cookies = [];
  for (let i = 0; i < CONNECTIONS; i++) cookies.push((await expectCounter(server, library, "/seed", undefined, 1)).cookie);
  return { cookies, cookieLength: seeded.cookieLength };
}

async function expectCounter(server, library, path, cookie, counter) {
  const answer = await fetch(`http://127.0.0.1:${server.ports.main}${path}`, { headers: cookie === undefined ? {} : { cookie } });
  const body = await answer.text();
  if (answer.status !== 200 || JSON.parse(body).counter !== counter)
    throw new Error(`${library.name} ${path}: status ${answer.status}, expected counter ${counter}`);
  const pairs = answer.headers.getSetCookie().map((line) => line.split(";")[0]);
  if (pairs.length === 0) return { cookie: undefined, cookieLength: 0 };
  return { cookie: pairs.join("; "), cookieLength: pairs.reduce((sum, pair) => sum + pair.length - pair.indexOf("=") - 1, 0) };
}

/** One path of one worker under load: over HTTP, or in a loop inside the worker. */
export async function openCase(server, path, cookies, mode) {
  const cookie = path === "none" ? () => undefined : (index) => cookies[index % cookies.length];
  const texts =
    mode === "http"
      ? cookies.map((_, index) => requestText(`/${path}`, cookie(index)))
      : [requestText(`/${path}?calls=${CALLS_PER_LOOP}`, cookie(0))];
  const perRequest = mode === "http" ? 1 : CALLS_PER_LOOP;
  const run = async (requests) => {
    const load = await openLoad(server.ports[mode === "http" ? "main" : "loop"], texts);
    await load.send(texts.length);
    const before = await restingMicros(server);
    const startedMs = performance.now();
    await load.send(requests);
    const seconds = (performance.now() - startedMs) / 1000;
    const micros = (await restingMicros(server)) - before;
    load.close();
    const calls = requests * perRequest;
    return { micros: micros / calls, perSecond: calls / seconds };
  };
  let requests = texts.length;
  for (let i = 0; i < WARM_UP_SAMPLES; i++) {
    const { micros } = await run(requests);
    requests = Math.max(1, Math.min(Math.ceil(SAMPLE_MICROS[mode] / (micros * perRequest)), 100_000));
  }
  return { sample: () => run(requests) };
}

/** The CPU time that the process has used once it rests: what a worker leaves to threads behind its answers is its own, not the next one's. */
async function restingMicros(server) {
  let micros = server.cpuMicros();
  for (let look = 0; look < 20; look++) {
    await setTimeout(5);
    const now = server.cpuMicros();
    if (now - micros < 100) return now;
    micros = now;
  }
  return micros;
}

/** Takes `rounds` samples of every pair in turn, so that what else the machine does falls on all alike; which comes first changes, from `first` on. */
export async function measurePairs(pairs, rounds, first) {
  const taken = pairs.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, { without, own }] of pairs.entries()) {
      const before = (first + round) % 2 === 0 ? await without.sample() : undefined;
      const full = await own.sample();
      const bare = before ?? (await without.sample());
      taken[index].push({ above: full.micros - bare.micros, bare: bare.micros, perSecond: full.perSecond });
    }
  }
  return taken;
}

/** What samples of one pair come to: the median and the quartiles of the differences. */
export function summary(samples) {
  const of = (name) => spread(samples.map((sample) => sample[name]));
  return { micros: of("above"), bareMicros: of("bare").median, perSecond: of("perSecond").median };
}

function spread(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
  return { low: at(0.25), median: at(0.5), high: at(0.75) };
}
