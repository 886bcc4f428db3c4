// What may be read and changed of a session now.

import { apply, type Change, unchanged } from "./changes.ts";
import { SessionError } from "./errors.ts";
import { asLines } from "./values.ts";
import { tellDamage, type Visit } from "./visit.ts";

/** Gives the visit, if its session is loaded. */
export function readable(visit: Visit): Visit {
  if (visit.stand !== "unknown") return visit;
  throw new SessionError("not-loaded", "it is not loaded. Write `await session.load()` first.");
}

/** Gives the visit, if its session may be changed. */
export function writable(visit: Visit): Visit {
  if (visit.started) throw startedError("the session was changed after the response was made");
  readable(visit);
  if (visit.stand === "unavailable") throw new SessionError("store-unavailable", "the store could not be asked, so nothing can be changed.");
  if (visit.readOnly) throw new SessionError("read-only", "it was loaded read-only. Write `await session.load()` to change it.");
  if (visit.byId && visit.stand !== "live") throw new SessionError("no-session", "there is no session of this id.");
  return visit;
}

/** Makes sure that the values are one valid entry a line. */
export function check(visit: Visit): Visit {
  if (visit.checked) return visit;
  try {
    visit.values = asLines(visit.values);
  } catch (error) {
    tellDamage(visit);
    throw error;
  }
  visit.checked = true;
  return visit;
}

/** Adds a change to those that the next commit stores. */
export function addChange(visit: Visit, change: Change): void {
  visit.outcome ??= unchanged();
  apply(visit.outcome, change, visit.values);
  visit.changes.push(change);
}

/** The error for what came too late for the answer. */
export function startedError(what: string): SessionError {
  return new SessionError("response-started", `${what}. Load and change before returning the Response; for later work use openById.`);
}
