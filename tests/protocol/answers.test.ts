// What leaves with an answer: cookies, error pages, images.

import type { Act } from "./course.ts";
import { everySchedule } from "./explore.ts";
import { keyOf, parse } from "./history.ts";
import { demand, logsIn, logsOut, reads, writes } from "./plans.ts";
import { sentCookie } from "./request.ts";
import { storiesOf } from "./stories.ts";
import type { World } from "./world.ts";

const story = storiesOf(import.meta.url);
const one = { browser: "one" };
const commit: Act = ["commit"];
const fails: Act = ["answer", 500];

story("an error page after a login confirms nothing of it", () =>
  everySchedule({ scene: { session: { cart: 1 }, plans: [logsIn("R", one, undefined, fails), reads("X", { after: ["R"] })] }, check: demandNoLogin }),
);

story("an error page with status 0 confirms nothing of a login either", () =>
  everySchedule({
    scene: { session: { cart: 1 }, plans: [logsIn("R", one, undefined, ["answer", 0]), reads("X", { after: ["R"] })] },
    check: demandNoLogin,
  }),
);

story("a handler that throws after a login confirms nothing of it", () =>
  everySchedule({
    scene: { session: { cart: 1 }, plans: [logsIn("R", one, undefined, ["throw"]), reads("X", { after: ["R"] })] },
    check: demandNoLogin,
  }),
);

story("an error page after an explicit commit keeps the login", () =>
  everySchedule({
    scene: { session: { cart: 1 }, plans: [logsIn("R", one, undefined, commit, fails), reads("N", { ...one, after: ["R"] })] },
    check: (world) => {
      if (world.course("N").read?.login !== "R") world.history.violate("LOGIN-LOST", "the committed login did not reach the browser");
    },
  }),
);

story("an error page stores what was changed in a session that is there", () =>
  everySchedule({
    scene: { session: { cart: 1 }, plans: [{ ...writes("A"), acts: [...writes("A").acts, fails] }, writes("B")] },
    check: (world) => {
      for (const { plan, changes } of world.courses) {
        if (changes[0]?.fate !== "confirmed") world.history.violate("DROPPED", `${plan.name} is ${changes[0]?.fate}`);
      }
    },
  }),
);

story("an error page begins no session", () =>
  everySchedule({
    scene: { session: "none", plans: [{ ...writes("A"), acts: [...writes("A").acts, fails] }] },
    check: (world) => {
      demandNoCookie(world, "A");
      if (world.course("A").calls.length > 0) world.history.violate("CALLS", "an error page called the store");
    },
  }),
);

story("an error page after a logout has the cookie forgotten", () =>
  everySchedule({
    scene: { session: { cart: 1 }, plans: [{ ...logsOut("D", one), acts: [...logsOut("D").acts, fails] }] },
    check: (world) => {
      if (sentCookie(world.course("D").response) !== "") world.history.violate("COOKIE", "the browser keeps the cookie");
    },
  }),
);

story("no late answer to an image overwrites a login's cookie", () =>
  everySchedule({
    scene: { isOld: true, session: { cart: 1 }, plans: [logsIn("R", one), reads("I", { ...one, image: true })], weather: { slowAnswers: true } },
    check: (world) => {
      demandNoCookie(world, "I");
      demandLoginKept(world);
    },
  }),
);

story("no late answer to an image that never loads the session overwrites a login's cookie", () =>
  everySchedule({
    scene: {
      isOld: true,
      session: { cart: 1 },
      plans: [logsIn("R", one), { name: "I", ...one, image: true, acts: [["pause"]] }],
      weather: { slowAnswers: true },
    },
    check: (world) => {
      demandNoCookie(world, "I");
      demandLoginKept(world);
    },
  }),
);

const monthly = { cookie: { maxAgeSeconds: 1000 }, absoluteTimeoutSeconds: 100_000 };

story("an image past half of the cookie's life gets no cookie", () =>
  everySchedule({
    scene: { setup: monthly, plans: [reads("I", { ...one, image: true })], skews: [600_000] },
    check: (world) => demandNoCookie(world, "I"),
  }),
);

story("a page past half of the cookie's life gets it again", () =>
  everySchedule({
    scene: { setup: monthly, plans: [reads("P", one)], skews: [600_000] },
    check: (world) => demandPlantedAgain(world, "P"),
  }),
);

story("a page gets a cookie sealed under the old secret anew", () =>
  everySchedule({ scene: { isOld: true, plans: [reads("P", one)] }, check: (world) => demandPlantedAgain(world, "P") }),
);

story("an error page gets no cookie again", () =>
  everySchedule({
    scene: { isOld: true, plans: [{ ...reads("P", one), acts: [...reads("P").acts, fails] }] },
    check: (world) => demandNoCookie(world, "P"),
  }),
);

story("a page that saw its id forwarded gets no cookie", () =>
  everySchedule({
    scene: { isOld: true, session: { cart: 1 }, plans: [logsIn("R", one), reads("P", { browser: "two", after: ["R"] })] },
    check: (world) => demandNoCookie(world, "P"),
  }),
);

story("a page whose session moved between its load and its commit gets no cookie", () =>
  everySchedule({
    scene: { isOld: true, session: { cart: 1 }, plans: [logsIn("R", one), writes("P", one)], weather: { slowAnswers: true } },
    check: (world) => {
      if (world.course("P").result === "gone") {
        demandNoCookie(world, "P");
        demandLoginKept(world);
      }
    },
  }),
);

story("a page whose write a login took along, and whose answer was lost, leaves the login's cookie alone", () =>
  everySchedule({
    scene: { isOld: true, session: { cart: 1 }, plans: [logsIn("R", one), writes("P", one)], weather: { faults: 1 } },
    check: (world) => {
      if (world.course("R").result === "done") demandLoginKept(world);
    },
  }),
);

story("a page whose session was destroyed between its load and its commit gets no cookie", () =>
  everySchedule({
    scene: { isOld: true, session: { cart: 1 }, plans: [logsOut("D", { byId: true }), writes("P", one)] },
    check: (world) => {
      if (world.course("P").result === "gone") demandNoCookie(world, "P");
    },
  }),
);

function demandNoCookie(world: World, name: string): void {
  if (sentCookie(world.course(name).response) !== undefined) world.history.violate("COOKIE", `${name} sets a cookie`);
}

function demandPlantedAgain(world: World, name: string): void {
  const cookie = sentCookie(world.course(name).response);
  if (cookie === undefined || cookie === world.planted?.cookie) world.history.violate("COOKIE", `${name} gets no new cookie`);
  if (world.idIn("one") !== world.planted?.id) world.history.violate("COOKIE", `${name} gets another id`);
}

function demandLoginKept(world: World): void {
  demand(world, "R", "done");
  if (world.idIn("one") !== world.course("R").session?.id) world.history.violate("LOGIN-LOST", "the browser's cookie is not the login's");
}

function demandNoLogin(world: World): void {
  const { planted } = world;
  demandNoCookie(world, "R");
  const record = parse(world.store.read(keyOf(planted?.id ?? "")) ?? "");
  if (record.values.cart !== 1 || record.values.login !== undefined) world.history.violate("ERROR-PAGE", "the session changed");
  if (world.store.keys().length !== 1) world.history.violate("ERROR-PAGE", "a record was left behind");
  if (world.course("X").read?.cart !== 1) world.history.violate("ERROR-PAGE", "the old cookie does not read the session");
}
