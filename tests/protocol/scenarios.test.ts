// Small stories of racing requests, along every schedule.

import { everySchedule, seeds } from "./explore.ts";
import { adds, demandNothingDropped, demandOneSession, logsIn, logsOut, reads, valuesLeft, writes, writesPair } from "./plans.ts";
import { storiesOf } from "./stories.ts";
import type { World } from "./world.ts";

const story = storiesOf(import.meta.url);

story("1 two writers of distinct keys both keep what they were told", () =>
  everySchedule({ scene: { plans: [writes("A"), writes("B")], weather: { faults: 1 } } }),
);

story("2 of two writers of one key, who saw the other's value is not overwritten by it", () =>
  everySchedule({ scene: { plans: [writesPair("A"), writesPair("B")], weather: { faults: 1 } } }),
);

story("3 two updates of one counter both count, once", () =>
  everySchedule({ scene: { session: { count: 0 }, plans: [adds("A"), adds("B")], weather: { faults: 1 } } }),
);

story("3b three updates of one counter all count, once", () =>
  everySchedule({ scene: { session: { count: 0 }, plans: [adds("A"), adds("B"), adds("C")], weather: { faults: 1 } } }, 6000),
);

story("4 a clear whose reply was lost does not clear what came after it", () =>
  everySchedule({
    scene: { session: { user: "u" }, plans: [{ name: "A", acts: [["load"], ["clear"]] }, writes("B")], weather: { faults: 1 } },
    check: (world) => {
      const { read, result } = world.course("B");
      const sawCleared = read !== undefined && Object.keys(read).length === 0;
      if (sawCleared && result === "done" && valuesLeft(world).ownB !== 1) world.history.violate("ROLLED-BACK", "B wrote after the clear");
    },
  }),
);

story("5 a writer does not bring back what a logout ended", () =>
  everySchedule({ scene: { session: { user: "u" }, plans: [writes("A"), logsOut("D")], weather: { faults: 1 } } }),
);

story("6 a writer and a logout leave a third request its own session", () =>
  everySchedule({ scene: { session: { user: "u" }, plans: [writes("A"), logsOut("D"), writes("C")] } }),
);

story("7 what a writer loaded does not come back when the time ends and a slow clock begins anew", () =>
  everySchedule({ scene: { session: { user: "u" }, plans: [writes("A"), writes("C")], weather: { expiries: 1 }, skews: [0, -1000] } }),
);

story("7r a login does not take over what began under its id when the time ended", () =>
  everySchedule({ scene: { session: { user: "u" }, plans: [logsIn("R"), writes("C")], weather: { expiries: 1 } } }),
);

story("8 two first writes after expiry both survive", () =>
  everySchedule({
    scene: { session: "absent", plans: [writes("A"), writes("B")], weather: { faults: 1 } },
    check: demandAllKept,
  }),
);

story("8b two first writes over a record past its deadline both survive", () =>
  everySchedule({
    scene: { session: "expired", plans: [writes("A"), writes("B")], weather: { faults: 1 } },
    check: demandAllKept,
  }),
);

story("8c three first writes after expiry all survive", () =>
  everySchedule({ scene: { session: "absent", plans: [writes("A"), writes("B"), writes("C")], weather: { faults: 1 } }, check: demandAllKept }),
);

story("9 a login carries a parallel write over", () => everySchedule({ scene: { session: { cart: 0 }, plans: [logsIn("R"), writes("A")] } }));

story("9f a login carries a parallel write over, when a reply is lost", () =>
  everySchedule({ scene: { session: { cart: 0 }, plans: [logsIn("R"), writes("A")], weather: { faults: 1 } } }),
);

story("10 two regenerations do not fork the session", () =>
  everySchedule({ scene: { session: { cart: 0 }, plans: [logsIn("R"), logsIn("Q")] }, check: demandOneCart }),
);

story("10f two regenerations do not fork the session, when a reply is lost", () =>
  everySchedule({ scene: { session: { cart: 0 }, plans: [logsIn("R"), logsIn("Q")], weather: { faults: 1 } }, check: demandOneCart }),
);

story("11 a logout wins over a regeneration", () =>
  everySchedule({
    scene: { session: { user: "u" }, plans: [logsIn("R"), logsOut("D")] },
    check: (world) => {
      const users = world.history.living().filter(([, { values }]) => values.user === "u");
      if (users.length > 0) world.history.violate("REVIVED", "what was there before the logout lives");
    },
  }),
);

story("11w a logout wins over a login, however many write meanwhile", () =>
  seeds(() => ({ scene: { session: { user: "u" }, plans: [logsOut("D"), writes("A"), writes("B"), writes("C"), logsIn("R")] } }), 4000),
);

story("12 grace shows the holder of the old id the state before, never the login", () => {
  const shown = new Set<string>();
  const scene = { session: { cart: 7 }, plans: [logsIn("R", {}, 30), reads("X")] };
  const check = (world: World) => {
    shown.add(JSON.stringify(world.course("X").read));
  };
  return everySchedule({ scene, check }).then((played) => {
    if ([...shown].join() !== '{"cart":7}') throw new Error(`X was shown ${[...shown].join(" and ")}`);
    return played;
  });
});

story("13 after a logout, grace shows nothing", () =>
  everySchedule({
    scene: {
      session: { user: "u" },
      plans: [logsIn("R", { browser: "one" }, 30), logsOut("D", { browser: "one", after: ["R"] }), reads("X", { after: ["D"] })],
    },
    check: (world) => {
      const { read } = world.course("X");
      if (world.course("D").result === "destroyed" && read !== undefined) world.history.violate("REVIVED", "the old cookie reads after the logout");
    },
  }),
);

story("14 a create that arrives after the logout begins nothing", () =>
  everySchedule({
    scene: { session: "none", plans: [writes("A", { browser: "one" }), logsOut("D", { browser: "one", after: ["A"] })], weather: { delays: 1 } },
    check: (world) => {
      if (world.course("D").destroyed && world.history.living().length > 0) world.history.violate("REVIVED", "the late create began a session");
    },
  }),
);

const lastWriteWins = { concurrency: "last-write-wins" } as const;

story("15 the last write wins over no logout", () =>
  everySchedule({ scene: { setup: lastWriteWins, session: { user: "u" }, plans: [writes("A"), logsOut("D"), writes("C")] } }),
);

story("16 the last write wins, and no late duplicate of an earlier one", () =>
  everySchedule({ scene: { setup: lastWriteWins, plans: oneAfterTheOther, weather: { delays: 1 } }, check: demandSecond }),
);

story("17 a late duplicate does not undo the request after it", () =>
  everySchedule({ scene: { plans: oneAfterTheOther, weather: { delays: 1 } }, check: demandSecond }),
);

story("18 a writer whose reply was lost and a logout leave a third request its own session", () =>
  everySchedule({ scene: { session: { user: "u" }, plans: [writes("A"), logsOut("D"), writes("C")], weather: { faults: 1 } } }, 6000),
);

story("19 a writer, a login and a logout leave nothing of what was logged out", () =>
  everySchedule({ scene: { session: { user: "u" }, plans: [writes("A"), logsIn("R"), logsOut("D")] } }, 6000),
);

story("20 an old cookie does not begin a second session beside a login", () =>
  everySchedule({ scene: { session: { cart: 0 }, plans: [logsIn("R"), writes("A"), writes("B")] }, check: demandOneSession }, 6000),
);

story("21 a logout of nothing whose reply was lost drops no first write", () =>
  everySchedule({ scene: { session: "absent", plans: [logsOut("D"), writes("C")], weather: { faults: 1 } }, check: demandAllKept }),
);

const oneAfterTheOther = [writesPair("A", { browser: "one" }), writesPair("B", { browser: "one", after: ["A"] })];

function demandOneCart(world: World): void {
  const carts = world.history.living().filter(([, { values }]) => values.cart === 0);
  if (carts.length > 1) world.history.violate("FORKED", "two sessions go on with one cart");
}

function demandAllKept(world: World): void {
  demandNothingDropped(world);
  demandOneSession(world);
}

function demandSecond(world: World): void {
  if (world.course("B").result === "done" && valuesLeft(world).one !== "B") world.history.violate("ROLLED-BACK", "B came after A");
}
