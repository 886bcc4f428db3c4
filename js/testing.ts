// The laws of stores, to test one of your own.

import { endingLaws } from "./testing/ending-laws.ts";
import { lockLaws } from "./testing/lock-laws.ts";
import { parallelLaws } from "./testing/parallel-laws.ts";
import { creatingLaws, readingLaws, updatingLaws } from "./testing/records-laws.ts";
import type { Law, Subject } from "./testing/subject.ts";
import { textLaws } from "./testing/text-laws.ts";
import { timeLaws } from "./testing/time-laws.ts";

export { anyIo, freshKey, recordOf, revisionOf } from "./testing/records.ts";
export type { Law, Subject } from "./testing/subject.ts";

/**
 * Gives the laws that every store of this package keeps, for a store that compares and sets.
 *
 * `open` is called once, by the first law that runs. Each law uses keys of its own, so they may run in any order, and beside each other where
 * `passTime` waits. Laws of locks are kept by a store that says that it has none.
 *
 * @example
 * for (const law of storeLaws(() => ({ store: myStore({ clock: () => now }), passTime: (seconds) => { now += seconds * 1000; } }))) {
 *   test(law.name, law.keep);
 * }
 */
export function storeLaws(open: () => Subject | Promise<Subject>): Law[] {
  const laws: Law[] = [];
  let opening: Promise<Subject> | undefined;
  const opened = async (): Promise<Subject> => {
    opening ??= Promise.resolve().then(open);
    const subject = await opening;
    return { store: subject.store, passTime: (seconds) => subject.passTime(seconds) };
  };
  for (const declare of [readingLaws, creatingLaws, updatingLaws, endingLaws, timeLaws, textLaws, parallelLaws, lockLaws]) {
    declare((name, keep) => laws.push({ name, keep: async () => keep(await opened()) }));
  }
  return laws;
}
