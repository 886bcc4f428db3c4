// Laws of stores: what is written is read.

import { expect } from "./expect.ts";
import { anyIo, freshKey, recordOf, revisionOf } from "./records.ts";
import type { Declare } from "./subject.ts";

export function readingLaws(law: Declare): void {
  law("a load of an absent key is null", async ({ store }) => {
    expect.equal(await store.load(freshKey(), 60, anyIo()), null);
  });

  law("a load of an absent key creates nothing", async ({ store }) => {
    const key = freshKey();
    await store.load(key, 60, anyIo());
    expect.equal(await store.create(key, recordOf("a"), 60, anyIo()), "done");
  });

  law("a created record is loaded as it was", async ({ store }) => {
    const key = freshKey();
    const record = recordOf("a", '{\n"n":1,\n"s":"\\u00e9\\\\ \\"q\\""}');
    expect.equal(await store.create(key, record, 60, anyIo()), "done");
    expect.equal(await store.load(key, 60, anyIo()), record);
    expect.equal(await store.load(key, 0, anyIo()), record);
  });

  law("the store says that it compares and sets, and names itself", ({ store }) => {
    expect.equal(store.capabilities.compareAndSet, true);
    expect.match(store.name, /^[a-z][a-z0-9-]*$/);
  });
}

export function creatingLaws(law: Declare): void {
  law("a create under a taken key gives the record that is there, and leaves it", async ({ store }) => {
    const key = freshKey();
    await store.create(key, recordOf("first"), 60, anyIo());
    expect.deepEqual(await store.create(key, recordOf("second"), 60, anyIo()), { exists: recordOf("first") });
    expect.equal(await store.load(key, 0, anyIo()), recordOf("first"));
  });

  law("a create repeated with its own revision is done, and writes nothing", async ({ store }) => {
    const key = freshKey();
    await store.create(key, recordOf("mine", '{\n"n":1}'), 60, anyIo());
    expect.equal(await store.create(key, recordOf("mine", '{\n"n":2}'), 60, anyIo()), "done");
    expect.equal(await store.load(key, 0, anyIo()), recordOf("mine", '{\n"n":1}'));
  });

  law("a create after a remove is done", async ({ store }) => {
    const key = freshKey();
    await store.create(key, recordOf("first"), 60, anyIo());
    await store.remove(key, anyIo());
    expect.equal(await store.create(key, recordOf("second"), 60, anyIo()), "done");
    expect.equal(await store.load(key, 0, anyIo()), recordOf("second"));
  });

  law("a create under a text that is no record gives that text", async ({ store }) => {
    const key = freshKey();
    await store.put(key, "x", 60, anyIo());
    expect.deepEqual(await store.create(key, recordOf("a"), 60, anyIo()), { exists: "x" });
  });
}

export function updatingLaws(law: Declare): void {
  law("an update that expects the stored revision replaces the record", async ({ store }) => {
    const key = freshKey();
    await store.create(key, recordOf("a"), 60, anyIo());
    expect.equal(await store.update(key, recordOf("b", '{\n"n":1}'), revisionOf(recordOf("a")), 60, anyIo()), "done");
    expect.equal(await store.load(key, 0, anyIo()), recordOf("b", '{\n"n":1}'));
  });

  law("an update that expects another revision gives the record that is there, and leaves it", async ({ store }) => {
    const key = freshKey();
    await store.create(key, recordOf("b"), 60, anyIo());
    expect.deepEqual(await store.update(key, recordOf("c"), revisionOf(recordOf("a")), 60, anyIo()), { conflict: recordOf("b") });
    expect.equal(await store.load(key, 0, anyIo()), recordOf("b"));
  });

  law("an update of an absent key is gone, and creates nothing", async ({ store }) => {
    const key = freshKey();
    expect.equal(await store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo()), "gone");
    expect.equal(await store.load(key, 0, anyIo()), null);
  });

  law("a late update never re-creates", async ({ store }) => {
    const key = freshKey();
    await store.create(key, recordOf("a"), 60, anyIo());
    await store.remove(key, anyIo());
    expect.equal(await store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo()), "gone");
    expect.equal(await store.load(key, 0, anyIo()), null);
  });

  law("an update with our revision already stored is done, and writes nothing", async ({ store }) => {
    const key = freshKey();
    await store.create(key, recordOf("a"), 60, anyIo());
    await store.update(key, recordOf("b", '{\n"n":1}'), revisionOf(recordOf("a")), 60, anyIo());
    expect.equal(await store.update(key, recordOf("b", '{\n"n":2}'), revisionOf(recordOf("a")), 60, anyIo()), "done");
    expect.equal(await store.load(key, 0, anyIo()), recordOf("b", '{\n"n":1}'));
  });

  law("only the revision decides: another birth with the expected one is replaced", async ({ store }) => {
    const key = freshKey();
    await store.create(key, recordOf("a").replace("BBBBBBBBBBBBBBBB", "CCCCCCCCCCCCCCCC"), 60, anyIo());
    expect.equal(await store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo()), "done");
  });

  law("revisions that differ in the last character, or in case, differ", async ({ store }) => {
    const key = freshKey();
    await store.create(key, recordOf("aaaaaaaaaaaaaaaX"), 60, anyIo());
    expect.deepEqual(await store.update(key, recordOf("b"), "aaaaaaaaaaaaaaaY", 60, anyIo()), { conflict: recordOf("aaaaaaaaaaaaaaaX") });
    expect.deepEqual(await store.update(key, recordOf("b"), "aaaaaaaaaaaaaaax", 60, anyIo()), { conflict: recordOf("aaaaaaaaaaaaaaaX") });
  });

  law("an update over a text too short for a revision gives that text", async ({ store }) => {
    const key = freshKey();
    await store.put(key, "x", 60, anyIo());
    expect.deepEqual(await store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo()), { conflict: "x" });
  });

  law("a stored text that reads 0 or 1 is a text, not an answer", async ({ store }) => {
    const key = freshKey();
    await store.put(key, "1", 60, anyIo());
    expect.deepEqual(await store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo()), { conflict: "1" });
    await store.put(key, "0", 60, anyIo());
    expect.deepEqual(await store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo()), { conflict: "0" });
    expect.equal(await store.load(key, 0, anyIo()), "0");
  });
}
