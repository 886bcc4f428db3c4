// The memory store: its laws, its limits and its options.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { memoryStore, type Store } from "edge-session";
import { anyIo, freshKey, recordOf, revisionOf, storeLaws } from "../store-laws.ts";

storeLaws("memoryStore", () => {
  let now = 1_800_000_000_000;
  const passTime = (seconds: number) => {
    now += seconds * 1000;
  };
  return { store: memoryStore({ clock: () => now }), passTime };
});

const load = (store: Store, key: string) => store.load(key, 0, anyIo());
const create = (store: Store, key: string, ttlSeconds = 60) => store.create(key, recordOf(key), ttlSeconds, anyIo());

describe("memoryStore", () => {
  it("is one memory for the isolate, unless told otherwise", async () => {
    const key = freshKey();
    await create(memoryStore(), key);
    assert.equal(await load(memoryStore(), key), recordOf(key));
    assert.equal(await load(memoryStore({ isolated: false, clock: undefined, maxEntries: undefined }), key), recordOf(key));
  });

  it("has a memory of its own when isolated, or given a clock or maxEntries", async () => {
    const key = freshKey();
    await create(memoryStore(), key);
    assert.equal(await load(memoryStore({ isolated: true }), key), null);
    assert.equal(await load(memoryStore({ clock: Date.now }), key), null);
    assert.equal(await load(memoryStore({ maxEntries: 5 }), key), null);
  });

  it("ends a record at its time to live to the millisecond", async () => {
    let now = 1000;
    const store = memoryStore({ clock: () => now });
    await create(store, "k", 60);
    now = 60_999;
    assert.equal(await load(store, "k"), recordOf("k"));
    now = 61_000;
    assert.equal(await load(store, "k"), null);
  });

  it("lets the least recently used go when it is full", async () => {
    const store = memoryStore({ maxEntries: 3 });
    await create(store, "a");
    await create(store, "b");
    await create(store, "c");
    await load(store, "a");
    await create(store, "d");
    assert.equal(await load(store, "b"), null);
    assert.equal(await load(store, "a"), recordOf("a"));
    assert.equal(await load(store, "c"), recordOf("c"));
    assert.equal(await load(store, "d"), recordOf("d"));
  });

  it("knows the order of use after a use that changed nothing in it", async () => {
    const store = memoryStore({ maxEntries: 2 });
    await create(store, "a");
    await load(store, "a");
    await create(store, "b");
    await load(store, "a");
    await create(store, "c");
    assert.equal(await load(store, "b"), null);
    assert.equal(await load(store, "a"), recordOf("a"));
  });

  it("knows the order of use after the newest was removed and came again", async () => {
    const store = memoryStore({ maxEntries: 2 });
    await create(store, "a");
    await create(store, "b");
    await store.remove("b", anyIo());
    await load(store, "a");
    await create(store, "b");
    await load(store, "a");
    await create(store, "c");
    assert.equal(await load(store, "b"), null);
    assert.equal(await load(store, "a"), recordOf("a"));
  });

  it("counts a write as use", async () => {
    const store = memoryStore({ maxEntries: 2 });
    await create(store, "a");
    await create(store, "b");
    await store.update("a", recordOf("a2"), revisionOf(recordOf("a")), 60, anyIo());
    await create(store, "c");
    assert.equal(await load(store, "b"), null);
    assert.equal(await load(store, "a"), recordOf("a2"));
  });

  it("lets expired records go before any live one", async () => {
    let now = 0;
    const store = memoryStore({ clock: () => now, maxEntries: 3 });
    await create(store, "old", 600);
    await create(store, "short", 10);
    await create(store, "new", 600);
    now = 10_000;
    await create(store, "more", 600);
    assert.equal(await load(store, "old"), recordOf("old"));
    assert.equal(await load(store, "new"), recordOf("new"));
    assert.equal(await load(store, "more"), recordOf("more"));
  });

  it("still lets the least recently used go after renewals moved every end", async () => {
    let now = 0;
    const store = memoryStore({ clock: () => now, maxEntries: 2 });
    await create(store, "a", 10);
    await create(store, "b", 10);
    await store.refresh("a", 600, anyIo());
    await store.load("b", 600, anyIo());
    now = 20_000;
    await create(store, "c", 600);
    assert.equal(await load(store, "a"), null);
    assert.equal(await load(store, "b"), recordOf("b"));
  });

  it("keeps 10,000 records when nothing is said, and no more", async () => {
    const store = memoryStore({ isolated: true });
    for (let index = 0; index <= 10_000; index++) await create(store, `k${index}`);
    assert.equal(await load(store, "k0"), null);
    assert.equal(await load(store, "k1"), recordOf("k1"));
    assert.equal(await load(store, "k10000"), recordOf("k10000"));
  });

  it("writes over a record in a full memory without losing another", async () => {
    const store = memoryStore({ maxEntries: 2 });
    await create(store, "a");
    await create(store, "b");
    await store.put("b", recordOf("b2"), 60, anyIo());
    assert.equal(await load(store, "a"), recordOf("a"));
  });

  it("names every wrong option in one error, and no value", () => {
    const wrong = { clock: "canary-clock", maxEntries: 0.5, isolated: "canary-yes" };
    assert.throws(
      () => memoryStore(wrong as never),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, "invalid-options");
        assert.match(error.message, /clock: .*maxEntries: .*isolated: /);
        assert.doesNotMatch(error.message, /canary|0\.5/);
        return true;
      },
    );
    assert.throws(() => memoryStore(null as never), { code: "invalid-options" });
    assert.throws(() => memoryStore({ maxEntries: 0 }), { code: "invalid-options" });
  });
});
