// One bounded call to an endpoint: budget, retry, codes.

import { Breaker } from "./breaker.ts";
import { SessionError, type SessionErrorCode } from "./errors.ts";
import { type Effort, Failure, lostConnection, noteEffort, refused, refusedByStatus, storeError } from "./failure.ts";
import type { StoreIo } from "./store.ts";

/** How long calls may take, and whether a dead endpoint is left alone for a while. */
export interface Limits {
  readonly operationTimeoutMs: number;
  readonly retryTimeoutMs: number;
  readonly circuitBreaker: boolean;
}

/** What a call takes from the platform; tests bring their own. */
export interface Platform {
  now(): number;
  /** Calls `act` once, later; gives what cancels it. */
  after(milliseconds: number, act: () => void): () => void;
  fetch(url: string, init: RequestInit): Promise<Response>;
}

/** What is sent, and how the answer is understood. */
export interface Exchange<Value> {
  readonly url: string;
  readonly init: { readonly method: string; readonly headers: Record<string, string>; readonly body: string };
  /** A write whose earlier try got no answer may have been carried out, whatever a later try says. */
  readonly writes: boolean;
  /** Reads the body of a 2xx answer; throws a `SessionError` where it is not an answer. */
  readonly read: (text: string) => Value;
  /** The code for what the body of another answer says, if it says anything known. */
  readonly refusal: (text: string) => SessionErrorCode | undefined;
}

/** An answer; `lost` says that an earlier try got none and may have been carried out. */
export interface Answer<Value> {
  readonly value: Value;
  readonly lost: boolean;
}

/** A call whose caller may have set a limit of its own, and that may say how many milliseconds its budget has left. */
interface CallerIo extends StoreIo {
  readonly caller?: AbortSignal | undefined;
  left?(): number;
}

// A record of 1 MiB is ASCII without control characters but the newline: escaped in JSON it at most doubles.
const MAX_ANSWER_BYTES = 2 * 1_048_576 + 4096;
const FIRST_WAIT_MS = 20;
const NEXT_WAIT_MS = 1000;
/** How long the rest of a refusal is waited for. */
const DRAIN_MS = 50;

const runtime: Platform = {
  now: () => Date.now(),
  after(milliseconds, act) {
    const timer = setTimeout(act, milliseconds);
    return () => clearTimeout(timer);
  },
  fetch: (url, init) => fetch(url, init),
};

/** An endpoint over HTTP: every call ends within `operationTimeoutMs` + `retryTimeoutMs`, with one typed error. */
export class Endpoint {
  readonly #limits: Limits;
  readonly #platform: Platform;
  readonly #breaker: Breaker;

  constructor(limits: Limits, platform: Platform = runtime) {
    this.#limits = limits;
    this.#platform = platform;
    this.#breaker = new Breaker();
  }

  /** Whether calls are refused at once because the last ones failed. */
  get isOpen(): boolean {
    return this.#limits.circuitBreaker && this.#breaker.isOpen;
  }

  /** Sends and reads; tries again as the limits allow, where the failure does. */
  async call<Value>(exchange: Exchange<Value>, io: StoreIo): Promise<Answer<Value>> {
    const effort: Effort = { tries: 0, retryAfterMs: 0 };
    try {
      throwIfAborted(io.signal);
      return await this.#repeat(exchange, io, effort);
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
      // A budget that ran out while the endpoint was silent is no answer either; a caller's own limit says nothing of it.
      if (effort.tries > 0 && io.signal.aborted && !(io as CallerIo).caller?.aborted) this.#breaker.failed(this.#platform.now());
      throw noteEffort(error, effort);
    }
  }

  async #repeat<Value>(exchange: Exchange<Value>, io: StoreIo, effort: Effort): Promise<Answer<Value>> {
    const { operationTimeoutMs, retryTimeoutMs, circuitBreaker } = this.#limits;
    const began = this.#platform.now();
    // One try alone decides whether a dead endpoint is alive again.
    const retryMs = circuitBreaker && this.#breaker.admit(began) === "probe" ? 0 : retryTimeoutMs;
    let unanswered: SessionError | undefined;
    let last = retryMs === 0;
    for (;;) {
      const rest = operationTimeoutMs + retryMs - Math.max(0, this.#platform.now() - began);
      effort.tries++;
      const outcome = await this.#attempt(exchange, Math.max(1, Math.min(operationTimeoutMs, rest)), io);
      const now = this.#platform.now();
      if (!(outcome instanceof Failure)) {
        this.#breaker.answered();
        return { value: outcome.value, lost: unanswered !== undefined };
      }
      effort.retryAfterMs = outcome.retryAfter(now);
      const mayRepeat = !last && outcome.isRetryable;
      const wait = mayRepeat ? waitBefore(effort, Math.max(0, now - began), retryMs, operationTimeoutMs) : undefined;
      // A wait that outlasts the budget would only make a timeout of what is known already.
      if (wait === undefined || wait.milliseconds >= ((io as CallerIo).left?.() ?? Number.POSITIVE_INFINITY)) {
        if (outcome.isOutage) this.#breaker.failed(now);
        else this.#breaker.answered();
        throw exchange.writes && !outcome.isUnanswered ? (unanswered ?? outcome.error) : outcome.error;
      }
      if (outcome.isUnanswered) unanswered = outcome.error;
      await this.#pause(wait.milliseconds, io.signal);
      last = wait.isLast;
    }
  }

  /** One try. Ends in time even where the runtime's fetch ignores its signal; throws only what the caller's signal says. */
  async #attempt<Value>(exchange: Exchange<Value>, milliseconds: number, io: StoreIo): Promise<{ value: Value } | Failure> {
    throwIfAborted(io.signal);
    const controller = new AbortController();
    let cancelTimer = () => {};
    let stopListening = () => {};
    const ended = new Promise<Failure>((resolve, reject) => {
      cancelTimer = this.#platform.after(milliseconds, () => resolve(new Failure(storeError("timeout"), { retry: true, unanswered: true })));
      stopListening = onAbort(io.signal, reject);
    });
    let isComplete = false;
    try {
      const completed = this.#send(exchange, controller.signal).finally(() => {
        isComplete = true;
      });
      return await Promise.race([completed, ended]);
    } finally {
      cancelTimer();
      stopListening();
      if (!isComplete) controller.abort();
    }
  }

  /** Never rejects: what goes wrong on the way is a `Failure`. */
  async #send<Value>(exchange: Exchange<Value>, signal: AbortSignal): Promise<{ value: Value } | Failure> {
    let response: Response;
    try {
      response = await this.#platform.fetch(exchange.url, { ...exchange.init, redirect: "manual", signal });
    } catch (error) {
      return lostConnection(error, false);
    }
    try {
      // No other success is one of these endpoints': what stands between may have made it up.
      if (response.status === 200) return { value: exchange.read(await readText(response)) };
      if (response.status < 400) {
        dropBody(response);
        return new Failure(storeError("store-protocol", `status ${response.status}`), {});
      }
      const failure = refusedByStatus(response);
      if (failure === undefined) return refused(response, exchange.refusal(await readText(response).catch(() => "")));
      // The body is not needed, and may never come.
      await this.#drain(response);
      return failure;
    } catch (error) {
      if (!(error instanceof SessionError)) return lostConnection(error, true);
      return new Failure(error, { retry: error.code === "store-unavailable" || error.code === "store-throttled" });
    }
  }

  /** Reads what is left for a moment, so that the next call finds the connection free, and cuts it off then. */
  async #drain(response: Response): Promise<void> {
    const reader = response.body?.getReader();
    const cancelTimer = this.#platform.after(DRAIN_MS, () => reader?.cancel().catch(() => {}));
    try {
      while (reader !== undefined && !(await reader.read()).done);
    } catch {
      // The status has said it all.
    }
    cancelTimer();
  }

  #pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      throwIfAborted(signal);
      const cancelTimer = this.#platform.after(milliseconds, () => {
        stopListening();
        resolve();
      });
      const stopListening = onAbort(signal, (reason) => {
        cancelTimer();
        reject(reason);
      });
    });
  }
}

/** The Azure rule: 20 ms after the first failure, then every second, then once more at the deadline; `undefined` gives up. */
function waitBefore(effort: Effort, passed: number, retryMs: number, operationMs: number): { milliseconds: number; isLast: boolean } | undefined {
  const { tries, retryAfterMs } = effort;
  // What the endpoint asks for is kept where half of the last try's time is left after it.
  if (retryAfterMs > 0 && passed + retryAfterMs > retryMs + operationMs / 2) return undefined;
  const step = Math.max(tries === 1 ? FIRST_WAIT_MS : NEXT_WAIT_MS, retryAfterMs);
  // Tries are counted too, as the clock may be set back.
  if (passed + step < retryMs && tries <= 1 + retryMs / NEXT_WAIT_MS) return { milliseconds: step, isLast: false };
  return { milliseconds: Math.max(retryMs - passed, retryAfterMs, 0), isLast: true };
}

/** Reads strict UTF-8, a byte order mark included, up to the cap. */
async function readText(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    length += value?.byteLength ?? 0;
    if (length > MAX_ANSWER_BYTES) {
      reader.cancel().catch(() => {});
      throw storeError("store-protocol", "too long");
    }
    try {
      text += done ? decoder.decode() : decoder.decode(value, { stream: true });
    } catch {
      reader.cancel().catch(() => {});
      throw storeError("store-protocol", "not UTF-8");
    }
    if (done) return text;
  }
}

function dropBody(response: Response): void {
  response.body?.cancel().catch(() => {});
}

function onAbort(signal: AbortSignal, act: (reason: unknown) => void): () => void {
  const listener = () => act(abortReason(signal));
  signal.addEventListener("abort", listener, { once: true });
  return () => signal.removeEventListener("abort", listener);
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw abortReason(signal);
}

/** A used-up budget is our `timeout`; what a caller cancelled with goes back to the caller as it is. */
function abortReason(signal: AbortSignal): unknown {
  const reason: unknown = signal.reason;
  return (Object(reason) as { name?: unknown }).name === "TimeoutError" ? storeError("timeout") : reason;
}
