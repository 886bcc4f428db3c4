// Plays a story along every schedule, or along many seeds.

import { bySeed, EveryRun } from "./choices.ts";
import { type Scene, World } from "./world.ts";

/** A story: where it begins, and what must hold at its end besides what must always hold. */
export interface Story {
  readonly scene: Scene;
  readonly check?: (world: World) => void;
}

const seedToReplay = process.env.SEED;
const times = Number(process.env.SCHEDULES_TIMES ?? "1");

/** Plays every schedule of a story, up to a number; where there are more, as many seeds besides. Gives how many it played. */
export async function everySchedule(story: Story, limit = 4000): Promise<number> {
  if (seedToReplay !== undefined) return await seeds(() => story, 1);
  const every = new EveryRun();
  let played = 0;
  do {
    await play(story, new World(story.scene, every), `schedule ${played}`);
    played += 1;
  } while (every.advance() && played < limit * times);
  return played < limit * times ? played : played + (await seeds(() => story, limit));
}

/** Plays a story of each seed, or only the one that the environment's `SEED` names. Gives how many it played. */
export async function seeds(story: (seed: number) => Story, count: number): Promise<number> {
  const first = Number(seedToReplay ?? "1");
  const last = seedToReplay === undefined ? count * times : first;
  for (let seed = first; seed <= last; seed++) {
    const told = story(seed);
    await play(told, new World({ ...told.scene, seed }, bySeed(seed)), `SEED=${seed}`);
  }
  return last - first + 1;
}

async function play(story: Story, world: World, name: string): Promise<void> {
  const { violations } = world.history;
  try {
    await world.play();
    if (violations.length === 0) story.check?.(world);
  } catch (error) {
    violations.push(`BROKEN: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (violations.length > 0) throw new Error(`${name}\n${[...new Set(violations)].join("\n")}\n${world.trace.text()}`);
}
