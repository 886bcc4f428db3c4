// How long requests of one session wait for each other.

import { codeOf } from "./course.ts";
import { plantedSession, type Setup, slotFor } from "./doors.ts";
import { keyOf } from "./history.ts";
import { type Asked, SimulatedStore } from "./simulated-store.ts";
import { storiesOf } from "./stories.ts";
import { travel, type Way } from "./timed-store.ts";
import { beginTime, START, seeded } from "./virtual-time.ts";

const story = storiesOf(import.meta.url);

/** What became of writers that all began at once. */
interface Outcome {
  /** Milliseconds that each took. */
  readonly took: number[];
  readonly calls: number;
  readonly failures: (string | undefined)[];
  readonly count: number;
}

/** Lets writers add to one counter at once. */
async function race(writers: number, way: Way, seed: number, setup: Setup = {}): Promise<Outcome> {
  const planted = await plantedSession(setup, false);
  beginTime(seed);
  const store = new SimulatedStore<string>(() => Date.now());
  store.plant(keyOf(planted.id), planted.text({ count: 0 }), 1200);
  const took: number[] = [];
  const failures: (string | undefined)[] = [];
  const writing = Array.from({ length: writers }, async (_, place) => {
    const slot = slotFor<string>(setup, place);
    Object.assign(slot.door, { store, caller: `writer ${place}` });
    slot.onEvent = () => {};
    const headers = new Headers({ cookie: `__Host-session=${planted.cookie}` });
    try {
      await slot.sessions.handle({ headers }, undefined, async (session) => {
        await session.load();
        session.update("count", (value) => Number(value) + 1);
        return new Response();
      });
    } catch (error) {
      failures.push(codeOf(error));
    }
    took.push(Date.now() - START);
  });
  const calls = await travel(store, way, writing);
  const text = store.read(keyOf(planted.id)) ?? "";
  const { count } = JSON.parse(text.slice(text.indexOf("{"))) as { count: number };
  return { took: took.sort((one, other) => one - other), calls, failures, count };
}

/** Says how long the way to the store is, by chance. */
function between(from: number, to: number, seed: number): Way {
  const draw = seeded(seed);
  return { roundTrip: () => from + draw() * (to - from) };
}

/** A rival that changes the record just before each of our updates. */
function rival(asked: Asked, store: SimulatedStore<string>): void {
  const there = store.read(asked.key);
  if (asked.operation !== "update" || there === undefined) return;
  rivals += 1;
  store.plant(asked.key, `1j.${String(rivals).padStart(16, "r")}${there.slice(19)}`, 1200);
}
let rivals = 0;

/** Demands something of a measured number. */
function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

story("who always meets a faster one ends in conflict when ioTimeoutMs is over, not sooner and not later", async () => {
  const { took, failures, calls } = await race(1, { roundTrip: () => 20, before: rival }, 1, { ioTimeoutMs: 3000 });
  const [milliseconds = 0] = took;
  demand(failures.join() === "conflict", `it ends as ${failures.join() || "done"}`);
  demand(milliseconds > 3000 - 640 - 100, `it gives up after ${milliseconds} ms`);
  demand(milliseconds <= 3000 + 40 + 20, `it ends after ${milliseconds} ms`);
  demand(calls > 12, `it makes ${calls} calls`);
  return 1;
});

story("the first eight replays come at once, and each later one after a wait and a load", async () => {
  const seen: [operation: string, at: number][] = [];
  const before = (asked: Asked, store: SimulatedStore<string>) => {
    seen.push([asked.operation, Date.now() - START]);
    rival(asked, store);
  };
  await race(1, { roundTrip: () => 2, before }, 2, { ioTimeoutMs: 3000 });
  const operations = seen.map(([operation]) => operation[0]).join("");
  demand(/^l(u){9}(lu)+l?$/.test(operations), `calls come as ${operations}`);
  demand(seen[9]?.[1] === 19, `the eighth replay comes after ${seen[9]?.[1]} ms`);
  const waits = seen.flatMap(([operation, at], place) => (operation === "load" && place > 0 ? [at - (seen[place - 1]?.[1] ?? 0) - 2] : []));
  demand(
    waits.every((wait, k) => wait >= 0 && wait <= Math.min(640, 20 * 2 ** k)),
    `waits are ${waits.join(", ")}`,
  );
  demand(Math.max(...waits) > 160, `waits do not grow: ${waits.join(", ")}`);
  return 1;
});

story("of sixteen writers at 20 to 60 ms none fails, and half are done within 420 ms", () => manyWriters(16, 20, 60, 420));

story("of forty writers at 20 to 60 ms none fails, and half are done within 1000 ms", () => manyWriters(40, 20, 60, 1000));

story("of forty writers at 1 to 3 ms none fails", () => manyWriters(40, 1, 3, 1000));

story("two writers take a replay at most", async () => {
  for (let seed = 1; seed <= 50; seed++) {
    const { calls, count } = await race(2, between(20, 60, seed), seed);
    demand(count === 2 && calls <= 5, `they make ${calls} calls`);
  }
  return 50;
});

async function manyWriters(writers: number, from: number, to: number, median: number): Promise<number> {
  const rounds = 10;
  const took: number[] = [];
  for (let seed = 1; seed <= rounds; seed++) {
    const outcome = await race(writers, between(from, to, seed), seed);
    demand(outcome.failures.length === 0, `SEED=${seed}: ${outcome.failures.length} fail`);
    demand(outcome.count === writers, `SEED=${seed}: the counter is ${outcome.count}`);
    took.push(...outcome.took);
  }
  took.sort((one, other) => one - other);
  const half = took[took.length >> 1] ?? 0;
  demand(half <= median, `half are done within ${Math.round(half)} ms`);
  return rounds;
}
