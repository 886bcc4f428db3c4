// Logins, logouts and expired records, seen from the browser.

import { everySchedule } from "./explore.ts";
import { demand, demandNothingDropped, logsIn, logsOut, reads, valuesLeft, writes } from "./plans.ts";
import { storiesOf } from "./stories.ts";
import type { World } from "./world.ts";

const story = storiesOf(import.meta.url);
const one = { browser: "one" };

story("1 a browser that never got its login's answer signs in again", () =>
  everySchedule({
    scene: { session: { cart: 1 }, plans: [logsIn("R", one), logsIn("N", { ...one, after: ["R"] })], weather: { lostAnswers: 1 } },
    check: (world) => demand(world, "N", "done"),
  }),
);

story("1b after a logout by id, the browser that still has the cookie signs in", () =>
  everySchedule({
    scene: { session: { user: "u" }, plans: [logsOut("D", { byId: true }), writes("N", { ...one, after: ["D"] })] },
    check: (world) => {
      demand(world, "D", "destroyed");
      demand(world, "N", "done");
      demandIn(world, "one", "N");
    },
  }),
);

story("2 the planted cookie of an expired session does not read the login", () =>
  everySchedule({
    scene: { session: "absent", plans: [logsIn("R"), reads("X", { after: ["R"] })] },
    check: (world) => {
      demand(world, "R", "done");
      if (world.course("X").read !== undefined) world.history.violate("FIXATION", "the planted cookie reads");
    },
  }),
);

story("2b neither does that of a session past its deadline", () =>
  everySchedule({
    scene: { session: "expired", plans: [logsIn("R"), reads("X", { after: ["R"] })], weather: { faults: 1 } },
    check: (world) => {
      if (world.course("X").read !== undefined) world.history.violate("FIXATION", "the planted cookie reads");
    },
  }),
);

story("3 a logout by id ends whatever a login and a writer do meanwhile, when a reply is lost", () =>
  everySchedule(
    {
      scene: { session: { user: "u" }, plans: [logsIn("R"), logsOut("D", { byId: true }), writes("A")], weather: { faults: 1 } },
    },
    3000,
  ),
);

story("9 the browser keeps its login beside a plain write", () =>
  everySchedule({
    scene: { session: { cart: 1 }, plans: [logsIn("R", one), writes("B", one)] },
    check: (world) => demandLogin(world),
  }),
);

story("9s the browser keeps its login beside a plain write that is answered late", () =>
  everySchedule({
    scene: { session: { cart: 1 }, plans: [logsIn("R", one), writes("B", one)], weather: { slowAnswers: true } },
    check: (world) => demandLogin(world),
  }),
);

story("10 the browser keeps its login over an expired session beside a first write", () =>
  everySchedule({
    scene: { session: "absent", plans: [logsIn("R", one), writes("B", one)] },
    check: (world) => {
      demandLogin(world);
      demandNoLoginUnderPlantedId(world);
    },
  }),
);

story("10b the same, over a record past its deadline", () =>
  everySchedule({
    scene: { session: "expired", plans: [logsIn("R", one), writes("B", one)] },
    check: (world) => {
      demandLogin(world);
      demandNoLoginUnderPlantedId(world);
    },
  }),
);

story("11 a login over an expired session and a first write both survive, when a reply is lost", () =>
  everySchedule({
    scene: { session: "absent", plans: [logsIn("R", one), writes("B", one)], weather: { faults: 1 } },
    check: demandBoth,
  }),
);

story("11b the same, over a record past its deadline", () =>
  everySchedule({
    scene: { session: "expired", plans: [logsIn("R", one), writes("B", one)], weather: { faults: 1 } },
    check: demandBoth,
  }),
);

story("12 a logout follows a login, and the next one in the same browser begins anew", () =>
  everySchedule({
    scene: {
      session: { user: "u" },
      plans: [logsIn("R", one), logsOut("D", { byId: true }), logsIn("N", { ...one, after: ["R", "D"] })],
    },
    check: (world) => {
      demand(world, "N", "done");
      demandIn(world, "one", "N");
      const { values } = world.history.living()[0]?.[1] ?? {};
      if (values?.user !== undefined) world.history.violate("REVIVED", "the new login holds what was logged out");
    },
  }),
);

/** Demands that the browser's cookie leads to the session that holds a request's change. */
function demandIn(world: World, browser: string, name: string): void {
  const id = world.idIn(browser);
  const record = world.history.living().find(([each]) => each === id)?.[1];
  const { values = {} } = record ?? {};
  if (values[`own${name}`] !== 1 && values.login !== name)
    world.history.violate("LOGIN-LOST", `the browser's cookie does not lead to what ${name} stored`);
}

function demandLogin(world: World): void {
  demandNothingLostToLogin(world);
  if (world.course("R").result === "done") demandIn(world, "one", "R");
}

/** A plain write that meets a login ends as gone at worst; the login itself never does. */
function demandNothingLostToLogin(world: World): void {
  const { result } = world.course("R");
  if (result === "gone") world.history.violate("DROPPED-LOGIN", "the login ends as gone");
}

function demandNoLoginUnderPlantedId(world: World): void {
  const planted = world.planted?.id;
  for (const [id, { values }] of world.history.living()) {
    if (id === planted && values.login !== undefined) world.history.violate("FIXATION", "the login lives under the planted id");
  }
}

function demandBoth(world: World): void {
  demandLogin(world);
  demandNoLoginUnderPlantedId(world);
  const bothDone = ["R", "B"].every((name) => world.course(name).result === "done");
  const { login, ownB } = valuesLeft(world);
  if (bothDone && (login !== "R" || ownB !== 1)) world.history.violate("LOST-UPDATE", "one of both is missing");
  if (!bothDone) return;
  demandNothingDropped(world);
}
