// Many requests at once, by chance: what is confirmed stays.
//
// A run that fails prints its seed; SEED=<n> plays it again, SCHEDULES_TIMES=<n> plays n times as many.

import { Dice, workloads } from "./dice.ts";
import { seeds } from "./explore.ts";
import { storiesOf } from "./stories.ts";

const story = storiesOf(import.meta.url);
const SEEDS = 10_000;

for (const [claim, draw] of Object.entries(workloads)) {
  story(claim, () => seeds((seed) => ({ scene: draw(new Dice(seed)) }), SEEDS));
}
