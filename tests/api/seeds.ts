// Seeds for random tests: printed, and given again by SEED.

import type { TestContext } from "node:test";

/** Gives a seed and prints it; `SEED=<seed>` runs the same again. */
export function seedFor(t: TestContext): number {
  const given = Number(process.env.SEED);
  const seed = Number.isSafeInteger(given) && given !== 0 ? given : (crypto.getRandomValues(new Int32Array(1))[0] ?? 1);
  t.diagnostic(`SEED=${seed}`);
  return seed;
}

/** A small generator of numbers from a seed (mulberry32): each call gives a whole number below `limit`. */
export function dice(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}
