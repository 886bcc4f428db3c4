// One request's session, as the package keeps it.

import type { Change, Outcome } from "./changes.ts";
import { SessionError, type SessionErrorCode } from "./errors.ts";
import type { CookieRejection, SessionEvent } from "./events.ts";
import type { Opened } from "./opened.ts";
import type { RequestLike, Settings } from "./options.ts";
import type { OpenedText, Step } from "./results.ts";
import { inCookies } from "./store.ts";
import type { Temp } from "./temp-state.ts";

/** What we need of an execution context; every runtime's `ctx` fits. `undefined`: background work is awaited before the response. */
export interface Background {
  waitUntil(promise: Promise<unknown>): void;
}

/** Where a session stands: what the store said of it, if it was asked. */
export type Stand =
  /** Nobody asked yet. */
  | "unknown"
  /** There is no id: the first `set` draws one. */
  | "visitor"
  /** The cookie's id has no record: it is used again. */
  | "absent"
  /** The same, but a record past its deadline is still there. */
  | "expired"
  /** There is a record. */
  | "live"
  /** The session goes on under another id; `values` holds what may still be read. */
  | "forwarded"
  /** It ended while this request ran. */
  | "ended"
  /** The load failed, and `throwOnError` is false. */
  | "unavailable";

/** A `regenerateId()` that is not committed yet. */
export interface Moving {
  readonly id: string;
  readonly birth: string;
  readonly graceSeconds: number;
  readonly persistent: boolean;
}

/** A cookie that is due: confirmed, and not yet outdated by a later one. Times are unix seconds. */
export type DueCookie =
  | { readonly forget: true; readonly lines?: readonly string[] }
  | { readonly forget: false; readonly lines: readonly string[]; readonly maxAgeSeconds: number | undefined; readonly again: boolean }
  | {
      readonly forget: false;
      readonly lines?: undefined;
      readonly value: string;
      readonly maxAgeSeconds: number | undefined;
      /** Whether it only says again what the browser has. */
      readonly again: boolean;
    };

/** What a request knows of a session that is kept whole in cookies. */
export interface Kept {
  /** Which cookies the browser has, as `findValues` tells. */
  readonly seen: number;
  /** The session as it came in. */
  opened: OpenedText | undefined;
  /** Its absolute end, in unix seconds. */
  expires: number;
}

/** Keeps sessions whole, in place of a store; it asks nobody, so nothing of it waits. */
export interface Keeper {
  /** Opens the session that a `Cookie` header holds. */
  open(visit: Visit, header: string): Opened | CookieRejection | undefined;
  /** Takes up the session that was opened. */
  load(visit: Visit): void;
  /** Makes the changes, and makes the cookies due. */
  commit(visit: Visit): void;
  /** Gives the cookies that make the browser forget. */
  forget(visit: Visit): DueCookie | undefined;
}

/** A call of a commit whose answer never came; it is made again before anything else. */
export interface Pending {
  readonly task: "write" | "regenerate";
  /** The call, with the task as it stands now. */
  readonly step: Step;
  readonly flags: number;
  readonly text: string | undefined;
  readonly base: string;
  readonly moving: Moving | undefined;
  /** How many changes it holds. */
  readonly taken: number;
}

/** A lock that the visit holds, or may hold. */
export interface Lock {
  /** The id whose record it guards. */
  readonly id: string;
  readonly token: string;
  /** Unix milliseconds at which it ends where nobody frees it. */
  readonly until: number;
}

/** Everything that one request knows of its session: one plain object, as each closure and class costs. */
export interface Visit {
  readonly settings: Settings;
  readonly request: RequestLike | undefined;
  /** Whether `handle` ends it, so that its lock lasts until then. */
  handled: boolean;
  /** Where commits go on though the client is gone. */
  background: Background | undefined;
  /** Whether the session is known by its id only. */
  readonly byId: boolean;
  /** `null` where the request has no cookie that opens; `undefined` until somebody looks. */
  cookie: Opened | null | undefined;
  /** Whether the request has any cookie of our name. */
  sentCookie: boolean;
  stand: Stand;
  /** The id whose record is meant; `undefined` for a visitor who set nothing. */
  id: string | undefined;
  /** Whether this request drew `id`. */
  ownId: boolean;
  /** The birth that a first record gets. */
  birth: string | undefined;
  /** The header of the record that was seen last, or empty. */
  header: string;
  /** The values of that record. */
  values: string;
  /** Whether those are known to be one valid entry a line. */
  checked: boolean;
  createdAt: number | undefined;
  changes: Change[];
  outcome: Outcome | undefined;
  moving: Moving | undefined;
  /** What this login decided on its cookie; `undefined`: as it came in. */
  persistent: boolean | undefined;
  readOnly: boolean;
  lock: Lock | undefined;
  /** Whether the request used the session, so that its answer is nobody else's. */
  used: boolean;
  /** Whether text was made or opened for it: use too, but the store was not asked. */
  bound: boolean;
  /** Whether the cookie must not be sent again, as the id was seen forwarded or destroyed. */
  outdated: boolean;
  destroyed: boolean;
  /** Whether the response is made. */
  started: boolean;
  /** Whether it was told that its record is damaged. */
  damaged: boolean;
  /** Whether it was told that nothing is kept for want of consent. */
  withheld: boolean;
  /** Whether the response or its commit failed: only what was confirmed before may leave with it. */
  failed: boolean;
  due: DueCookie | undefined;
  pending: Pending | undefined;
  /** The error of a commit that nothing can be added to; it stays. */
  broken: SessionError | undefined;
  /** The last of the calls that run one after the other. */
  queue: Promise<unknown> | undefined;
  /** The load that is under way. */
  loading: Promise<void> | undefined;
  /** Of a session that is kept whole in cookies. */
  kept: Kept | undefined;
  items: Map<string, unknown> | undefined;
  /** What the request knows of its TempData; `undefined` until somebody asks. */
  temp: Temp | undefined;
}

/** Begins a visit; nothing is read before somebody asks. */
export function begin(settings: Settings, request: RequestLike | undefined, id?: string): Visit {
  return {
    settings,
    request,
    handled: false,
    background: undefined,
    byId: id !== undefined,
    cookie: id === undefined ? undefined : null,
    sentCookie: false,
    stand: "unknown",
    id,
    ownId: false,
    birth: undefined,
    header: "",
    values: "{}",
    checked: true,
    createdAt: undefined,
    changes: [],
    outcome: undefined,
    moving: undefined,
    persistent: undefined,
    readOnly: false,
    lock: undefined,
    used: false,
    bound: false,
    outdated: false,
    destroyed: false,
    started: false,
    damaged: false,
    withheld: false,
    failed: false,
    due: undefined,
    pending: undefined,
    broken: undefined,
    queue: undefined,
    loading: undefined,
    kept: undefined,
    items: undefined,
    temp: undefined,
  };
}

/** Opens the cookie, once. */
export function openCookie(visit: Visit): Opened | null {
  if (visit.cookie !== undefined) return visit.cookie;
  const { settings, request } = visit;
  const header = request?.headers.get("cookie") ?? "";
  // Only what the core said counts: where it failed, the next call asks again.
  const opened = header.includes(settings.cookie.name) ? cookieIn(visit, header) : undefined;
  visit.cookie = null;
  // Pieces without the cookie that counts them are no session, but there to be expired.
  visit.sentCookie = opened !== undefined || (visit.kept !== undefined && visit.kept.seen !== 0);
  if (opened === undefined) return null;
  if (typeof opened === "string") {
    tell(visit, { name: "cookie-rejected", level: "warning", reason: opened });
    return null;
  }
  visit.cookie = opened;
  visit.id = opened.id;
  if (opened.secret > 0) tell(visit, { name: "old-secret-seen", level: "info" });
  return opened;
}

function cookieIn(visit: Visit, header: string): Opened | CookieRejection | undefined {
  const { settings } = visit;
  const keeper = keeperOf(settings);
  return keeper === undefined ? settings.core.open(header, settings.cookie.name, now(settings)) : keeper.open(visit, header);
}

/** Gives what keeps sessions whole, where there is no store. */
export function keeperOf({ store }: Settings): Keeper | undefined {
  return (store as { [inCookies]?: Keeper })[inCookies];
}

/** Unix seconds. */
export function now(settings: Settings): number {
  return Math.floor(settings.clock() / 1000);
}

/** The key of a record that this visit asks for; the cookie's is made once. */
export function keyFor({ cookie, settings }: Visit, id: string): string {
  if (cookie?.id !== id) return recordKey(settings, id);
  cookie.key ??= recordKey(settings, id);
  return cookie.key;
}

/** The key of a session's record. */
export function recordKey(settings: Settings, id: string): string {
  return `{${settings.applicationName}_${id}}_Data`;
}

/** Gives a first record its id and birth, where there are none. */
export function takeId(visit: Visit, drawn: { id: string; birth: string }): void {
  if (visit.id === undefined) {
    visit.id = drawn.id;
    visit.ownId = true;
  }
  visit.birth ??= drawn.birth;
}

/** Forgets what the request changed and had. */
export function forget(visit: Visit): void {
  visit.changes = [];
  visit.outcome = undefined;
  visit.moving = undefined;
  visit.pending = undefined;
}

type DebugName = "session-loaded" | "session-created" | "session-renewed" | "session-regenerated" | "session-destroyed" | "session-gone";

/** Tells that something happened as it should. */
export function note(visit: Visit, name: DebugName): void {
  if (visit.settings.tellsAll) tell(visit, { name, level: "debug" });
}

/** Tells what happened; a listener that throws is its own affair. */
export function tell(visit: Visit, event: SessionEvent): void {
  const { settings, id } = visit;
  if (!settings.tellsAll && (event.level === "debug" || event.level === "info")) return;
  try {
    const told: unknown = settings.onEvent(id === undefined ? event : { ...event, session: settings.core.hash(id) });
    if (told instanceof Promise) told.catch(() => undefined);
  } catch {
    // What a listener throws, or rejects with, must not end a request.
  }
}

/** Tells once that the session's record is damaged, wherever that is found. */
export function tellDamage(visit: Visit): void {
  if (visit.damaged) return;
  visit.damaged = true;
  tell(visit, { name: "record-rejected", level: "error", code: "record-corrupt" });
}

/** Makes an error of what a store, or whoever stands for one, threw. */
export function storeError(thrown: unknown): SessionError {
  if (thrown instanceof SessionError) return thrown;
  const isTimeout = thrown instanceof Error && thrown.name === "TimeoutError";
  const code: SessionErrorCode = isTimeout ? "timeout" : "store-unavailable";
  const cause = new Error(thrown instanceof Error ? thrown.name : typeof thrown);
  return new SessionError(code, isTimeout ? "the store did not answer in time." : "the store failed.", { cause });
}
