// One call to the store, within the caller's time.

import { SessionError } from "./errors.ts";
import { effortBefore } from "./failure.ts";
import { isOpen, type StoreIo } from "./store.ts";
import { storeError, tell, type Visit } from "./visit.ts";

/** What runtimes' timers take, in milliseconds; 24 days. */
const longestTimer = 2 ** 31 - 1;

/** The time that one load or one commit has, with the caller's signal; its own signal is made when a store asks for it. Its fields are only declared: a class defines each before its constructor runs, at the cost of a call. */
export class Budget implements StoreIo {
  /** `Date.now()` at which it began. */
  declare readonly began: number;
  /** `Date.now()` at which it ends. */
  declare readonly until: number;
  declare readonly caller: AbortSignal | undefined;
  declare private made: AbortSignal | undefined;

  constructor(milliseconds: number, caller: AbortSignal | undefined) {
    caller?.throwIfAborted();
    this.began = Date.now();
    this.until = this.began + milliseconds;
    this.caller = caller;
  }

  get signal(): AbortSignal {
    this.made ??= signalOf(this);
    return this.made;
  }

  /** Milliseconds that are left. */
  left(): number {
    return Math.max(0, this.until - Date.now());
  }
}

/** Makes the signal of what is left. */
function signalOf(budget: Budget): AbortSignal {
  const { caller } = budget;
  if (budget.until === Number.POSITIVE_INFINITY) return caller ?? new AbortController().signal;
  const timeout = AbortSignal.timeout(Math.min(Math.ceil(budget.left()), longestTimer));
  return caller === undefined ? timeout : AbortSignal.any([caller, timeout]);
}

/** Makes one call; what it throws becomes a `SessionError`, is told as an event, and is thrown on. */
export async function call<T>(visit: Visit, operation: string, budget: Budget, make: (io: StoreIo) => Promise<T>): Promise<T> {
  const started = Date.now();
  try {
    const answer = await inTime(visit, budget, make(budget));
    if (visit.settings.breakerOpen) tellBreaker(visit);
    return answer;
  } catch (thrown) {
    throw failure(visit, operation, budget, started, thrown);
  }
}

/** Tells what a call threw, and gives the error for it; a caller who gave up gets the own reason back. */
export function failure(visit: Visit, operation: string, budget: Budget, started: number, thrown: unknown): unknown {
  const error = storeError(thrown);
  // A store may know the caller's own time limit only as a signal of the budget, and say that its time is up.
  if (budget.caller?.aborted && (thrown === budget.caller.reason || error.code === "timeout")) return budget.caller.reason;
  const durationMs = Date.now() - started;
  tell(visit, { name: "store-failed", level: "error", code: error.code, operation, durationMs, tries: effortBefore(error).tries });
  tellBreaker(visit);
  return error;
}

/** Tells when the store begins to refuse to ask, and when it asks again. */
export function tellBreaker(visit: Visit): void {
  const { settings } = visit;
  const open = (settings.store as { [isOpen]?: boolean })[isOpen] === true;
  if (open === settings.breakerOpen) return;
  settings.breakerOpen = open;
  tell(visit, open ? { name: "breaker-opened", level: "error" } : { name: "breaker-closed", level: "info" });
}

/** Gives the answer itself where the store ends every call in time, else one that ends with the budget. */
export function inTime<T>(visit: Visit, budget: Budget, answer: Promise<T>): Promise<T> {
  return visit.settings.storeKeepsTime ? answer : raced(answer, budget);
}

/** Waits for a store that may not watch the clock itself. */
export async function raced<T>(answer: Promise<T>, budget: Budget): Promise<T> {
  const { signal } = budget;
  let stop: () => void = () => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(signal === budget.caller || budget.caller?.aborted ? signal.reason : late());
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([answer, stopped]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Waits, unless the time is up before. */
export async function wait(milliseconds: number, budget: Budget): Promise<boolean> {
  if (milliseconds >= budget.left()) return false;
  const { caller } = budget;
  await new Promise<void>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(caller?.reason as Error);
    };
    const timer = setTimeout(() => {
      caller?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    caller?.addEventListener("abort", stop, { once: true });
  });
  return true;
}

function late(): SessionError {
  return new SessionError("timeout", "the store did not answer in time. Its limit is ioTimeoutMs.");
}
