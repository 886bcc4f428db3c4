// The options that every store over HTTP has.

import { SessionError } from "../errors.ts";
import type { Limits } from "../http.ts";

/** Options of a store over HTTP. `undefined` is the default. */
export interface HttpStoreOptions {
  /** The endpoint, without credentials in it: `https:`, or `http:` to this machine. */
  url: string;
  /**
   * How long one try may take, in whole milliseconds, 1 to 600,000. Raise it for a store that is far away; a dead one then holds a request longer.
   * @default 1000
   */
  operationTimeoutMs?: number | undefined;
  /**
   * How long a failed call is tried again, in whole milliseconds, 0 to 600,000: after 20 ms, then every second, then once more; 0 is never.
   * @default 1000
   */
  retryTimeoutMs?: number | undefined;
  /**
   * Whether the store is left alone for a second after five calls in a row got no answer, or that it cannot serve now. Costs nothing while it answers.
   * @default true
   */
  circuitBreaker?: boolean | undefined;
  /**
   * Allows `http:` to another machine. Whoever can read that network then reads every record and the credentials.
   * @default false
   */
  allowInsecureHttp?: boolean | undefined;
}

/** What the options mean, once nothing is wrong with them. */
export interface CheckedHttpOptions {
  readonly url: URL;
  readonly limits: Limits;
}

const LONGEST_MS = 600_000;

/** Throws one error that names every problem, those found by the store itself included; never a value. */
export function checkHttpOptions(store: string, options: HttpStoreOptions, storeProblems: readonly string[]): CheckedHttpOptions {
  const { operationTimeoutMs = 1000, retryTimeoutMs = 1000, circuitBreaker = true, allowInsecureHttp = false } = options;
  const problems: string[] = [];
  const url = checkUrl(options.url, allowInsecureHttp === true, problems);
  problems.push(...storeProblems);
  if (!isWhole(operationTimeoutMs, 1, LONGEST_MS)) problems.push(`operationTimeoutMs: must be whole milliseconds, 1 to ${LONGEST_MS}`);
  if (!isWhole(retryTimeoutMs, 0, LONGEST_MS)) problems.push(`retryTimeoutMs: must be whole milliseconds, 0 to ${LONGEST_MS}`);
  if (typeof circuitBreaker !== "boolean") problems.push("circuitBreaker: must be true or false");
  if (typeof allowInsecureHttp !== "boolean") problems.push("allowInsecureHttp: must be true or false");
  if (url === undefined || problems.length > 0) throw new SessionError("invalid-options", `${store}: ${problems.join("; ")}`);
  return { url, limits: { operationTimeoutMs, retryTimeoutMs, circuitBreaker } };
}

/** Whether a value is a whole number within the bounds. */
export function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}

/** Whether a value is an object that options can be read from. */
export function isOptions(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function checkUrl(text: unknown, allowInsecureHttp: boolean, problems: string[]): URL | undefined {
  const url = typeof text === "string" ? parseUrl(text) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:")) {
    problems.push("url: must be a whole url that begins with https:// (or http:// to this machine)");
    return undefined;
  }
  if (url.username !== "" || url.password !== "") problems.push("url: must hold no credentials; give them as options of their own");
  if (url.search !== "" || url.hash !== "") problems.push("url: must have neither a query nor a fragment");
  if (url.protocol === "http:" && !allowInsecureHttp && !isLoopback(url.hostname)) {
    problems.push("url: http: is for this machine only; write https:, or set allowInsecureHttp");
  }
  return url;
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** The host as `URL` writes it: IPv4 in four decimals, IPv6 shortest in brackets. */
function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
