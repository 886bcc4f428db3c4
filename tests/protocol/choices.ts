// Which of the possible next steps a run takes.

import { seeded } from "./virtual-time.ts";

/** Decides a run, one step after the other. */
export interface Choices {
  /** Gives a number from 0 below `count`. */
  next(count: number): number;
}

/** Decides by chance, the same for the same seed. */
export function bySeed(seed: number): Choices {
  const draw = seeded(seed);
  return { next: (count) => Math.floor(draw() * count) };
}

/** Walks every run of a story, depth first: each run takes the first turn that no run before it took. */
export class EveryRun implements Choices {
  #taken: number[] = [];
  #counts: number[] = [];
  #at = 0;

  next(count: number): number {
    if (count === 1) return 0;
    if (this.#at === this.#taken.length) this.#taken.push(0);
    this.#counts[this.#at] = count;
    const choice = this.#taken[this.#at] ?? 0;
    this.#at += 1;
    return choice;
  }

  /** Turns to the next run; false when there is none. */
  advance(): boolean {
    this.#taken.length = this.#at;
    this.#at = 0;
    while (this.#taken.length > 0) {
      const last = this.#taken.length - 1;
      const choice = (this.#taken[last] ?? 0) + 1;
      if (choice < (this.#counts[last] ?? 0)) {
        this.#taken[last] = choice;
        return true;
      }
      this.#taken.pop();
    }
    return false;
  }
}
