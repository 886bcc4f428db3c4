// Laws of stores: every text comes back, under every key.

import type { Store } from "../store.ts";
import { expect } from "./expect.ts";
import { anyIo, freshKey, recordOf, revisionOf } from "./records.ts";
import type { Declare } from "./subject.ts";

export function textLaws(law: Declare): void {
  law("every ASCII character of a record comes back", async ({ store }) => {
    const key = freshKey();
    const characters = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join("");
    const record = recordOf("a", `{\n"v":"${characters}+/?#%%2F..\\n\\u0000"}\n`);
    await store.create(key, record, 60, anyIo());
    expect.equal(await store.load(key, 0, anyIo()), record);
    expect.deepEqual(await store.update(key, recordOf("b"), "-".repeat(16), 60, anyIo()), { conflict: record });
  });

  law("a record of 64 KiB comes back, from a conflict too", ({ store }) => roundTrip(store, 65_536));

  law("a record of 1 MiB comes back, from a conflict too", ({ store }) => roundTrip(store, 1_048_576));

  law("a put of 1 MB comes back, under each key that a cache has", ({ store }) => putsRoundTrip(store));

  law("a hostile key holds its own record and no other", async ({ store }) => {
    const records = hostileKeys().map((key, index) => ({ key, record: recordOf(`k${index}`) }));
    for (const { key, record } of records) expect.equal(await store.create(key, record, 60, anyIo()), "done", JSON.stringify(key));
    for (const { key, record } of records) expect.equal(await store.load(key, 60, anyIo()), record, JSON.stringify(key));
    for (const { key, record } of records)
      expect.equal(await store.update(key, recordOf("z"), revisionOf(record), 60, anyIo()), "done", JSON.stringify(key));
    for (const { key } of records) await store.refresh(key, 60, anyIo());
    for (const { key } of records) {
      expect.equal(await store.load(key, 0, anyIo()), recordOf("z"), JSON.stringify(key));
      await store.remove(key, anyIo());
      expect.equal(await store.load(key, 0, anyIo()), null, JSON.stringify(key));
    }
  });
}

/** Puts a long text under keys of the kind that caches have. */
async function putsRoundTrip(store: Store): Promise<void> {
  const start = freshKey();
  for (const key of ["shop_cache_", "shop_cache_a%2F..%2Fb%3F%25", `${start}_cache_%7Bslot%7D`]) {
    const text = `1c.-.-."${key}${'\\"'.repeat(500_000)}"`;
    await store.put(key, text, 60, anyIo());
    expect.equal((await store.load(key, 0, anyIo())) === text, true, key);
    await store.remove(key, anyIo());
    expect.equal(await store.load(key, 0, anyIo()), null);
  }
}

async function roundTrip(store: Store, length: number): Promise<void> {
  const key = freshKey();
  const empty = recordOf("a", '{\n"v":""}');
  const record = recordOf("a", `{\n"v":"${'\\"'.repeat((length - empty.length) >> 1)}"}`);
  await store.create(key, record, 60, anyIo());
  expect.equal(await store.load(key, 60, anyIo()), record);
  expect.deepEqual(await store.update(key, recordOf("c"), revisionOf(recordOf("b")), 60, anyIo()), { conflict: record });
  expect.equal(await store.update(key, record.replace("a_", "b_"), revisionOf(record), 60, anyIo()), "done");
  expect.equal((await store.load(key, 60, anyIo()))?.length, record.length);
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
