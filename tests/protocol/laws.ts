// What must hold of the end of a run.

import type { Course, Fate } from "./course.ts";
import { type History, keyOf, type StoredRecord } from "./history.ts";

/** Checks that what was confirmed is there, once, and what was refused is not. */
export function checkEnd(history: History, courses: readonly Course[], merges: boolean): void {
  const living = history.living();
  const cleared = courses.some(({ changes }) => changes.some(({ act, fate }) => act[0] === "clear" && fate !== "refused"));
  for (const family of familiesOf(history, courses)) {
    const members = courses
      .map((course) => ({ ...course, changes: course.changes.filter(({ birth }) => birth !== undefined && history.family(birth) === family) }))
      .filter(({ changes }) => changes.length > 0);
    if (history.includes(history.ended, family) || history.includes(history.expired, family)) continue;
    const records = living.filter(([, { birth }]) => history.family(birth) === family).map(([, record]) => record);
    const [record] = records;
    if (records.length > 1) history.violate("FORKED", `one session has ${records.length} living records`);
    else if (record === undefined) checkVanished(history, family, members);
    else if (merges && !cleared) checkValues(history, record, members);
  }
  // Where a record's time ended during the run, a late duplicate may begin it again.
  if (merges && !history.timeEnded) checkRefused(history, living, courses);
}

/** Where no call was lost, no record may be left that no browser can reach. */
export function checkOrphans(history: History, store: { keys(): Iterable<string> }): void {
  const reached = new Set([...history.issued].map(keyOf));
  for (const key of store.keys()) if (!reached.has(key)) history.violate("ORPHAN", "a record is left that nobody can reach");
}

/** Gives the families that anybody's changes went to. */
function familiesOf(history: History, courses: readonly Course[]): Set<string> {
  const births = courses.flatMap(({ changes }) => changes.flatMap(({ birth }) => birth ?? []));
  return new Set(births.map((birth) => history.family(birth)));
}

/** A session that somebody was told is stored must be there. */
function checkVanished(history: History, family: string, members: readonly Course[]): void {
  const told = members.find(({ changes }) => changes.some(({ fate }) => fate === "confirmed"));
  if (told !== undefined && !history.includes(history.shaken, family)) history.violate("VANISHED", `what ${told.plan.name} stored is nowhere`);
}

function checkValues(history: History, { values }: StoredRecord, members: readonly Course[]): void {
  for (const { plan, changes } of members) {
    for (const { act, fate } of changes) {
      const isOwn = act[0] === "set" && act[1] === `own${plan.name}`;
      if (isOwn && fate === "confirmed" && values[act[1]] !== act[2])
        history.violate("LOST-UPDATE", `${plan.name} was told that ${act[1]} is stored`);
    }
  }
  checkCounter(history, values, members);
  checkOrder(history, values, members);
}

/** Every confirmed step counts once; one whose fate is unknown, once at most. */
function checkCounter(history: History, values: Record<string, unknown>, members: readonly Course[]): void {
  const steps = (...fates: Fate[]) =>
    members
      .flatMap(({ changes }) => changes)
      .filter(({ act, fate }) => (act[0] === "add" || act[0] === "step") && act[1] === "count" && fates.includes(fate)).length;
  const counted = Number(values.count ?? 0);
  // A login under an id that moved begins with what grace shows.
  const begun = members.find(({ read, loaded }) => read !== undefined && loaded === undefined);
  const confirmed = Number(begun?.read?.count ?? 0) + steps("confirmed");
  if (counted < confirmed) history.violate("LOST-INCREMENT", `the counter is ${counted}, ${confirmed} were confirmed`);
  const possible = confirmed + steps("unsure", "undecided");
  if (counted > possible) history.violate("DOUBLE-APPLY", `the counter is ${counted}, at most ${possible} were made`);
}

/** Who saw a value and replaced it is not overwritten by it. */
function checkOrder(history: History, values: Record<string, unknown>, members: readonly Course[]): void {
  for (const { plan, read, changes } of members) {
    const replaced = changes.some(({ act, fate }) => act[0] === "set" && act[1] === "one" && fate === "confirmed");
    const seen = read?.one;
    if (replaced && seen !== undefined && seen !== plan.name && values.one === seen) {
      history.violate("ROLLED-BACK", `${plan.name} saw what ${String(seen)} wrote and replaced it, yet it is there`);
    }
  }
}

/** A change that was refused must not be there. */
function checkRefused(history: History, living: readonly (readonly [string, StoredRecord])[], courses: readonly Course[]): void {
  for (const { plan, changes } of courses) {
    for (const { act, fate } of changes) {
      if (act[0] !== "set" || fate !== "refused" || !act[1].startsWith("own")) continue;
      if (living.some(([, { values }]) => values[act[1]] === act[2])) history.violate("GHOST", `${plan.name} was told that ${act[1]} is not stored`);
    }
  }
}
