// What is answered for a store that failed.

import { SessionError } from "./errors.ts";
import { effortBefore } from "./failure.ts";

/** Nobody is sent away for longer than an hour, whatever stands before the store says; in seconds. */
const longestWait = 3600;

/** Gives a 503 for a failure of the store that the handler did not catch; `undefined` for any other error. */
export function answerToOutage(error: unknown): Response | undefined {
  if (!(error instanceof SessionError) || !isStoreFailure(error.code)) return undefined;
  const seconds = Math.min(Math.max(Math.ceil(effortBefore(error).retryAfterMs / 1000), 1), longestWait);
  const headers = { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store", "Retry-After": String(seconds) };
  return new Response("The service is not available at the moment. Please try again.\n", { status: 503, headers });
}

/** Says whether the store, or the way to it, is what failed. */
function isStoreFailure(code: string): boolean {
  return code === "timeout" || code === "commit-ambiguous" || code.startsWith("store-");
}
