// The one error class of the package, and its codes.

/**
 * What went wrong, as a stable text.
 *
 * Nothing that a stranger's cookie can cause is an error: such a request has no session, and `onEvent` says why.
 */
export type SessionErrorCode =
  /** An option, or an argument, is not allowed; the message names each, never its value. */
  | "invalid-options"
  /** An accessor was used before `await session.load()`. */
  | "not-loaded"
  /** There is no session to do this to. */
  | "no-session"
  /** The session was loaded `readOnly`. */
  | "read-only"
  /** The response is made; what was asked for could no longer reach it. */
  | "response-started"
  /** The value would not come back equal from the store; the message names the path inside it. */
  | "value-not-serializable"
  /** The record would be longer than `maxRecordBytes`; what is stored stays. */
  | "record-too-large"
  /** The cookies would be longer than a browser keeps. */
  | "cookie-too-large"
  /** The store did not answer in time. */
  | "timeout"
  /** The store could not be reached, or said that it cannot serve now. */
  | "store-unavailable"
  /** The store refused our credentials or our rights. */
  | "store-auth"
  /** The store asked for fewer calls. */
  | "store-throttled"
  /** The store is full, or a quota is used up. */
  | "store-quota"
  /** The store's answer has a shape that it must not have. */
  | "store-protocol"
  /** The store understood the command and refused it. */
  | "store-rejected"
  /** What is stored is not a record; it is kept. */
  | "record-corrupt"
  /** What is stored was written by a version, or with a feature, that this one does not have; it is kept. */
  | "record-unsupported"
  /** Other requests changed the session first, for as long as `ioTimeoutMs` allowed. */
  | "conflict"
  /** The session ended while this request ran; nothing was re-created. */
  | "destroyed"
  /** Nobody can say whether the commit was stored; it was not repeated. */
  | "commit-ambiguous"
  /** The compiled core failed; the next call has a fresh one. */
  | "core-failed";

/**
 * Every error of this package.
 *
 * `code` is stable; `message` is for people; `cause` is what lay below. None of them holds a secret, token, id, key or value.
 */
export class SessionError extends Error {
  /** What went wrong. */
  readonly code: SessionErrorCode;
  override readonly name = "SessionError";

  constructor(code: SessionErrorCode, message: string, options?: { cause?: unknown }) {
    super(`session: ${message}`, options);
    this.code = code;
  }
}
