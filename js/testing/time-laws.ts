// Laws of stores: how long a record lives.

import { expect } from "./expect.ts";
import { anyIo, freshKey, recordOf, revisionOf } from "./records.ts";
import type { Declare } from "./subject.ts";

export function timeLaws(law: Declare): void {
  law("a record ends with its time to live, not before", async ({ store, passTime }) => {
    const key = freshKey();
    await store.create(key, recordOf("a"), 100, anyIo());
    await passTime(90);
    expect.equal(await store.load(key, 0, anyIo()), recordOf("a"));
    await passTime(11);
    expect.equal(await store.load(key, 100, anyIo()), null);
  });

  law("a load renews the time to live", async ({ store, passTime }) => {
    const key = freshKey();
    await store.create(key, recordOf("a"), 100, anyIo());
    await passTime(90);
    await store.load(key, 100, anyIo());
    await passTime(90);
    expect.equal(await store.load(key, 0, anyIo()), recordOf("a"));
  });

  law("a load with 0 leaves the time to live", async ({ store, passTime }) => {
    const key = freshKey();
    await store.create(key, recordOf("a"), 100, anyIo());
    await passTime(90);
    await store.load(key, 0, anyIo());
    await passTime(11);
    expect.equal(await store.load(key, 0, anyIo()), null);
  });

  law("a refresh renews the time to live", async ({ store, passTime }) => {
    const key = freshKey();
    await store.create(key, recordOf("a"), 100, anyIo());
    await passTime(90);
    await store.refresh(key, 100, anyIo());
    await passTime(90);
    expect.equal(await store.load(key, 0, anyIo()), recordOf("a"));
  });

  law("a refresh of an absent key never creates", async ({ store }) => {
    const key = freshKey();
    await store.refresh(key, 100, anyIo());
    expect.equal(await store.load(key, 0, anyIo()), null);
    expect.equal(await store.create(key, recordOf("a"), 60, anyIo()), "done");
  });

  law("an update sets the new time to live, be it longer or shorter", async ({ store, passTime }) => {
    const [longer, shorter] = [freshKey(), freshKey()];
    await store.create(longer, recordOf("a"), 50, anyIo());
    await store.create(shorter, recordOf("a"), 500, anyIo());
    await store.update(longer, recordOf("b"), revisionOf(recordOf("a")), 200, anyIo());
    await store.update(shorter, recordOf("b"), revisionOf(recordOf("a")), 50, anyIo());
    await passTime(100);
    expect.equal(await store.load(longer, 0, anyIo()), recordOf("b"));
    expect.equal(await store.load(shorter, 0, anyIo()), null);
  });

  law("a refused update or create renews nothing", async ({ store, passTime }) => {
    const key = freshKey();
    await store.create(key, recordOf("a"), 50, anyIo());
    await store.update(key, recordOf("c"), revisionOf(recordOf("b")), 500, anyIo());
    await store.create(key, recordOf("d"), 500, anyIo());
    await passTime(51);
    expect.equal(await store.load(key, 0, anyIo()), null);
  });

  law("an update of an expired record is gone, a create over it is done", async ({ store, passTime }) => {
    const key = freshKey();
    await store.create(key, recordOf("a"), 50, anyIo());
    await passTime(51);
    expect.equal(await store.update(key, recordOf("b"), revisionOf(recordOf("a")), 50, anyIo()), "gone");
    expect.equal(await store.replace(key, recordOf("b"), 50, anyIo()), "gone");
    expect.equal(await store.create(key, recordOf("c"), 50, anyIo()), "done");
  });

  law("a replaced record ends with its new time to live", async ({ store, passTime }) => {
    const key = freshKey();
    await store.create(key, recordOf("a"), 500, anyIo());
    await store.replace(key, recordOf("b"), 50, anyIo());
    await passTime(51);
    expect.equal(await store.load(key, 0, anyIo()), null);
  });

  law("a put sets the new time to live, be it longer or shorter", async ({ store, passTime }) => {
    const [longer, shorter] = [freshKey(), freshKey()];
    await store.put(longer, "1c.-.-.1", 50, anyIo());
    await store.put(shorter, "1c.-.-.1", 500, anyIo());
    await store.put(longer, "1c.-.-.2", 200, anyIo());
    await store.put(shorter, "1c.-.-.2", 50, anyIo());
    await passTime(100);
    expect.equal(await store.load(longer, 0, anyIo()), "1c.-.-.2");
    expect.equal(await store.load(shorter, 0, anyIo()), null);
  });

  law("a put ends with its time to live; one with 0 stays", async ({ store, passTime }) => {
    const [ends, stays] = [freshKey(), freshKey()];
    await store.put(ends, "1c.-.-.1", 50, anyIo());
    await store.put(stays, "1c.-.-.1", 50, anyIo());
    await store.put(stays, "1c.-.-.2", 0, anyIo());
    await passTime(100_000);
    expect.equal(await store.load(ends, 0, anyIo()), null);
    expect.equal(await store.load(stays, 0, anyIo()), "1c.-.-.2");
  });
}
