// The laws that every store keeps, as tests.
//
// To test a store of your own: `storeLaws("mine", () => ({ store, passTime, stop }))` in a file run by `node --test`.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Store, StoreIo } from "edge-session";

/** A store under test. */
export interface Subject {
  readonly store: Store;
  /** Lets seconds pass for everything stored, without waiting for them. */
  passTime(seconds: number): void | Promise<void>;
  /** Frees what the store holds. */
  stop?(): void | Promise<void>;
}

/** A record with the revision, as long as asked for. */
export function recordOf(revision: string, values = "{}"): string {
  return `1j.${revision.padEnd(16, "_")}.BBBBBBBBBBBBBBBB.-.1700000000000.1800000000.${values}`;
}

/** The revision as it stands in the record. */
export function revisionOf(record: string): string {
  return record.slice(3, 19);
}

/** A call that nobody cancels. */
export function anyIo(): StoreIo {
  return { signal: new AbortController().signal };
}

let keys = 0;

/** A key that no other test has. */
export function freshKey(): string {
  keys++;
  return `{laws_${process.pid}-${keys}}_Data`;
}

/** Declares the laws for a store that can compare and set. `open` is called once, before the first of them. */
export function storeLaws(name: string, open: () => Subject | Promise<Subject>): void {
  describe(`${name} keeps the laws of stores`, () => {
    let subject: Subject | undefined;
    before(async () => {
      subject = await open();
    });
    after(() => subject?.stop?.());
    const opened = (): Subject => {
      assert.ok(subject, "the store opened");
      return subject;
    };
    readingLaws(opened);
    creatingLaws(opened);
    updatingLaws(opened);
    endingLaws(opened);
    timeLaws(opened);
    textLaws(opened);
    parallelLaws(opened);
    lockLaws(opened);
  });
}

type Opened = () => Subject;

function readingLaws(opened: Opened): void {
  it("a load of an absent key is null", async () => {
    assert.equal(await opened().store.load(freshKey(), 60, anyIo()), null);
  });

  it("a load of an absent key creates nothing", async () => {
    const { store } = opened();
    const key = freshKey();
    await store.load(key, 60, anyIo());
    assert.equal(await store.create(key, recordOf("a"), 60, anyIo()), "done");
  });

  it("a created record is loaded as it was", async () => {
    const { store } = opened();
    const key = freshKey();
    const record = recordOf("a", '{\n"n":1,\n"s":"\\u00e9\\\\ \\"q\\""}');
    assert.equal(await store.create(key, record, 60, anyIo()), "done");
    assert.equal(await store.load(key, 60, anyIo()), record);
    assert.equal(await store.load(key, 0, anyIo()), record);
  });

  it("the store says that it compares and sets, and names itself", () => {
    const { store } = opened();
    assert.equal(store.capabilities.compareAndSet, true);
    assert.match(store.name, /^[a-z][a-z0-9-]*$/);
  });
}

function creatingLaws(opened: Opened): void {
  it("a create under a taken key gives the record that is there, and leaves it", async () => {
    const { store } = opened();
    const key = freshKey();
    await store.create(key, recordOf("first"), 60, anyIo());
    assert.deepEqual(await store.create(key, recordOf("second"), 60, anyIo()), { exists: recordOf("first") });
    assert.equal(await store.load(key, 0, anyIo()), recordOf("first"));
  });

  it("a create repeated with its own revision is done, and writes nothing", async () => {
    const { store } = opened();
    const key = freshKey();
    await store.create(key, recordOf("mine", '{\n"n":1}'), 60, anyIo());
    assert.equal(await store.create(key, recordOf("mine", '{\n"n":2}'), 60, anyIo()), "done");
    assert.equal(await store.load(key, 0, anyIo()), recordOf("mine", '{\n"n":1}'));
  });

  it("a create after a remove is done", async () => {
    const { store } = opened();
    const key = freshKey();
    await store.create(key, recordOf("first"), 60, anyIo());
    await store.remove(key, anyIo());
    assert.equal(await store.create(key, recordOf("second"), 60, anyIo()), "done");
    assert.equal(await store.load(key, 0, anyIo()), recordOf("second"));
  });

  it("a create under a text that is no record gives that text", async () => {
    const { store } = opened();
    const key = freshKey();
    await store.put(key, "x", 60, anyIo());
    assert.deepEqual(await store.create(key, recordOf("a"), 60, anyIo()), { exists: "x" });
  });
}

function updatingLaws(opened: Opened): void {
  it("an update that expects the stored revision replaces the record", async () => {
    const { store } = opened();
    const key = freshKey();
    await store.create(key, recordOf("a"), 60, anyIo());
    assert.equal(await store.update(key, recordOf("b", '{\n"n":1}'), revisionOf(recordOf("a")), 60, anyIo()), "done");
    assert.equal(await store.load(key, 0, anyIo()), recordOf("b", '{\n"n":1}'));
  });

  it("an update that expects another revision gives the record that is there, and leaves it", async () => {
    const { store } = opened();
    const key = freshKey();
    await store.create(key, recordOf("b"), 60, anyIo());
    assert.deepEqual(await store.update(key, recordOf("c"), revisionOf(recordOf("a")), 60, anyIo()), { conflict: recordOf("b") });
    assert.equal(await store.load(key, 0, anyIo()), recordOf("b"));
  });

  it("an update of an absent key is gone, and creates nothing", async () => {
    const { store } = opened();
    const key = freshKey();
    assert.equal(await store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo()), "gone");
    assert.equal(await store.load(key, 0, anyIo()), null);
  });

  it("a late update never re-creates", async () => {
    const { store } = opened();
    const key = freshKey();
    await store.create(key, recordOf("a"), 60, anyIo());
    await store.remove(key, anyIo());
    assert.equal(await store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo()), "gone");
    assert.equal(await store.load(key, 0, anyIo()), null);
  });

  it("an update with our revision already stored is done, and writes nothing", async () => {
    const { store } = opened();
    const key = freshKey();
    await store.create(key, recordOf("a"), 60, anyIo());
    await store.update(key, recordOf("b", '{\n"n":1}'), revisionOf(recordOf("a")), 60, anyIo());
    assert.equal(await store.update(key, recordOf("b", '{\n"n":2}'), revisionOf(recordOf("a")), 60, anyIo()), "done");
    assert.equal(await store.load(key, 0, anyIo()), recordOf("b", '{\n"n":1}'));
  });

  it("only the revision decides: another birth with the expected one is replaced", async () => {
    const { store } = opened();
    const key = freshKey();
    await store.create(key, recordOf("a").replace("BBBBBBBBBBBBBBBB", "CCCCCCCCCCCCCCCC"), 60, anyIo());
    assert.equal(await store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo()), "done");
  });

  it("revisions that differ in the last character, or in case, differ", async () => {
    const { store } = opened();
    const key = freshKey();
    await store.create(key, recordOf("aaaaaaaaaaaaaaaX"), 60, anyIo());
    assert.deepEqual(await store.update(key, recordOf("b"), "aaaaaaaaaaaaaaaY", 60, anyIo()), { conflict: recordOf("aaaaaaaaaaaaaaaX") });
    assert.deepEqual(await store.update(key, recordOf("b"), "aaaaaaaaaaaaaaax", 60, anyIo()), { conflict: recordOf("aaaaaaaaaaaaaaaX") });
  });

  it("an update over a text too short for a revision gives that text", async () => {
    const { store } = opened();
    const key = freshKey();
    await store.put(key, "x", 60, anyIo());
    assert.deepEqual(await store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo()), { conflict: "x" });
  });

  it("a stored text that reads 0 or 1 is a text, not an answer", async () => {
    const { store } = opened();
    const key = freshKey();
    await store.put(key, "1", 60, anyIo());
    assert.deepEqual(await store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo()), { conflict: "1" });
    await store.put(key, "0", 60, anyIo());
    assert.deepEqual(await store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo()), { conflict: "0" });
    assert.equal(await store.load(key, 0, anyIo()), "0");
  });
}

function endingLaws(opened: Opened): void {
  it("a removed record is absent", async () => {
    const { store } = opened();
    const key = freshKey();
    await store.create(key, recordOf("a"), 60, anyIo());
    await store.remove(key, anyIo());
    assert.equal(await store.load(key, 60, anyIo()), null);
  });

  it("a remove of an absent key is a no-op", async () => {
    const { store } = opened();
    const key = freshKey();
    await store.remove(key, anyIo());
    await store.remove(key, anyIo());
    assert.equal(await store.load(key, 0, anyIo()), null);
  });

  it("a remove leaves other keys", async () => {
    const { store } = opened();
    const [key, other] = [freshKey(), freshKey()];
    await store.create(key, recordOf("a"), 60, anyIo());
    await store.create(other, recordOf("b"), 60, anyIo());
    await store.remove(key, anyIo());
    assert.equal(await store.load(other, 0, anyIo()), recordOf("b"));
  });

  it("a replace takes the place of whatever record is there", async () => {
    const { store } = opened();
    const key = freshKey();
    await store.create(key, recordOf("a"), 60, anyIo());
    assert.equal(await store.replace(key, recordOf("b"), 60, anyIo()), "done");
    assert.equal(await store.load(key, 0, anyIo()), recordOf("b"));
  });

  it("a replace never creates", async () => {
    const { store } = opened();
    const key = freshKey();
    assert.equal(await store.replace(key, recordOf("a"), 60, anyIo()), "gone");
    assert.equal(await store.load(key, 0, anyIo()), null);
  });

  it("a put stores whatever was there", async () => {
    const { store } = opened();
    const key = freshKey();
    await store.put(key, "1c.-.-.1", 60, anyIo());
    await store.put(key, "1c.-.-.2", 60, anyIo());
    assert.equal(await store.load(key, 0, anyIo()), "1c.-.-.2");
  });
}

function timeLaws(opened: Opened): void {
  it("a record ends with its time to live, not before", async () => {
    const { store, passTime } = opened();
    const key = freshKey();
    await store.create(key, recordOf("a"), 100, anyIo());
    await passTime(90);
    assert.equal(await store.load(key, 0, anyIo()), recordOf("a"));
    await passTime(11);
    assert.equal(await store.load(key, 100, anyIo()), null);
  });

  it("a load renews the time to live", async () => {
    const { store, passTime } = opened();
    const key = freshKey();
    await store.create(key, recordOf("a"), 100, anyIo());
    await passTime(90);
    await store.load(key, 100, anyIo());
    await passTime(90);
    assert.equal(await store.load(key, 0, anyIo()), recordOf("a"));
  });

  it("a load with 0 leaves the time to live", async () => {
    const { store, passTime } = opened();
    const key = freshKey();
    await store.create(key, recordOf("a"), 100, anyIo());
    await passTime(90);
    await store.load(key, 0, anyIo());
    await passTime(11);
    assert.equal(await store.load(key, 0, anyIo()), null);
  });

  it("a refresh renews the time to live", async () => {
    const { store, passTime } = opened();
    const key = freshKey();
    await store.create(key, recordOf("a"), 100, anyIo());
    await passTime(90);
    await store.refresh(key, 100, anyIo());
    await passTime(90);
    assert.equal(await store.load(key, 0, anyIo()), recordOf("a"));
  });

  it("a refresh of an absent key never creates", async () => {
    const { store } = opened();
    const key = freshKey();
    await store.refresh(key, 100, anyIo());
    assert.equal(await store.load(key, 0, anyIo()), null);
    assert.equal(await store.create(key, recordOf("a"), 60, anyIo()), "done");
  });

  it("an update sets the new time to live, be it longer or shorter", async () => {
    const { store, passTime } = opened();
    const [longer, shorter] = [freshKey(), freshKey()];
    await store.create(longer, recordOf("a"), 50, anyIo());
    await store.create(shorter, recordOf("a"), 500, anyIo());
    await store.update(longer, recordOf("b"), revisionOf(recordOf("a")), 200, anyIo());
    await store.update(shorter, recordOf("b"), revisionOf(recordOf("a")), 50, anyIo());
    await passTime(100);
    assert.equal(await store.load(longer, 0, anyIo()), recordOf("b"));
    assert.equal(await store.load(shorter, 0, anyIo()), null);
  });

  it("a refused update or create renews nothing", async () => {
    const { store, passTime } = opened();
    const key = freshKey();
    await store.create(key, recordOf("a"), 50, anyIo());
    await store.update(key, recordOf("c"), revisionOf(recordOf("b")), 500, anyIo());
    await store.create(key, recordOf("d"), 500, anyIo());
    await passTime(51);
    assert.equal(await store.load(key, 0, anyIo()), null);
  });

  it("an update of an expired record is gone, a create over it is done", async () => {
    const { store, passTime } = opened();
    const key = freshKey();
    await store.create(key, recordOf("a"), 50, anyIo());
    await passTime(51);
    assert.equal(await store.update(key, recordOf("b"), revisionOf(recordOf("a")), 50, anyIo()), "gone");
    assert.equal(await store.replace(key, recordOf("b"), 50, anyIo()), "gone");
    assert.equal(await store.create(key, recordOf("c"), 50, anyIo()), "done");
  });

  it("a replaced record ends with its new time to live", async () => {
    const { store, passTime } = opened();
    const key = freshKey();
    await store.create(key, recordOf("a"), 500, anyIo());
    await store.replace(key, recordOf("b"), 50, anyIo());
    await passTime(51);
    assert.equal(await store.load(key, 0, anyIo()), null);
  });

  it("a put sets the new time to live, be it longer or shorter", async () => {
    const { store, passTime } = opened();
    const [longer, shorter] = [freshKey(), freshKey()];
    await store.put(longer, "1c.-.-.1", 50, anyIo());
    await store.put(shorter, "1c.-.-.1", 500, anyIo());
    await store.put(longer, "1c.-.-.2", 200, anyIo());
    await store.put(shorter, "1c.-.-.2", 50, anyIo());
    await passTime(100);
    assert.equal(await store.load(longer, 0, anyIo()), "1c.-.-.2");
    assert.equal(await store.load(shorter, 0, anyIo()), null);
  });

  it("a put ends with its time to live; one with 0 stays", async () => {
    const { store, passTime } = opened();
    const [ends, stays] = [freshKey(), freshKey()];
    await store.put(ends, "1c.-.-.1", 50, anyIo());
    await store.put(stays, "1c.-.-.1", 50, anyIo());
    await store.put(stays, "1c.-.-.2", 0, anyIo());
    await passTime(100_000);
    assert.equal(await store.load(ends, 0, anyIo()), null);
    assert.equal(await store.load(stays, 0, anyIo()), "1c.-.-.2");
  });
}

function textLaws(opened: Opened): void {
  it("every ASCII character of a record comes back", async () => {
    const { store } = opened();
    const key = freshKey();
    const characters = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join("");
    const record = recordOf("a", `{\n"v":"${characters}+/?#%%2F..\\n\\u0000"}\n`);
    await store.create(key, record, 60, anyIo());
    assert.equal(await store.load(key, 0, anyIo()), record);
    assert.deepEqual(await store.update(key, recordOf("b"), "-".repeat(16), 60, anyIo()), { conflict: record });
  });

  it("a record of 64 KiB comes back, from a conflict too", () => roundTrip(opened().store, 65_536));

  it("a record of 1 MiB comes back, from a conflict too", () => roundTrip(opened().store, 1_048_576));

  it("a put of 1 MB comes back, under each key that a cache has", () => putsRoundTrip(opened().store));

  it("a hostile key holds its own record and no other", async () => {
    const { store } = opened();
    const records = hostileKeys().map((key, index) => ({ key, record: recordOf(`k${index}`) }));
    for (const { key, record } of records) assert.equal(await store.create(key, record, 60, anyIo()), "done", JSON.stringify(key));
    for (const { key, record } of records) assert.equal(await store.load(key, 60, anyIo()), record, JSON.stringify(key));
    for (const { key, record } of records)
      assert.equal(await store.update(key, recordOf("z"), revisionOf(record), 60, anyIo()), "done", JSON.stringify(key));
    for (const { key } of records) await store.refresh(key, 60, anyIo());
    for (const { key } of records) {
      assert.equal(await store.load(key, 0, anyIo()), recordOf("z"), JSON.stringify(key));
      await store.remove(key, anyIo());
      assert.equal(await store.load(key, 0, anyIo()), null, JSON.stringify(key));
    }
  });
}

/** Puts a long text under keys of the kind that caches have. */
async function putsRoundTrip(store: Store): Promise<void> {
  const start = freshKey();
  for (const key of ["shop_cache_", "shop_cache_a%2F..%2Fb%3F%25", `${start}_cache_%7Bslot%7D`]) {
    const text = `1c.-.-."${key}${'\\"'.repeat(500_000)}"`;
    await store.put(key, text, 60, anyIo());
    assert.equal((await store.load(key, 0, anyIo())) === text, true, key);
    await store.remove(key, anyIo());
    assert.equal(await store.load(key, 0, anyIo()), null);
  }
}

async function roundTrip(store: Store, length: number): Promise<void> {
  const key = freshKey();
  const empty = recordOf("a", '{\n"v":""}');
  const record = recordOf("a", `{\n"v":"${'\\"'.repeat((length - empty.length) >> 1)}"}`);
  await store.create(key, record, 60, anyIo());
  assert.equal(await store.load(key, 60, anyIo()), record);
  assert.deepEqual(await store.update(key, recordOf("c"), revisionOf(recordOf("b")), 60, anyIo()), { conflict: record });
  assert.equal(await store.update(key, record.replace("a_", "b_"), revisionOf(record), 60, anyIo()), "done");
  assert.equal((await store.load(key, 60, anyIo()))?.length, record.length);
}

function hostileKeys(): string[] {
  const start = freshKey();
  const parts = [
    "/",
    "//",
    "?",
    "?type=text",
    "#",
    "%",
    "%2F",
    "%00",
    "+",
    " ",
    ".",
    "..",
    "/..",
    "/../x",
    ".json",
    ".raw",
    ".txt",
    "7/GET/x",
    "*",
    "\\",
    '"',
    "'",
    "`",
    "\n",
    "\r\n",
    "\t",
  ];
  const words = [
    "__proto__",
    "constructor",
    "EX",
    "FLUSHALL",
    "{}",
    "[]",
    "é",
    "中文",
    "😀",
    "\u2028",
    "\u00a0",
    "=",
    "&",
    ";",
    ",",
    ":",
    "@",
    "!",
    "~",
    "(",
    ")",
    "|",
    "^",
    "<b>",
  ];
  return [...parts, ...words].map((part) => `${start}${part}`).concat("__proto__", "constructor", "/", "%2E%2E/", "0/GET", "EVAL");
}

function parallelLaws(opened: Opened): void {
  it("of concurrent creates exactly one is done", async () => {
    const { store } = opened();
    const key = freshKey();
    const answers = await Promise.all(Array.from({ length: 16 }, (_, index) => store.create(key, recordOf(`w${index}`), 60, anyIo())));
    assert.equal(answers.filter((answer) => answer === "done").length, 1);
    const winner = await store.load(key, 0, anyIo());
    assert.ok(answers.every((answer) => answer === "done" || answer.exists === winner));
  });

  it("of concurrent updates exactly one wins", async () => {
    const { store } = opened();
    const key = freshKey();
    await store.create(key, recordOf("a"), 60, anyIo());
    const update = (_: unknown, index: number) => store.update(key, recordOf(`w${index}`), revisionOf(recordOf("a")), 60, anyIo());
    const answers = await Promise.all(Array.from({ length: 16 }, update));
    assert.equal(answers.filter((answer) => answer === "done").length, 1);
    const winner = await store.load(key, 0, anyIo());
    assert.ok(answers.every((answer) => answer === "done" || (answer !== "gone" && answer.conflict === winner)));
  });

  it("no increment of parallel writers is lost", async () => {
    const { store } = opened();
    const key = freshKey();
    await store.create(key, recordOf("start", "0"), 60, anyIo());
    await Promise.all(Array.from({ length: 8 }, (_, writer) => incrementOften(store, key, writer, 20)));
    assert.match((await store.load(key, 0, anyIo())) ?? "", /\.160$/);
  });

  it("no update that races a remove brings the record back", async () => {
    const { store } = opened();
    for (let round = 0; round < 25; round++) {
      const key = freshKey();
      await store.create(key, recordOf("a"), 60, anyIo());
      const update = store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo());
      await Promise.all(round % 2 === 0 ? [update, store.remove(key, anyIo())] : [store.remove(key, anyIo()), update]);
      assert.equal(await store.load(key, 0, anyIo()), null);
    }
  });
}

async function incrementOften(store: Store, key: string, writer: number, times: number): Promise<void> {
  let found = (await store.load(key, 60, anyIo())) ?? "";
  for (let done = 0; done < times; ) {
    const next = recordOf(`w${writer}n${done}`, String(Number(found.slice(found.lastIndexOf(".") + 1)) + 1));
    const answer = await store.update(key, next, revisionOf(found), 60, anyIo());
    assert.notEqual(answer, "gone");
    if (answer === "done") {
      done++;
      found = next;
    } else if (typeof answer === "object") {
      found = answer.conflict;
    }
  }
}

/** The store with its locks; `undefined` where it says that it has none. */
function locksOf({ store }: Subject): Required<Store> | undefined {
  return store.capabilities.locks ? (store as Required<Store>) : undefined;
}

/** Declares a law of stores with locks; others are told apart by their capability alone. */
function lockLaw(opened: Opened, law: string, keep: (store: Required<Store>, subject: Subject) => Promise<void>): void {
  it(law, async (t) => {
    const store = locksOf(opened());
    if (store === undefined) t.skip("it has no locks");
    else await keep(store, opened());
  });
}

function lockLaws(opened: Opened): void {
  it("a store that says that it locks has both methods", () => {
    const { store } = opened();
    assert.equal(typeof store.capabilities.locks, "boolean");
    if (store.capabilities.locks) assert.deepEqual([typeof store.lock, typeof store.unlock], ["function", "function"]);
  });

  lockLaw(opened, "a lock is one token's until that token frees it", async (store) => {
    const key = freshKey();
    assert.equal(await store.lock(key, "one", 60_000, anyIo()), "done");
    assert.equal(await store.lock(key, "two", 60_000, anyIo()), "held");
    await store.unlock(key, "one", anyIo());
    assert.equal(await store.lock(key, "two", 60_000, anyIo()), "done");
    assert.equal(await store.lock(key, "one", 60_000, anyIo()), "held");
  });

  lockLaw(opened, "a lock asked for again by its holder is done, and lasts no longer for it", async (store, { passTime }) => {
    const key = freshKey();
    await store.lock(key, "one", 100_000, anyIo());
    await passTime(90);
    assert.equal(await store.lock(key, "one", 100_000, anyIo()), "done");
    assert.equal(await store.lock(key, "two", 100_000, anyIo()), "held");
    await passTime(11);
    assert.equal(await store.lock(key, "two", 100_000, anyIo()), "done");
  });

  lockLaw(opened, "an unlock by another token, of its beginning or of nothing does nothing", async (store) => {
    const [key, free] = [freshKey(), freshKey()];
    await store.lock(key, "one", 60_000, anyIo());
    for (const token of ["two", "on", "one ", "ONE", "1"]) await store.unlock(key, token, anyIo());
    assert.equal(await store.lock(key, "two", 60_000, anyIo()), "held");
    await store.unlock(free, "one", anyIo());
    assert.equal(await store.lock(free, "two", 60_000, anyIo()), "done");
  });

  lockLaw(opened, "a lock ends with its time, not before, and is then anybody's", async (store, { passTime }) => {
    const key = freshKey();
    await store.lock(key, "crashed", 100_000, anyIo());
    await passTime(90);
    assert.equal(await store.lock(key, "next", 100_000, anyIo()), "held");
    await passTime(11);
    assert.equal(await store.lock(key, "next", 100_000, anyIo()), "done");
    await store.unlock(key, "crashed", anyIo());
    assert.equal(await store.lock(key, "third", 100_000, anyIo()), "held");
  });

  lockLaw(opened, "who asks in vain changes nothing, the time least of all", async (store, { passTime }) => {
    const key = freshKey();
    await store.lock(key, "one", 50_000, anyIo());
    await store.lock(key, "two", 500_000, anyIo());
    await passTime(51);
    assert.equal(await store.lock(key, "three", 50_000, anyIo()), "done");
  });

  lockLaw(opened, "of concurrent locks exactly one is done", async (store) => {
    const key = freshKey();
    const answers = await Promise.all(Array.from({ length: 16 }, (_, index) => store.lock(key, `token ${index}`, 60_000, anyIo())));
    assert.equal(answers.filter((answer) => answer === "done").length, 1);
    assert.equal(answers.filter((answer) => answer === "held").length, 15);
  });

  lockLaw(opened, "locks and records of other keys are left alone", async (store) => {
    const [key, other, data] = [freshKey(), freshKey(), freshKey()];
    await store.create(data, recordOf("a"), 60, anyIo());
    await store.lock(other, "one", 60_000, anyIo());
    await store.lock(key, "one", 60_000, anyIo());
    await store.unlock(key, "one", anyIo());
    assert.equal(await store.lock(other, "two", 60_000, anyIo()), "held");
    assert.equal(await store.load(data, 0, anyIo()), recordOf("a"));
  });
}
