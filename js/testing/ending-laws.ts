// Laws of stores: what ends, and what takes its place.

import { expect } from "./expect.ts";
import { anyIo, freshKey, recordOf } from "./records.ts";
import type { Declare } from "./subject.ts";

export function endingLaws(law: Declare): void {
  law("a removed record is absent", async ({ store }) => {
    const key = freshKey();
    await store.create(key, recordOf("a"), 60, anyIo());
    await store.remove(key, anyIo());
    expect.equal(await store.load(key, 60, anyIo()), null);
  });

  law("a remove of an absent key is a no-op", async ({ store }) => {
    const key = freshKey();
    await store.remove(key, anyIo());
    await store.remove(key, anyIo());
    expect.equal(await store.load(key, 0, anyIo()), null);
  });

  law("a remove leaves other keys", async ({ store }) => {
    const [key, other] = [freshKey(), freshKey()];
    await store.create(key, recordOf("a"), 60, anyIo());
    await store.create(other, recordOf("b"), 60, anyIo());
    await store.remove(key, anyIo());
    expect.equal(await store.load(other, 0, anyIo()), recordOf("b"));
  });

  law("a replace takes the place of whatever record is there", async ({ store }) => {
    const key = freshKey();
    await store.create(key, recordOf("a"), 60, anyIo());
    expect.equal(await store.replace(key, recordOf("b"), 60, anyIo()), "done");
    expect.equal(await store.load(key, 0, anyIo()), recordOf("b"));
  });

  law("a replace never creates", async ({ store }) => {
    const key = freshKey();
    expect.equal(await store.replace(key, recordOf("a"), 60, anyIo()), "gone");
    expect.equal(await store.load(key, 0, anyIo()), null);
  });

  law("a put stores whatever was there", async ({ store }) => {
    const key = freshKey();
    await store.put(key, "1c.-.-.1", 60, anyIo());
    await store.put(key, "1c.-.-.2", 60, anyIo());
    expect.equal(await store.load(key, 0, anyIo()), "1c.-.-.2");
  });
}
