// Who still has the cookie of a session that moved or ended.

import { everySchedule } from "./explore.ts";
import { demand, logsIn, logsOut, reads, writes } from "./plans.ts";
import { sentCookie } from "./request.ts";
import { storiesOf } from "./stories.ts";
import type { World } from "./world.ts";

const story = storiesOf(import.meta.url);
const old = { browser: "old", after: ["R"] };

story("a write under an id that has just moved stores nothing and sends no cookie", () =>
  everySchedule({
    scene: { session: { cart: 1 }, plans: [logsIn("R"), writes("B", old)] },
    check: (world) => {
      demand(world, "B", "gone");
      demandCookie(world, "B", false);
    },
  }),
);

story("within the minute after grace, the old id is still no session", () =>
  everySchedule({
    scene: { session: { cart: 1 }, plans: [logsIn("R", {}, 30), writes("B", old)], skews: [0, 89_000] },
    check: (world) => demand(world, "B", "gone"),
  }),
);

story("a minute after a session moved, nobody is locked out by its old id", () =>
  everySchedule({ scene: { session: { cart: 1 }, plans: [logsIn("R"), writes("B", old)], skews: [0, 61_000] }, check: demandAnew }),
);

story("a minute after grace ended, nobody is locked out by the old id", () =>
  everySchedule({ scene: { session: { cart: 1 }, plans: [logsIn("R", {}, 30), writes("B", old)], skews: [0, 91_000] }, check: demandAnew }),
);

story("a login under an id that moved begins anew", () =>
  everySchedule({ scene: { session: { cart: 1 }, plans: [logsIn("R"), logsIn("B", old)] }, check: demandAnew }),
);

story("a login under an id that moved with grace takes along what grace shows, and not the other login", () =>
  everySchedule({
    scene: { session: { cart: 1 }, plans: [logsIn("R", {}, 30), logsIn("B", old)] },
    check: (world) => {
      demandAnew(world);
      const values = world.history.living().find(([, record]) => record.values.login === "B")?.[1].values;
      if (values?.cart !== 1) world.history.violate("LOST-UPDATE", "the cart stayed behind");
    },
  }),
);

story("under a destroyed id a first write begins anew", () =>
  everySchedule({ scene: { session: { cart: 1 }, plans: [logsOut("R", { byId: true }), writes("B", old)] }, check: demandAnew }),
);

story("a logout with the old cookie ends the session that it moved to", () =>
  everySchedule({
    scene: { session: { cart: 1 }, plans: [logsIn("R"), logsOut("D", old), reads("N", { browser: "R", after: ["D"] })] },
    check: (world) => {
      demand(world, "D", "destroyed");
      if (world.course("N").read !== undefined) world.history.violate("REVIVED", "the login goes on");
    },
  }),
);

story("a logout by the old id ends the session that it moved to", () =>
  everySchedule({
    scene: { session: { cart: 1 }, plans: [logsIn("R"), logsOut("D", { byId: true, after: ["R"] }), reads("N", { browser: "R", after: ["D"] })] },
    check: (world) => {
      demand(world, "D", "destroyed");
      if (world.course("N").read !== undefined) world.history.violate("REVIVED", "the login goes on");
    },
  }),
);

story("grace shows the state before until it ends", () =>
  everySchedule({
    scene: {
      session: { cart: 1 },
      plans: [logsIn("R", {}, 30), reads("X", old), reads("Y", { browser: "two", after: ["R"] })],
      skews: [0, 29_000, 31_000],
    },
    check: (world) => {
      const shown = JSON.stringify(world.course("X").read);
      if (shown !== '{"cart":1}') world.history.violate("GRACE", `X was shown ${shown}`);
      if (world.course("Y").read !== undefined) world.history.violate("GRACE", "Y was shown something after grace");
    },
  }),
);

story("without grace the old id shows nothing", () =>
  everySchedule({
    scene: { session: { cart: 1 }, plans: [logsIn("R"), reads("X", old)] },
    check: (world) => {
      if (world.course("X").read !== undefined) world.history.violate("GRACE", "X was shown something");
    },
  }),
);

story("grace shows nothing once the login has logged out", () =>
  everySchedule({
    scene: { session: { cart: 1 }, plans: [logsIn("R", {}, 30), logsOut("D", { browser: "R", after: ["R"] }), reads("X", { after: ["D"] })] },
    check: demandNothingShown,
  }),
);

story("grace shows nothing once the login's time is over", () =>
  everySchedule({
    scene: { session: { cart: 1 }, plans: [logsIn("R", {}, 30), reads("X", { after: ["R"] })], weather: { expiries: 1 } },
    check: (world) => {
      if (world.history.expired.length > 0 && world.history.living().length === 0 && world.course("X").calls.length > 2) demandNothingShown(world);
    },
  }),
);

story("grace leads over several logins, and ends with the last", () =>
  everySchedule({
    scene: {
      session: { cart: 1 },
      plans: [
        logsIn("R", { browser: "one" }, 30),
        logsIn("Q", { browser: "one", after: ["R"] }, 30),
        logsOut("D", { browser: "one", after: ["Q"] }),
        reads("X", { after: ["D"] }),
      ],
    },
    check: demandNothingShown,
  }),
);

function demandNothingShown(world: World): void {
  if (world.course("X").read !== undefined) world.history.violate("REVIVED", "grace shows a session that is over");
}

function demandAnew(world: World): void {
  demand(world, "B", "done");
  demandCookie(world, "B", true);
  const id = world.idIn("old");
  if (id === world.planted?.id || id !== world.course("B").session?.id) world.history.violate("LOCKED-OUT", "B's browser has no new id");
}

function demandCookie(world: World, name: string, isSent: boolean): void {
  if ((sentCookie(world.course(name).response) !== undefined) !== isSent)
    world.history.violate("COOKIE", `${name} ${isSent ? "gets none" : "gets one"}`);
}
