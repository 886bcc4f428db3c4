// The cache against a naive model of it, over random times.

import assert from "node:assert/strict";
import { test } from "node:test";
import { dice, seedFor } from "./seeds.ts";
import { World } from "./world.ts";

/** What the model knows of an entry. Times are unix milliseconds. */
interface Modelled {
  readonly value: number;
  /** The absolute end, exact. */
  readonly end: number;
  readonly slidingMs: number;
  /** When the store lets it go, in whole seconds from the last renewal. */
  gone: number;
}

test("20,000 random calls find what a naive model finds, and never later than its end", async (t) => {
  const roll = dice(seedFor(t));
  const world = new World();
  const { cache } = world.sessions;
  const model = new Map<string, Modelled>();
  const wholeSeconds = (milliseconds: number) => Math.max(1, Math.ceil(milliseconds / 1000)) * 1000;
  const found = (key: string) => {
    const entry = model.get(key);
    return entry !== undefined && world.now < entry.end && world.now < entry.gone ? entry : undefined;
  };
  const renewed = (entry: Modelled | undefined) => {
    if (entry !== undefined && entry.slidingMs < Infinity) entry.gone = world.now + wholeSeconds(Math.min(entry.end - world.now, entry.slidingMs));
  };
  const some = () => (roll(3) === 0 ? undefined : (1 + roll(5000)) / 1000);
  const set = async (key: string, value: number, store: (times: object) => Promise<unknown>) => {
    const [absolute, sliding] = [some(), some()];
    await store({ absoluteExpirationSeconds: absolute, slidingExpirationSeconds: sliding });
    const [absoluteMs, slidingMs] = [absolute, sliding].map((seconds) => (seconds === undefined ? Infinity : Math.ceil(seconds * 1000)));
    const nearer = Math.min(absoluteMs ?? Infinity, slidingMs ?? Infinity);
    const gone = nearer === Infinity ? Infinity : world.now + wholeSeconds(nearer);
    model.set(key, { value, end: world.now + (absoluteMs ?? Infinity), slidingMs: slidingMs ?? Infinity, gone });
  };
  const acts: ((key: string, value: number) => Promise<unknown>)[] = [
    (key, value) => set(key, value, (times) => cache.set(key, value, times)),
    async (key) => {
      const entry = found(key);
      assert.equal(await cache.get(key), entry?.value);
      renewed(entry);
    },
    async (key, value) => {
      const entry = found(key);
      if (entry === undefined) return set(key, value, async (times) => assert.equal(await cache.getOrSet(key, () => value, times), value));
      assert.equal(await cache.getOrSet(key, () => value), entry.value);
      renewed(entry);
    },
    async (key) => {
      await cache.refresh(key);
      renewed(found(key));
    },
    async (key) => {
      await cache.remove(key);
      model.delete(key);
    },
  ];
  let hits = 0;
  for (let step = 0; step < 20_000; step++) {
    world.now += roll(4) === 0 ? roll(2000) : roll(50);
    const key = String(roll(8));
    if (found(key) !== undefined) hits += 1;
    // Reads are as many as all else together.
    await acts[roll(2) === 0 ? 1 : roll(5)]?.(key, step);
  }
  assert.ok(hits > 5_000 && hits < 15_000, `${hits} of the keys were there`);
  assert.deepEqual(world.told(), []);
});
