// Why a try at an endpoint gave no value, as one typed error.

import { SessionError, type SessionErrorCode } from "./errors.ts";

// Connection errors, as Node names them, after which nothing can have reached the endpoint.
const NEVER_SENT = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|\w*CERT\w*|ERR_TLS_\w+)$/;

/** Why a try gave no value, and whether another may. */
export class Failure {
  readonly error: SessionError;
  readonly isRetryable: boolean;
  /** Nobody knows whether what was asked has been done. */
  readonly isUnanswered: boolean;
  readonly #retryAfter: string | null;

  constructor(error: SessionError, about: { retry?: boolean; unanswered?: boolean; retryAfter?: string | null }) {
    this.error = error;
    this.isRetryable = about.retry ?? false;
    this.isUnanswered = about.unanswered ?? false;
    this.#retryAfter = about.retryAfter ?? null;
  }

  get isOutage(): boolean {
    return this.error.code === "timeout" || this.error.code === "store-unavailable";
  }

  /** RFC 9110 10.2.3: milliseconds from now; nonsense is 0. */
  retryAfter(now: number): number {
    const text = this.#retryAfter ?? "";
    if (/^\d+$/.test(text)) return Number(text) * 1000;
    if (/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return Math.max(0, Date.parse(text) - now) || 0;
    return 0;
  }
}

/** What was done for a call that failed. */
export interface Effort {
  /** How often it was sent. */
  tries: number;
  /** What the endpoint asked to be waited for last, in milliseconds; 0 where it did not say. */
  retryAfterMs: number;
}

// Beside the errors, not in them: whoever shows an error shows nothing of this.
const efforts = new WeakMap<object, Readonly<Effort>>();

/** Keeps what was done before an error; gives the error. */
export function noteEffort(error: SessionError, effort: Readonly<Effort>): SessionError {
  efforts.set(error, effort);
  return error;
}

/** What was done before an error; a store that says nothing of it made one try. */
export function effortBefore(error: unknown): Readonly<Effort> {
  return efforts.get(Object(error)) ?? ONE_TRY;
}

const ONE_TRY: Readonly<Effort> = { tries: 1, retryAfterMs: 0 };

/** The error for a code, with a detail of our own words; never a word of what was sent or answered. */
export function storeError(code: SessionErrorCode, detail?: string, options?: { cause?: unknown }): SessionError {
  const text = MESSAGES[code] ?? "the store failed";
  return new SessionError(code, detail === undefined ? text : `${text} (${detail})`, options);
}

const MESSAGES: { readonly [code in SessionErrorCode]?: string } = {
  timeout: "the store did not answer in time",
  "store-unavailable": "the store cannot be reached or cannot serve now",
  "store-auth": "the store refused our credentials or their rights. Check them, and what they allow",
  "store-throttled": "the store asks for fewer calls",
  "store-quota": "the store is full, or a quota of it is used up",
  "store-protocol": "the store gave an answer that is none. Check its url, and what stands between",
  "store-rejected": "the store refused the command",
};

/** An answer whose status says all; `undefined` where its text may say more. */
export function refusedByStatus(response: Response): Failure | undefined {
  const { status } = response;
  const detail = `status ${status}`;
  const retryAfter = response.headers.get("retry-after");
  if (status === 401 || status === 403) return new Failure(storeError("store-auth", detail), {});
  if (status === 429) return new Failure(storeError("store-throttled", detail), { retry: true, retryAfter });
  if (status === 408 || status === 425) return new Failure(storeError("store-unavailable", detail), { retry: true, retryAfter });
  return status === 413 ? new Failure(storeError("store-rejected", detail), {}) : undefined;
}

/** Any other answer that is no success; `said` is what its text was known to mean. */
export function refused(response: Response, said: SessionErrorCode | undefined): Failure {
  const { status } = response;
  const detail = `status ${status}`;
  const retryAfter = response.headers.get("retry-after");
  if (said !== undefined) {
    const retry = status >= 500 && (said === "store-unavailable" || said === "store-throttled");
    return new Failure(storeError(said, detail), { retry, retryAfter });
  }
  if (status >= 500) return new Failure(storeError("store-unavailable", detail), { retry: true, unanswered: true, retryAfter });
  return new Failure(storeError("store-protocol", detail), {});
}

/** A connection that could not be made or broke. Its error's text may hold the url, so only a code or a name is kept. */
export function lostConnection(error: unknown, wasSent: boolean): Failure {
  const { name, code, cause } = Object(error) as { name?: unknown; code?: unknown; cause?: unknown };
  const inner = (Object(cause) as { code?: unknown }).code;
  const reason = [inner, code, name].find((word): word is string => typeof word === "string" && /^[A-Za-z_]{1,40}$/.test(word));
  const failed = storeError("store-unavailable", undefined, reason === undefined ? undefined : { cause: reason });
  return new Failure(failed, { retry: true, unanswered: wasSent || reason === undefined || !NEVER_SENT.test(reason) });
}
