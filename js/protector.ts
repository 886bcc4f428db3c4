// Text for query strings and forms that nobody can change.

import { mayKeep } from "./consent.ts";
import { SessionError } from "./errors.ts";
import type { Settings } from "./options.ts";
import { purposes } from "./results.ts";
import { type AnySession, VisitSession } from "./session.ts";
import { valueFrom, valueText } from "./values.ts";
import { now } from "./visit.ts";

/** What `protect` takes. */
export interface ProtectOptions {
  /**
   * How long the text opens, in whole seconds, 1 to 10,000,000,000.
   * @default for ever, as long as its secret is among `secrets`
   */
  expiresInSeconds?: number | undefined;
  /**
   * The session that it opens for, from that session's first `set` on; after `regenerateId()` the new one.
   * @default none: it opens for everybody
   */
  boundTo?: AnySession | undefined;
}

/** What `unprotect` takes. */
export interface UnprotectOptions {
  /**
   * The session that the text was bound to.
   * @default none
   */
  boundTo?: AnySession | undefined;
}

/**
 * Makes and opens URL-safe text for query strings and hidden fields: encrypted, tamper-proof, for one purpose of one
 * application. It can be replayed as long as it opens: what may be done once only needs a mark in the session too.
 */
export interface Protector<Value> {
  /**
   * Makes text of any value that a session can hold.
   * @throws {SessionError} `value-not-serializable`, `record-too-large` beyond `maxRecordBytes`, `invalid-options`; of
   *   `boundTo`: `not-loaded`, `store-unavailable` where its load failed, `no-session` before its first `set`
   */
  protect(value: Value, options?: ProtectOptions): string;
  /**
   * Gives the value back; `undefined` for anything else, whatever it is: altered, expired, of another purpose,
   * application or session, or no text at all.
   */
  unprotect(token: string, options?: UnprotectOptions): Value | undefined;
}

/** The longest purpose, in characters. */
const longestPurpose = 1000;
/** More than three centuries; what is longer was meant in another unit. */
const longestLife = 10_000_000_000;
/** What sealing adds before the text becomes base64url. */
const overhead = 50;

/** Makes the protector of a purpose; the settings are asked for at its first use. */
export function makeProtector<Value>(settled: () => Settings, purpose: string): Protector<Value> {
  if (typeof purpose !== "string" || purpose === "" || purpose.length > longestPurpose || !purpose.isWellFormed()) {
    throw new SessionError("invalid-options", `protector takes a purpose, a text of 1 to ${longestPurpose} characters.`);
  }
  return {
    protect: (value, options) => protect(settled(), purpose, value, options?.expiresInSeconds, options?.boundTo),
    unprotect: (token, options) => unprotect(settled(), purpose, token, options?.boundTo) as Value | undefined,
  };
}

function protect(settings: Settings, purpose: string, value: unknown, seconds: number | undefined, boundTo: AnySession | undefined): string {
  if (seconds !== undefined && !(Number.isSafeInteger(seconds) && seconds >= 1 && seconds <= longestLife)) {
    throw new SessionError("invalid-options", "expiresInSeconds must be whole seconds, 1 to 10,000,000,000.");
  }
  const bound = bindingOf(boundTo);
  if (bound instanceof SessionError) throw bound;
  const text = valueText(value);
  if (text.length > settings.maxRecordBytes) throw new SessionError("record-too-large", "the value is longer than maxRecordBytes.");
  const expires = seconds === undefined ? Number.POSITIVE_INFINITY : now(settings) + seconds;
  return settings.core.sealText(purposes.protected, purpose, bound, text, 0, expires);
}

function unprotect(settings: Settings, purpose: string, token: unknown, boundTo: AnySession | undefined): unknown {
  const bound = bindingOf(boundTo);
  if (bound instanceof SessionError || typeof token !== "string") return undefined;
  // No text of ours is longer; memory never grows with a stranger's.
  if (token.length > Math.ceil(((settings.maxRecordBytes + overhead) * 4) / 3)) return undefined;
  const opened = settings.core.openText(purposes.protected, purpose, bound, token, now(settings));
  return typeof opened === "string" ? undefined : valueFrom(opened.text);
}

/** Gives the id and birth of a session that text is bound to, nothing where there is none, or why it cannot be bound. */
function bindingOf(session: AnySession | undefined): string | SessionError {
  if (session === undefined) return "";
  const visit = VisitSession.visitOf(session);
  if (visit === undefined) throw new SessionError("invalid-options", "boundTo must be a session of this package.");
  visit.bound = true;
  const { stand, moving } = visit;
  if (stand === "unknown") return new SessionError("not-loaded", "boundTo is not loaded. Write `await session.load()` first.");
  if (stand === "unavailable") return new SessionError("store-unavailable", "the store could not be asked for boundTo.");
  const id = moving?.id ?? visit.id;
  const birth = moving?.birth ?? visit.birth ?? (stand === "live" ? visit.header.slice(20, 36) : undefined);
  // A birth is known of what lives here or begins here; a forwarded id has none.
  const isSession = id !== undefined && birth !== undefined && stand !== "ended";
  const keeps = (stand === "live" && moving === undefined) || mayKeep(visit);
  if (isSession && keeps) return id + birth;
  return new SessionError("no-session", "boundTo has no id before its first `set`; there is nothing to bind to.");
}
