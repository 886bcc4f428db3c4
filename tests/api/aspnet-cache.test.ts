// ASP.NET Core's portable tests of its Redis cache, by name.

import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "./world.ts";

const KEY = "myKey";
const value = new Uint8Array([1]);

/** A world, its cache, and a value that is set for so long. */
async function withValue(options?: { absoluteExpirationSeconds?: number; slidingExpirationSeconds?: number }) {
  const world = new World();
  const { cache } = world.sessions;
  await cache.set(KEY, value, options);
  return { world, cache };
}

test("GetMissingKeyReturnsNull (undefined)", async () => {
  assert.equal(await new World().sessions.cache.get("non-existent-key"), undefined);
});

test("SetAndGetReturnsObject", async () => {
  const { cache } = await withValue();
  assert.deepEqual(await cache.get(KEY), value);
});

test("SetAndGetWorksWithCaseSensitiveKeys", async () => {
  const { cache } = await withValue();
  assert.equal(await cache.get(KEY.toUpperCase()), undefined);
  assert.deepEqual(await cache.get(KEY), value);
});

test("SetAlwaysOverwrites", async () => {
  const { cache } = await withValue();
  await cache.set(KEY, new Uint8Array([2]));
  assert.deepEqual(await cache.get(KEY), new Uint8Array([2]));
});

test("RemoveRemoves", async () => {
  const { cache } = await withValue();
  await cache.remove(KEY);
  assert.equal(await cache.get(KEY), undefined);
});

test("SetNullValueThrows (undefined; null is JSON)", async () => {
  const { cache } = await withValue();
  await assert.rejects(cache.set(KEY, undefined), { code: "value-not-serializable" });
  assert.deepEqual(await cache.get(KEY), value);
});

test("AbsoluteExpirationInThePastThrows (times are relative: less than now is less than 0)", async () => {
  await assert.rejects(withValue({ absoluteExpirationSeconds: -60 }), { code: "invalid-options" });
});

test("AbsoluteExpirationExpires", async () => {
  const { world, cache } = await withValue({ absoluteExpirationSeconds: 1 });
  assert.deepEqual(await cache.get(KEY), value);
  world.pass(1);
  assert.equal(await cache.get(KEY), undefined);
});

test("AbsoluteSubSecondExpirationExpiresImmidately (decided: in its millisecond, not at once)", async () => {
  const { world, cache } = await withValue({ absoluteExpirationSeconds: 0.25 });
  world.pass(0.249);
  assert.deepEqual(await cache.get(KEY), value);
  world.pass(0.001);
  assert.equal(await cache.get(KEY), undefined);
});

test("NegativeRelativeExpirationThrows", async () => {
  await assert.rejects(withValue({ absoluteExpirationSeconds: -1 }), { code: "invalid-options" });
});

test("ZeroRelativeExpirationThrows", async () => {
  await assert.rejects(withValue({ absoluteExpirationSeconds: 0 }), { code: "invalid-options" });
});

test("RelativeExpirationExpires", async () => {
  const { world, cache } = await withValue({ absoluteExpirationSeconds: 60 });
  world.pass(59.999);
  assert.deepEqual(await cache.get(KEY), value);
  world.pass(0.001);
  assert.equal(await cache.get(KEY), undefined);
});

test("RelativeSubSecondExpirationExpiresImmediately (decided: in its millisecond, not at once)", async () => {
  const { world, cache } = await withValue({ absoluteExpirationSeconds: 0.001 });
  assert.deepEqual(await cache.get(KEY), value);
  world.pass(0.001);
  assert.equal(await cache.get(KEY), undefined);
});

test("NegativeSlidingExpirationThrows", async () => {
  await assert.rejects(withValue({ slidingExpirationSeconds: -1 }), { code: "invalid-options" });
});

test("ZeroSlidingExpirationThrows", async () => {
  await assert.rejects(withValue({ slidingExpirationSeconds: 0 }), { code: "invalid-options" });
});

test("SlidingExpirationExpiresIfNotAccessed", async () => {
  const { world, cache } = await withValue({ slidingExpirationSeconds: 1 });
  assert.deepEqual(await cache.get(KEY), value);
  world.pass(1);
  assert.equal(await cache.get(KEY), undefined);
});

test("SlidingSubSecondExpirationExpiresImmediately (decided: after the store's whole second)", async () => {
  const { world, cache } = await withValue({ slidingExpirationSeconds: 0.25 });
  assert.deepEqual(await cache.get(KEY), value);
  world.pass(1);
  assert.equal(await cache.get(KEY), undefined);
});

test("SlidingExpirationRenewedByAccess", async () => {
  const { world, cache } = await withValue({ slidingExpirationSeconds: 1 });
  for (let visit = 0; visit < 10; visit++) {
    world.pass(0.5);
    assert.deepEqual(await cache.get(KEY), value);
  }
  world.pass(1);
  assert.equal(await cache.get(KEY), undefined);
});

test("SlidingExpirationRenewedByAccessUntilAbsoluteExpiration", async () => {
  const { world, cache } = await withValue({ slidingExpirationSeconds: 1, absoluteExpirationSeconds: 3 });
  for (let visit = 0; visit < 5; visit++) {
    world.pass(0.5);
    assert.deepEqual(await cache.get(KEY), value);
  }
  world.pass(0.5);
  assert.equal(await cache.get(KEY), undefined);
});
