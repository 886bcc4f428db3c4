// Commits whose answer was lost, and what they cost.

import { codeOf } from "./course.ts";
import { plantedSession, slotFor } from "./doors.ts";
import { everySchedule } from "./explore.ts";
import { keyOf } from "./history.ts";
import { adds, demandOneSession, logsIn, logsOut, reads, valuesLeft, writes } from "./plans.ts";
import { requestWith } from "./request.ts";
import { type Asked, SimulatedStore } from "./simulated-store.ts";
import { storiesOf } from "./stories.ts";
import { travel } from "./timed-store.ts";
import { beginTime, passTime } from "./virtual-time.ts";
import type { World } from "./world.ts";

const story = storiesOf(import.meta.url);
const counter = { count: 0 };

story("a commit whose answer was lost is found out by the next one", () =>
  everySchedule({
    scene: {
      session: counter,
      plans: [{ name: "A", acts: [["load"], ["add", "count"], ["try-commit"]] }, adds("B")],
      weather: { faults: 1, repeats: 0 },
    },
    check: (world) => {
      const { result } = world.course("A");
      if (result !== "done") world.history.violate("FORGOTTEN", `A is told ${result}, though its second commit was answered`);
    },
  }),
);

story("a first write whose answer was lost is found out by the next commit", () =>
  everySchedule({
    scene: {
      session: "absent",
      plans: [{ name: "A", acts: [["load"], ["add", "count"], ["try-commit"]] }, adds("B")],
      weather: { faults: 1, repeats: 0 },
    },
    check: (world) => {
      if (world.course("A").changes[0]?.fate !== "confirmed") world.history.violate("FORGOTTEN", "A's second commit was answered");
    },
  }),
);

story("changes made after a lost answer are stored once, and the ones before it too", () =>
  everySchedule({
    scene: {
      session: counter,
      plans: [{ name: "A", acts: [["load"], ["add", "count"], ["try-commit"], ["add", "count"], ["set", "ownA", 1]] }, adds("B")],
      weather: { faults: 1, repeats: 0 },
    },
  }),
);

story("a commit that is asked for twice is stored once, late duplicates or not", () =>
  everySchedule({
    scene: {
      session: counter,
      plans: [{ name: "A", acts: [["load"], ["add", "count"], ["try-commit"], ["try-commit"]] }, adds("B")],
      weather: { faults: 1, delays: 1, repeats: 0 },
    },
  }),
);

story("what nobody can decide is told as such, and never repeated", () => {
  const told = new Set<string>();
  const plans = [adds("A"), adds("B", { browser: "two" }), adds("C", { browser: "two", after: ["B"] })];
  return everySchedule({
    scene: { session: counter, plans, weather: { faults: 1 } },
    check: (world) => {
      for (const { error } of world.courses) told.add(String(codeOf(error)));
      const isTold = world.courses.some(({ error }) => codeOf(error) === "commit-ambiguous");
      if (isTold && ![2, 3].includes(Number(valuesLeft(world).count))) world.history.violate("DOUBLE-APPLY", "the undecided step was repeated");
    },
  }).then((played) => demandTold(told, ["commit-ambiguous", "undefined"], played));
});

story("a store that never answers ends a commit as ambiguous, in time", () => {
  const told = new Set<string>();
  return everySchedule({
    scene: { session: counter, plans: [adds("A"), adds("B")], weather: { hangs: 1, losesLoads: true } },
    check: (world) => {
      for (const { error } of world.courses) told.add(String(codeOf(error)));
    },
  }).then((played) => demandTold(told, ["commit-ambiguous", "timeout", "undefined"], played));
});

story("a login that nobody can decide sends no cookie, and leaves one session or none", () => {
  const told = new Set<string>();
  return everySchedule({
    scene: { session: { cart: 1 }, plans: [logsIn("R"), writes("A")], weather: { faults: 2, losesLoads: true, repeats: 0 } },
    check: (world) => {
      const { error } = world.course("R");
      told.add(String(codeOf(error)));
      if (error !== undefined && world.jars.get("R") !== world.planted?.cookie) world.history.violate("COOKIE", "an undecided login sent one");
      demandOneSession(world);
    },
  }).then((played) => demandTold(told, ["commit-ambiguous", "undefined"], played));
});

story("a login that met another writer, and whose last step arrives after ioTimeoutMs, is told as ambiguous", async () => {
  const setup = { ioTimeoutMs: 1000 };
  beginTime(1);
  const planted = await plantedSession(setup, false);
  const key = keyOf(planted.id);
  beginTime(2);
  const store = new SimulatedStore<string>(() => Date.now());
  store.plant(key, planted.text({ cart: 1 }), 1200);
  const slot = slotFor<string>(setup, 0);
  Object.assign(slot.door, { store, caller: "R" });
  slot.onEvent = () => {};
  let forwardings = 0;
  const made = ({ text }: Asked) => {
    if (text.startsWith("1m.")) forwardings += 1;
  };
  const before = ({ text }: Asked) => {
    if (text.startsWith("1m.") && forwardings === 1) store.plant(key, `1j.${"r".repeat(16)}${planted.text({ cart: 2 }).slice(19)}`, 1200);
  };
  const answer = slot.sessions.handle(requestWith(planted.cookie), undefined, async (session) => {
    await session.load();
    session.regenerateId();
    return new Response();
  });
  await travel(store, { made, before, roundTrip: () => (forwardings < 2 ? 20 : 4000) }, [answer]);
  const code = await answer.then(() => "done", codeOf);
  passTime(4000);
  if (store.read(key)?.startsWith("1m.") !== true) throw new Error("the last step never arrived");
  if (code !== "commit-ambiguous") throw new Error(`it is told as ${code}, though the session moved`);
  return 1;
});

story("a logout that the store did not confirm is told as such", () => {
  const told = new Set<string>();
  return everySchedule({
    scene: { session: { cart: 1 }, plans: [logsOut("D"), writes("A")], weather: { faults: 2, repeats: 0 } },
    check: (world) => {
      const { error, destroyed } = world.course("D");
      told.add(String(codeOf(error)));
      if (destroyed !== (error === undefined)) world.history.violate("LOGOUT", "an unconfirmed logout was told as done");
    },
  }).then((played) => demandTold(told, ["timeout", "undefined"], played));
});

story("a read is one call, a write two, a login three", () =>
  everySchedule({
    scene: { plans: [reads("A"), adds("B", { after: ["A"] }), logsIn("R", { after: ["B"] })] },
    check: (world) => {
      demandCalls(world, "A", ["load"]);
      demandCalls(world, "B", ["load", "update"]);
      demandCalls(world, "R", ["load", "create", "update"]);
    },
  }),
);

story("a visitor who sets nothing costs nothing", () =>
  everySchedule({
    scene: { session: "none", plans: [reads("A"), writes("B")] },
    check: (world) => {
      demandCalls(world, "A", []);
      demandCalls(world, "B", ["create"]);
    },
  }),
);

story("a replay is one call more", () =>
  everySchedule({
    scene: { session: counter, plans: [adds("A"), adds("B"), adds("C")] },
    check: (world) => {
      const updates = world.courses.map(({ calls }) => calls.filter((operation) => operation === "update").length);
      const loads = world.courses.flatMap(({ calls }) => calls).filter((operation) => operation === "load").length;
      if (loads !== 3) world.history.violate("CALLS", `${loads} loads`);
      if (Math.max(...updates) > 3) world.history.violate("CALLS", `${Math.max(...updates)} tries among three`);
    },
  }),
);

function demandCalls(world: World, name: string, expected: string[]): void {
  const { calls } = world.course(name);
  if (calls.join() !== expected.join()) world.history.violate("CALLS", `${name} makes ${calls.join(", ")}`);
}

/** Demands that a story's schedules showed all of these, so that what it checks did happen. */
function demandTold(told: ReadonlySet<string>, expected: string[], played: number): number {
  const missing = expected.filter((each) => !told.has(each));
  if (missing.length > 0) throw new Error(`no schedule ends as ${missing.join(" or ")}; they end as ${[...told].join(", ")}`);
  return played;
}
