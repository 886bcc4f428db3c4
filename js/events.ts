// What happened, told to `onEvent` without secrets.

import type { SessionErrorCode } from "./errors.ts";

interface EventBase<Name extends string, Level extends "debug" | "info" | "warning" | "error"> {
  readonly name: Name;
  readonly level: Level;
  /** A salted hash of the session's id, 8 bytes as hex. */
  readonly session?: string;
}

/** Why a cookie of our name was not believed. */
export type CookieRejection = "malformed" | "unknown-key" | "unauthentic" | "expired" | "ambiguous";

/** What happened, without any id, key, cookie or value. More fields may come; a `name` keeps its meaning. */
export type SessionEvent =
  | EventBase<"session-loaded" | "session-created" | "session-renewed" | "session-regenerated" | "session-destroyed" | "session-gone", "debug">
  | (EventBase<"session-committed", "debug"> & { readonly tries: number; readonly durationMs: number; readonly bytes: number })
  | (EventBase<"conflict-replayed", "info"> & { readonly tries: number })
  | (EventBase<"cookie-rejected", "warning"> & { readonly reason: CookieRejection })
  | EventBase<"old-secret-seen", "info">
  | (EventBase<"cookie-withheld", "warning"> & { readonly reason: "consent" | "error-response" })
  | EventBase<"secure-cookie-over-http", "warning">
  | (EventBase<"record-rejected", "error"> & { readonly code: SessionErrorCode })
  // A call of the store; or a commit that nobody awaits: `operation` is then "commit", and `code` "core-failed" where the
  // application's own `update` or `consent` threw.
  | (EventBase<"store-failed", "error"> & {
      readonly code: SessionErrorCode;
      readonly operation: string;
      readonly durationMs: number;
      readonly tries: number;
    })
  | EventBase<"breaker-opened" | "core-restarted", "error">
  | EventBase<"breaker-closed", "info">
  | (EventBase<"option-warning", "warning"> & { readonly option: string });

/** What a developer is to do about a cookie that never comes back. */
const overHttp =
  'Browsers drop a Secure cookie that comes over http from another machine. Use https, or for development cookie: { name: "session", secure: false }.';

/** Writes warnings and errors to the console; what `onEvent` is when nothing is given. */
export function toConsole(event: SessionEvent): void {
  if (event.level === "error") console.error("edge-session", event);
  else if (event.name === "secure-cookie-over-http") console.warn("edge-session", event, overHttp);
  else if (event.level === "warning") console.warn("edge-session", event);
}
