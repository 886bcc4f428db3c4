// What tests of stores write, and under which keys.

import type { StoreIo } from "../store.ts";

/** Makes a record as a store sees it: the revision in characters 3 to 18, and some text after it. */
export function recordOf(revision: string, values = "{}"): string {
  return `1j.${revision.padEnd(16, "_")}.BBBBBBBBBBBBBBBB.-.1700000000000.1800000000.${values}`;
}

/** Gives the revision of a record. */
export function revisionOf(record: string): string {
  return record.slice(3, 19);
}

/** Gives what a call needs that nobody cancels. */
export function anyIo(): StoreIo {
  return { signal: new AbortController().signal };
}

/** Gives a key that no other test has. */
export function freshKey(): string {
  return `{laws_${crypto.randomUUID()}}_Data`;
}
