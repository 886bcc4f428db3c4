// Reads a session from the store.

import { Budget, failure, inTime, raced, tellBreaker } from "./calls.ts";
import { sealAgain } from "./cookies.ts";
import { SessionError } from "./errors.ts";
import { judgeRecord, livesOn, unsupported } from "./forwarding.ts";
import { freeBehind, takeLock } from "./lock.ts";
import type { Opened } from "./opened.ts";
import { type Judged, standings } from "./records.ts";
import { isSealed, openValues } from "./sealing.ts";
import { asLines, beginAsLines, corrupt } from "./values.ts";
import { keeperOf, keyFor, note, now, openCookie, tell, type Visit } from "./visit.ts";

/** What `load()` takes. */
export interface LoadOptions {
  /**
   * Ends the waiting; the load then rejects with the signal's reason.
   * @default none: `ioTimeoutMs` ends it
   */
  signal?: AbortSignal | undefined;
  /**
   * Says that the request will not write: what would change the session, but `destroy()`, throws `read-only`. Under
   * `concurrency: "exclusive"` it neither takes the lock nor waits for it; a later plain `load()` does, and loads anew.
   * @default false
   */
  readOnly?: boolean | undefined;
}

/** Loads the session, once, within so many milliseconds; two loads at a time share one call. */
export function load(visit: Visit, options: LoadOptions | undefined, milliseconds = visit.settings.ioTimeoutMs): Promise<void> | undefined {
  if (visit.stand !== "unknown" && !unloadToLock(visit, options)) {
    visit.readOnly &&= options?.readOnly === true;
    return undefined;
  }
  if (visit.loading !== undefined) {
    const next = visit.loading.catch(unlessOurs).then(() => load(visit, options));
    return options?.signal === undefined ? next : raced(next, new Budget(milliseconds, options.signal));
  }
  if (visit.started) {
    throw new SessionError(
      "response-started",
      "load() came after the response was made. Load before returning the Response; for later work use openById.",
    );
  }
  visit.used = true;
  let cookie: Opened | null;
  try {
    cookie = openCookie(visit);
  } catch (error) {
    if (visit.settings.throwOnError) throw error;
    visit.stand = "unavailable";
    return undefined;
  }
  if (visit.id === undefined) {
    visit.stand = "visitor";
    visit.readOnly = options?.readOnly === true;
    return undefined;
  }
  const keeper = keeperOf(visit.settings);
  if (keeper !== undefined) {
    keeper.load(visit);
    visit.readOnly = options?.readOnly === true;
    note(visit, "session-loaded");
    return undefined;
  }
  visit.loading = loadRecord(visit, visit.id, cookie, new Budget(milliseconds, options?.signal), options?.readOnly === true);
  return visit.loading;
}

/** Forgets what was loaded read-only without the lock, where it is to be written now; says whether. */
function unloadToLock(visit: Visit, options: LoadOptions | undefined): boolean {
  if (!visit.settings.locks || !visit.readOnly || options?.readOnly === true || visit.started || !mayBeWritten(visit)) return false;
  visit.stand = "unknown";
  visit.header = "";
  visit.values = "{}";
  visit.checked = true;
  visit.createdAt = undefined;
  visit.readOnly = false;
  if (visit.settings.tempInRecord) visit.temp = undefined;
  return true;
}

/** Says whether the request may write under the id that came in. */
function mayBeWritten({ stand }: Visit): boolean {
  return stand === "live" || stand === "absent" || stand === "expired";
}

/** Passes a failure on; that another caller gave up is none. */
function unlessOurs(error: unknown): void {
  if (error instanceof SessionError) throw error;
}

async function loadRecord(visit: Visit, id: string, cookie: Opened | null, budget: Budget, readOnly: boolean): Promise<void> {
  const { settings } = visit;
  try {
    let started = budget.began;
    if (settings.locks && !readOnly) {
      await takeLock(visit, id, budget);
      started = Date.now();
    }
    const seconds = cookie === null ? 0 : secondsToLive(visit, cookie);
    let record: string | null;
    try {
      record = await inTime(visit, budget, settings.store.load(keyFor(visit, id), seconds, budget));
    } catch (thrown) {
      throw failure(visit, "load", budget, started, thrown);
    }
    if (settings.breakerOpen) tellBreaker(visit);
    const following = record === null ? absent(visit) : take(visit, record, budget);
    if (following !== undefined) await following;
    visit.readOnly = readOnly;
    if (visit.lock !== undefined && !mayBeWritten(visit)) freeBehind(visit);
    if (visit.stand === "live" && cookie !== null) sealAgain(visit, cookie);
    note(visit, "session-loaded");
  } catch (error) {
    if (visit.lock !== undefined) freeBehind(visit);
    // Whatever was found so far: the next load asks again.
    visit.stand = "unknown";
    if (settings.throwOnError || (budget.caller?.aborted && error === budget.caller.reason)) throw error;
    visit.stand = "unavailable";
  } finally {
    visit.loading = undefined;
  }
}

function absent(visit: Visit): undefined {
  visit.stand = "absent";
}

/** The time to live that a request with this cookie may give its record: the idle limit, or what is left of its life. */
export function secondsToLive(visit: Visit, cookie: Opened): number {
  const { idleTimeoutSeconds, store } = visit.settings;
  const seconds = Math.min(idleTimeoutSeconds, cookie.expires - now(visit.settings));
  return Math.max(seconds, store.capabilities.minTtlSeconds, 1);
}

/** Takes up the record that was loaded; a promise where more has to be asked. */
function take(visit: Visit, record: unknown, budget: Budget): Promise<void> | undefined {
  const judged = judgeRecord(visit, record);
  visit.header = judged.header;
  switch (judged.standing) {
    case standings.live: {
      const values = isSealed(judged) ? opened(visit, judged) : judged.values;
      if (values === undefined) return leaveAlone(visit);
      visit.checked = values === "{}" || !beginAsLines(values);
      visit.values = visit.checked ? lines(visit, values) : values;
      visit.stand = "live";
      visit.createdAt = judged.created;
      return undefined;
    }
    case standings.expired:
      visit.stand = "expired";
      return undefined;
    case standings.dead:
      return leaveAlone(visit);
    default:
      visit.outdated = true;
      visit.stand = "forwarded";
      note(visit, "session-gone");
      return visit.byId || judged.standing !== standings.graced ? undefined : readBefore(visit, judged, budget);
  }
}

/** There is no session for this request; what is stored stays, and a first value begins one under another id. */
function leaveAlone(visit: Visit): undefined {
  visit.outdated = true;
  visit.stand = visit.byId ? "ended" : "visitor";
  // The visitor has no id; the one left alone stays in the cookie for destroy(), which follows it.
  if (!visit.byId) visit.id = undefined;
}

/** Shows what was there before, while the session that it became lives. */
async function readBefore(visit: Visit, judged: Judged, budget: Budget): Promise<void> {
  if (!(await livesOn(visit, judged.header, budget))) return;
  const values = isSealed(judged) ? opened(visit, judged) : judged.values;
  if (values !== undefined) visit.values = lines(visit, values);
}

/** Opens sealed values; `undefined` where we have not their secret, an error where they were sealed for another place. */
function opened(visit: Visit, judged: Judged): string | undefined {
  const found = openValues(visit.settings, visit.id ?? "", judged);
  if (typeof found !== "string") {
    if (found.secret > 0) tell(visit, { name: "old-secret-seen", level: "info" });
    return found.text;
  }
  const error = found === "unknown-key" ? unsupported() : corrupt();
  tell(visit, { name: "record-rejected", level: "error", code: error.code });
  if (found === "unknown-key") return undefined;
  throw error;
}

/** Gives values one entry a line, or throws what is wrong with them. */
function lines(visit: Visit, values: string): string {
  try {
    return asLines(values);
  } catch (error) {
    tell(visit, { name: "record-rejected", level: "error", code: "record-corrupt" });
    throw error;
  }
}
