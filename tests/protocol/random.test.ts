// Many requests at once, by chance: what is confirmed stays.
//
// A run that fails prints its seed; SEED=<n> plays it again, SCHEDULES_TIMES=<n> plays n times as many.

import { Dice, workloads } from "./dice.ts";
import { seeds } from "./explore.ts";
import { storiesOf } from "./stories.ts";
import type { Scene } from "./world.ts";

const story = storiesOf(import.meta.url);
const SEEDS = 10_000;

const random = (draw: (dice: Dice) => Scene) => () => seeds((seed) => ({ scene: draw(new Dice(seed)) }), SEEDS);

story("no update is lost", random(workloads.updates));
story("no session is revived", random(workloads.endings));
story("no regeneration forks, loses or shows a login", random(workloads.logins));
story("no ambiguous commit is stored twice, or told wrong", random(workloads.lostAnswers));
