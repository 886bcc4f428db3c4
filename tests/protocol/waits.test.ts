// How long requests of one session wait for each other.

import { codeOf } from "./course.ts";
import { plantedSession, type Setup, slotFor } from "./doors.ts";
import { keyOf } from "./history.ts";
import { requestWith } from "./request.ts";
import { type Asked, SimulatedStore } from "./simulated-store.ts";
import { storiesOf } from "./stories.ts";
import { travel, type Way } from "./timed-store.ts";
import { beginTime, START, seeded } from "./virtual-time.ts";
import { lineOf, type Outcome, type Waits, waitsOf } from "./waits.ts";

const story = storiesOf(import.meta.url);

const ROUNDS = 40;

/** Milliseconds by which writers come apart, and that each handler takes, at most. */
interface Pace {
  readonly start: number;
  readonly handler: number;
}

/** Lets writers add to one counter at once. */
async function race(writers: number, way: Way, seed: number, setup: Setup = {}, pace: Pace = { start: 0, handler: 0 }): Promise<Outcome> {
  const planted = await plantedSession(setup, false);
  beginTime(seed);
  const draw = seeded(seed ^ 0x5eed);
  const store = new SimulatedStore<string>(() => Date.now());
  store.plant(keyOf(planted.id), planted.text({ count: 0 }), 1200);
  const took: number[] = [];
  const failures: (string | undefined)[] = [];
  const writing = Array.from({ length: writers }, async (_, place) => {
    const slot = slotFor<string>(setup, place);
    Object.assign(slot.door, { store, caller: `writer ${place}` });
    slot.onEvent = () => {};
    if (pace.start > 0) await passed(draw() * pace.start);
    const started = Date.now();
    try {
      await slot.sessions.handle(requestWith(planted.cookie), undefined, async (session) => {
        await session.load();
        if (pace.handler > 0) await passed(draw() * pace.handler);
        session.update("count", (value) => Number(value) + 1);
        return new Response();
      });
    } catch (error) {
      failures.push(codeOf(error));
    }
    took.push(Date.now() - started);
  });
  const calls = await travel(store, way, writing);
  const text = store.read(keyOf(planted.id)) ?? "";
  const { count } = JSON.parse(text.slice(text.indexOf("{"))) as { count: number };
  return { took: took.sort((one, other) => one - other), calls, failures, count };
}

/** Lets virtual time pass. */
function passed(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
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

story("where the time ends during a load, nothing is stored and it is a conflict; during an update nobody can say", async () => {
  const told = new Set<string>();
  for (let seed = 1; seed <= 100; seed++) {
    let last = "";
    const made = ({ operation }: Asked) => {
      last = operation;
    };
    const { failures } = await race(1, { ...between(20, 60, seed), before: rival, made }, seed, { ioTimeoutMs: 3000 });
    told.add(`${failures.join()} after ${last}`);
    demand(last === "update" || failures.join() === "conflict", `SEED=${seed}: it ends as ${failures.join()} after a ${last}`);
  }
  demand([...told].sort().join() === "commit-ambiguous after update,conflict after load,conflict after update", [...told].join());
  return 100;
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

/** Writers, and what PROTOCOL 3 says of them at 20 to 60 ms: milliseconds at the median, calls of each. */
const said = [
  [2, 100, 2.5],
  [8, 206, 5.2],
  [16, 323, 8.5],
  [40, 715, 14.7],
] as const;

story("of 2 to 40 writers at 20 to 60 ms none fails, and their waits and calls are what the protocol says", async () => {
  const lines: string[] = [];
  for (const [writers, median, calls] of said) {
    const found = await manyWriters(writers, 20, 60);
    demand(isAbout(found.median, median), `${writers} writers: half are done within ${found.median} ms, not ${median}`);
    demand(isAbout(found.calls, calls), `${writers} writers: ${found.calls} calls each, not ${calls}`);
    lines.push(lineOf(found));
  }
  return lines.join("\n");
});

story("of 2 to 40 writers at 1 to 3 ms none fails", async () => {
  const lines: string[] = [];
  for (const [writers] of said) lines.push(lineOf(await manyWriters(writers, 1, 3)));
  return lines.join("\n");
});

story("two writers take a replay at most", async () => {
  for (let seed = 1; seed <= 50; seed++) {
    const { calls, count } = await race(2, between(20, 60, seed), seed);
    demand(count === 2 && calls <= 5, `they make ${calls} calls`);
  }
  return 50;
});

/** Lets so many writers race again and again: they come within 5 ms, and their handlers take 10 ms at most. */
async function manyWriters(writers: number, from: number, to: number): Promise<Waits> {
  const outcomes: Outcome[] = [];
  for (let seed = 1; seed <= ROUNDS; seed++) {
    const outcome = await race(writers, between(from, to, seed), seed, {}, { start: 5, handler: 10 });
    demand(outcome.failures.length === 0, `SEED=${seed}: ${outcome.failures.length} fail`);
    demand(outcome.count === writers, `SEED=${seed}: the counter is ${outcome.count}`);
    outcomes.push(outcome);
  }
  return waitsOf(writers, outcomes);
}

function isAbout(found: number, expected: number): boolean {
  return Math.abs(found - expected) <= 0.15 * expected;
}
