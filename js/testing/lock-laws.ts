// Laws of stores: locks, where a store has them.

import type { Store } from "../store.ts";
import { expect } from "./expect.ts";
import { anyIo, freshKey, recordOf } from "./records.ts";
import type { Declare, Subject } from "./subject.ts";

/** Declares a law of stores with locks; one without keeps it by having none. */
function lockLaw(law: Declare, name: string, keep: (store: Required<Store>, passTime: Subject["passTime"]) => Promise<void>): void {
  law(name, async ({ store, passTime }) => {
    if (store.capabilities.locks) await keep(store as Required<Store>, passTime);
  });
}

export function lockLaws(law: Declare): void {
  law("a store that says that it locks has both methods", ({ store }) => {
    expect.equal(typeof store.capabilities.locks, "boolean");
    if (store.capabilities.locks) expect.deepEqual([typeof store.lock, typeof store.unlock], ["function", "function"]);
  });

  lockLaw(law, "a lock is one token's until that token frees it", async (store) => {
    const key = freshKey();
    expect.equal(await store.lock(key, "one", 60_000, anyIo()), "done");
    expect.equal(await store.lock(key, "two", 60_000, anyIo()), "held");
    await store.unlock(key, "one", anyIo());
    expect.equal(await store.lock(key, "two", 60_000, anyIo()), "done");
    expect.equal(await store.lock(key, "one", 60_000, anyIo()), "held");
  });

  lockLaw(law, "a lock asked for again by its holder is done, and lasts no longer for it", async (store, passTime) => {
    const key = freshKey();
    await store.lock(key, "one", 100_000, anyIo());
    await passTime(90);
    expect.equal(await store.lock(key, "one", 100_000, anyIo()), "done");
    expect.equal(await store.lock(key, "two", 100_000, anyIo()), "held");
    await passTime(11);
    expect.equal(await store.lock(key, "two", 100_000, anyIo()), "done");
  });

  lockLaw(law, "an unlock by another token, of its beginning or of nothing does nothing", async (store) => {
    const [key, free] = [freshKey(), freshKey()];
    await store.lock(key, "one", 60_000, anyIo());
    for (const token of ["two", "on", "one ", "ONE", "1"]) await store.unlock(key, token, anyIo());
    expect.equal(await store.lock(key, "two", 60_000, anyIo()), "held");
    await store.unlock(free, "one", anyIo());
    expect.equal(await store.lock(free, "two", 60_000, anyIo()), "done");
  });

  lockLaw(law, "a lock ends with its time, not before, and is then anybody's", async (store, passTime) => {
    const key = freshKey();
    await store.lock(key, "crashed", 100_000, anyIo());
    await passTime(90);
    expect.equal(await store.lock(key, "next", 100_000, anyIo()), "held");
    await passTime(11);
    expect.equal(await store.lock(key, "next", 100_000, anyIo()), "done");
    await store.unlock(key, "crashed", anyIo());
    expect.equal(await store.lock(key, "third", 100_000, anyIo()), "held");
  });

  lockLaw(law, "who asks in vain changes nothing, the time least of all", async (store, passTime) => {
    const key = freshKey();
    await store.lock(key, "one", 50_000, anyIo());
    await store.lock(key, "two", 500_000, anyIo());
    await passTime(51);
    expect.equal(await store.lock(key, "three", 50_000, anyIo()), "done");
  });

  lockLaw(law, "of concurrent locks exactly one is done", async (store) => {
    const key = freshKey();
    const answers = await Promise.all(Array.from({ length: 16 }, (_, index) => store.lock(key, `token ${index}`, 60_000, anyIo())));
    expect.equal(answers.filter((answer) => answer === "done").length, 1);
    expect.equal(answers.filter((answer) => answer === "held").length, 15);
  });

  lockLaw(law, "locks and records of other keys are left alone", async (store) => {
    const [key, other, data] = [freshKey(), freshKey(), freshKey()];
    await store.create(data, recordOf("a"), 60, anyIo());
    await store.lock(other, "one", 60_000, anyIo());
    await store.lock(key, "one", 60_000, anyIo());
    await store.unlock(key, "one", anyIo());
    expect.equal(await store.lock(other, "two", 60_000, anyIo()), "held");
    expect.equal(await store.load(data, 0, anyIo()), recordOf("a"));
  });
}
