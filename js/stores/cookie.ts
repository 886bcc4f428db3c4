// Keeps whole sessions in cookies, without any store.

import { outcomeText, replay } from "../changes.ts";
import { mayKeep } from "../consent.ts";
import { isNavigation } from "../cookies.ts";
import { draw, findValues } from "../core.ts";
import { SessionError } from "../errors.ts";
import type { CookieRejection } from "../events.ts";
import type { Opened } from "../opened.ts";
import { merge } from "../records.ts";
import { type OpenedText, purposes } from "../results.ts";
import { type CookieStore, inCookies } from "../store.ts";
import { corrupt } from "../values.ts";
import { type Keeper, type Kept, note, now, takeId, tell, type Visit } from "../visit.ts";

const store = {
  name: "cookie",
  // What one browser sends and is answered; two answers at once replace each other.
  capabilities: { compareAndSet: false, locks: false, slides: "on-write", minTtlSeconds: 1, consistency: "strong" },
  [inCookies]: { open, load, commit, forget } satisfies Keeper,
} as const;

/**
 * Keeps the whole session in the browser's cookies, sealed: for small state, without a server.
 *
 * A session takes 7,500 characters at most, about 5 kB of JSON; more is `cookie-too-large`. Of two answers at once the
 * later one's state wins whole. `destroy()` only clears the browser: a copy of the cookies that somebody kept opens until
 * its idle limit, so keep no login here that must be revocable. `openById`, `cache` and `graceSeconds` need a store.
 *
 * @example
 * const sessions = createSessions<{ theme: string }>({ secrets: [env.SESSION_SECRET], store: cookieStore() });
 */
export function cookieStore(): CookieStore {
  return store;
}

/** Opens the session that a `Cookie` header holds, whole or in pieces. */
function open(visit: Visit, header: string): Opened | CookieRejection | undefined {
  const { settings } = visit;
  const { name } = settings.cookie;
  const { values, more, seen } = findValues(header, name);
  const kept: Kept = { seen, opened: undefined, expires: 0 };
  visit.kept = kept;
  let found: OpenedText | undefined;
  let why: CookieRejection | undefined;
  for (const value of values) {
    const opened = settings.core.openText(purposes.cookieSession, name, "", value, now(settings));
    if (typeof opened === "string") why ??= opened;
    else if (found !== undefined && (found.birth !== opened.birth || found.text !== opened.text)) return "ambiguous";
    else found = opened;
  }
  // What is not looked at may open too.
  if (found !== undefined && more) return "ambiguous";
  kept.opened = found;
  // A number of pieces, without those, is no session either.
  return found ?? why ?? ((seen & 1) === 1 ? "malformed" : undefined);
}

/** Takes up the session that was opened; past half of its idle time the cookies are due again. */
function load(visit: Visit): void {
  const { kept, settings } = visit;
  if (kept?.opened === undefined) throw corrupt();
  const { text, birth, created, expires, issued, persistent, secret } = kept.opened;
  visit.values = text;
  visit.checked = text === "{}";
  visit.stand = "live";
  visit.birth = birth;
  visit.createdAt = created;
  kept.expires = expires;
  const { maxAgeSeconds } = settings.cookie;
  const life = persistent && maxAgeSeconds !== undefined ? Math.min(maxAgeSeconds, settings.idleTimeoutSeconds) : settings.idleTimeoutSeconds;
  const isDue = secret > 0 || now(settings) - issued > life / 2;
  // The answer to a slow image must not put an older state over a newer one.
  if (!isDue || !isNavigation(visit) || !mayKeep(visit)) return;
  try {
    visit.due = due(visit, kept, { values: text, id: kept.opened.id, birth, created, expires, persistent }, true);
  } catch (error) {
    // Attributes that grew since may leave it no room: it can still be read, and made smaller.
    if (!(error instanceof SessionError && error.code === "cookie-too-large")) throw error;
  }
}

/** What a session is, as its cookies say it. Times are unix seconds, but `created`. */
interface State {
  readonly values: string;
  readonly id: string;
  readonly birth: string;
  readonly created: number;
  readonly expires: number;
  readonly persistent: boolean;
}

/** Makes the changes, and makes the cookies due that hold what they come to. */
function commit(visit: Visit): void {
  const { settings, moving, stand } = visit;
  const wasLive = stand === "live";
  if (!wasLive && visit.birth === undefined) takeId(visit, draw());
  const base = wasLive ? visit.values : "{}";
  const values = merge(base, outcomeText(visit.outcome ?? replay(visit.changes, base)));
  if (values === undefined) throw corrupt();
  if (values.length > settings.maxRecordBytes) throw new SessionError("record-too-large", "the session would be longer than maxRecordBytes.");
  const kept: Kept = visit.kept ?? { seen: 0, opened: undefined, expires: 0 };
  const begins = !wasLive || moving !== undefined;
  const state = {
    values,
    id: moving?.id ?? visit.id ?? "",
    birth: moving?.birth ?? visit.birth ?? "",
    created: begins ? settings.clock() : (visit.createdAt ?? 0),
    expires: begins ? now(settings) + settings.absoluteTimeoutSeconds : kept.expires,
    persistent: moving?.persistent ?? visit.persistent ?? visit.cookie?.persistent ?? settings.cookie.maxAgeSeconds !== undefined,
  };
  visit.due = due(visit, kept, state, false);
  visit.kept = kept;
  kept.expires = state.expires;
  visit.values = values;
  visit.checked = true;
  visit.stand = "live";
  visit.id = state.id;
  visit.birth = state.birth;
  visit.ownId = false;
  visit.createdAt = state.created;
  visit.persistent = state.persistent;
  visit.changes = [];
  visit.outcome = undefined;
  visit.moving = undefined;
  if (begins) note(visit, moving === undefined ? "session-created" : "session-regenerated");
  if (settings.tellsAll) tell(visit, { name: "session-committed", level: "debug", tries: 1, durationMs: 0, bytes: values.length });
}

/** Gives the cookies that make the browser forget. */
function forget(visit: Visit): Visit["due"] {
  const { core, cookie } = visit.settings;
  return { forget: true, lines: core.lines(cookie.name, "", (visit.kept?.seen ?? 0) | 1, 0, now(visit.settings)) };
}

/** Seals a state, and gives the cookies that hold it; what the browser has of longer ones goes. */
function due({ settings }: Visit, kept: Kept, state: State, again: boolean): Visit["due"] {
  const { core, cookie, idleTimeoutSeconds } = settings;
  const at = now(settings);
  const { persistent, created, expires } = state;
  const value = core.sealText(purposes.cookieSession, cookie.name, state.id + state.birth, state.values, at, expires, {
    persistent,
    idleEnd: at + idleTimeoutSeconds,
    created,
  });
  const maxAgeSeconds = persistent && cookie.maxAgeSeconds !== undefined ? Math.max(1, Math.min(cookie.maxAgeSeconds, expires - at)) : undefined;
  return { forget: false, lines: core.lines(cookie.name, value, kept.seen, maxAgeSeconds ?? 0, at), maxAgeSeconds, again };
}
