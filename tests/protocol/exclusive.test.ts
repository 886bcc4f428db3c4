// One writer at a time, and how long the others wait.
//
// A run that fails prints its seed; SEED=<n> plays it again, SCHEDULES_TIMES=<n> plays n times as many.

import type { Session } from "edge-session";
import { bySeed } from "./choices.ts";
import { type Act, codeOf, type Plan } from "./course.ts";
import { plantedSession, type Setup, slotFor } from "./doors.ts";
import { seeds } from "./explore.ts";
import { keyOf } from "./history.ts";
import { type Asked, SimulatedStore } from "./simulated-store.ts";
import { storiesOf } from "./stories.ts";
import { travel } from "./timed-store.ts";
import { beginTime, START, seeded } from "./virtual-time.ts";

const story = storiesOf(import.meta.url);
const exclusive = { concurrency: "exclusive" } as const;

/** What became of requests that all began at once. */
interface Outcome {
  readonly ends: { readonly took: number; readonly code: string | undefined }[];
  readonly asked: { readonly operation: string; readonly at: number; readonly caller: number }[];
  readonly count: number;
}

/** Lets requests of one session meet; `holder` has the lock before them. */
async function meet(
  handlers: readonly ((session: Session) => Promise<unknown>)[],
  seed: number,
  setup: Setup = {},
  holder = false,
): Promise<Outcome> {
  // Before the cookie is made too, as it says when.
  beginTime(seed);
  const planted = await plantedSession({ ...exclusive, ...setup }, false);
  beginTime(seed);
  const store = new SimulatedStore<string>(() => Date.now());
  store.plant(keyOf(planted.id), planted.text({ count: 0 }), 1200);
  const { lockTimeoutMs = 110_000 } = setup;
  if (holder) store.plant(lockOf(planted.id), "who died", lockTimeoutMs / 1000);
  const asked: Outcome["asked"] = [];
  const ends = handlers.map(async (handler, caller) => {
    const slot = slotFor<string>({ ...exclusive, ...setup }, caller);
    Object.assign(slot.door, { store, caller: String(caller) });
    slot.onEvent = () => {};
    const request = { headers: new Headers({ cookie: `__Host-session=${planted.cookie}` }) };
    const answer = slot.sessions.handle(request, undefined, (session) => handler(session).then(() => new Response()));
    const code = await answer.then(({ status }) => (status === 200 ? undefined : String(status)), codeOf);
    return { took: Date.now() - START, code };
  });
  const draw = seeded(seed);
  const before = (call: Asked) =>
    void asked.push({ operation: call.operation, at: Date.now() - START, caller: Number((call as { caller?: string }).caller) });
  await travel(store, { roundTrip: () => 20 + draw() * 40, before }, ends);
  demand(store.read(lockOf(planted.id)) === undefined || holder, "a lock is left");
  const text = store.read(keyOf(planted.id)) ?? "";
  const { count } = JSON.parse(text.slice(text.indexOf("{"))) as { count: number };
  return { ends: await Promise.all(ends), asked, count };
}

function lockOf(id: string): string {
  return keyOf(id).replace(/Data$/, "Write_Lock");
}

/** Adds one to the counter, as who knows no `update` does. */
async function step(session: Session): Promise<void> {
  await session.load();
  session.set("count", Number(session.get("count")) + 1);
}

const read = (session: Session) => session.load({ readOnly: true });
const times = <T>(count: number, each: T): T[] => Array.from({ length: count }, () => each);

/** Demands something of what was seen. */
function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

/** Plays a number of seeds, each by itself. */
async function forSeeds(count: number, play: (seed: number) => Promise<void>): Promise<number> {
  for (let seed = 1; seed <= count; seed++) {
    await play(seed).catch((error: Error) => {
      throw new Error(`SEED=${seed}: ${error.message}`);
    });
  }
  return count;
}

story("forty requests that add one by get and set all count", () =>
  forSeeds(5, async (seed) => {
    const { ends, count } = await meet(times(40, step), seed, { ioTimeoutMs: 60_000 });
    demand(count === 40, `the counter is ${count}`);
    demand(
      ends.every(({ code }) => code === undefined),
      "some fail",
    );
  }),
);

story("without the lock the same forty lose steps, so that the story above can fail", () =>
  forSeeds(5, async (seed) => {
    const { count } = await meet(times(40, step), seed, { concurrency: "merge", ioTimeoutMs: 60_000 });
    demand(count < 40, "nothing was lost");
  }),
);

story("who waits asks every 100 to 500 ms, each time another wait, and ends in timeout when ioTimeoutMs is over", () =>
  forSeeds(20, async (seed) => {
    const { ends, asked } = await meet([step], seed, { ioTimeoutMs: 10_000 }, true);
    const [end] = ends;
    demand(end?.code === "503", `it ends as ${end?.code}`);
    demand(end !== undefined && end.took <= 10_000 && end.took >= 9700, `it ends after ${end?.took} ms`);
    const at = asked.map((call) => call.at);
    const waits = at.slice(1).map((each, place) => each - (at[place] ?? 0));
    demand(
      asked.every(({ operation }) => operation === "lock"),
      "it asks for something else",
    );
    // A way there and back lies between two of them too, of 20 to 60 ms.
    demand(
      waits.every((wait) => wait >= 120 && wait <= 560),
      `waits are ${waits.join(", ")}`,
    );
    demand(new Set(waits.map((wait) => Math.round(wait / 10))).size > 5, `waits are alike: ${waits.join(", ")}`);
  }),
);

story("a limit below the shortest wait ends in timeout at once, and one that is infinite never", async () => {
  const hasty = await meet([step], 1, { ioTimeoutMs: 150 }, true);
  demand(hasty.ends[0]?.code === "503" && hasty.asked.length === 1, `it asks ${hasty.asked.length} times`);
  const patient = await meet([step], 1, { ioTimeoutMs: Number.POSITIVE_INFINITY }, true);
  demand(patient.ends[0]?.code === undefined && patient.count === 1, "it gives up");
  return 2;
});

story("a lock whose holder died is taken over when lockTimeoutMs is over, not sooner", () =>
  forSeeds(20, async (seed) => {
    const { ends, asked, count } = await meet([step], seed, { lockTimeoutMs: 4000 }, true);
    const loaded = asked.find(({ operation }) => operation === "load")?.at ?? 0;
    demand(ends[0]?.code === undefined && count === 1, `it ends as ${ends[0]?.code}`);
    demand(loaded >= 4000 && loaded <= 4000 + 660, `it loads after ${loaded} ms`);
  }),
);

story("readers wait neither for a writer nor for each other", () =>
  forSeeds(20, async (seed) => {
    const { ends, asked } = await meet(times(8, read), seed, {}, true);
    demand(
      ends.every(({ took, code }) => code === undefined && took <= 60),
      "a reader waits",
    );
    demand(
      asked.every(({ operation }) => operation === "load"),
      "a reader asks for a lock",
    );
  }),
);

story("a request without anybody beside it makes four calls, and one that waited one more for each wait", async () => {
  const alone = await meet([step], 1);
  demand(alone.asked.map(({ operation }) => operation).join() === "lock,load,update,unlock", "it makes other calls");
  const two = await meet([step, step], 1);
  const waits = two.asked.filter(({ operation }) => operation === "lock").length - 2;
  demand(waits >= 1 && two.asked.length === 8 + waits && two.count === 2, `they make ${two.asked.length} calls`);
  return 2;
});

/** What a request does, by the name of its kind. */
const kinds: Record<string, (name: string) => readonly Act[]> = {
  step: () => [["load"], ["step", "count"]],
  own: (name) => [["load"], ["set", `own${name}`, name]],
  slow: (name) => [["load"], ["step", "count"], ["pause"], ["set", `own${name}`, name]],
  twice: (name) => [["load"], ["step", "count"], ["try-commit"], ["pause"], ["step", "count"], ["set", `own${name}`, name]],
  login: (name) => [["load"], ["set", "login", name], ["step", "count"], ["regenerate"]],
  logout: () => [["load"], ["destroy"]],
  image: () => [["pause"]],
  error: () => [["load"], ["step", "count"], ["answer", 500]],
};

/** Draws 2 to 6 requests of some kinds. */
function plansOf(names: readonly string[], next: (count: number) => number): Plan[] {
  return [..."ABCDEF"].slice(0, 2 + next(5)).map((name) => {
    const kind = names[next(names.length)] ?? "step";
    return { name, browser: ["one", "two", name][next(3)] ?? name, image: kind === "image", acts: kinds[kind]?.(name) ?? [] };
  });
}

story("no step by get and set is lost, whatever is lost, late or outlives its lock", () =>
  seeds((seed) => {
    const dice = bySeed(seed ^ 0x9e37_79b9);
    const next = (count: number) => dice.next(count);
    const weather = {
      faults: next(3),
      delays: next(2),
      repeats: next(2),
      lagMs: [0, 30, 300][next(3)] ?? 0,
      slowReplies: next(2) === 1,
      losesLoads: next(2) === 1,
    };
    const session = ([{ count: 0 }, { count: 0 }, "absent", "expired"] as const)[next(4)] ?? "absent";
    const names = next(2) === 1 ? ["step", "own", "slow", "twice", "image"] : Object.keys(kinds);
    // So short that many outlive it, or so long that few do.
    const setup = { ...exclusive, lockTimeoutMs: [400, 5000, 110_000][next(3)] ?? 400 };
    return { scene: { session, setup, plans: plansOf(names, next), weather, seed } };
  }, 3000),
);
