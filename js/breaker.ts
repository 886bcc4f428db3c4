// Leaves an endpoint alone for a while after it failed.

import { storeError } from "./failure.ts";

const FAILURES = 5;
const OPEN_MS = 1000;

/**
 * After 5 calls in a row that got no answer, or that the store cannot serve now, asks once a second. Plain numbers: a call that the runtime
 * drops leaves nothing stuck.
 */
export class Breaker {
  #failures = 0;
  #nextProbe = 0;

  /** Whether calls are refused at once. */
  get isOpen(): boolean {
    return this.#failures >= FAILURES;
  }

  /** Lets a call through, or throws; a probe is the one call that decides. */
  admit(now: number): "call" | "probe" {
    if (!this.isOpen) return "call";
    const rest = this.#nextProbe - now;
    // A rest above a second is a clock that was set back.
    if (rest > 0 && rest <= OPEN_MS) throw storeError("store-unavailable", "not asked: its last calls failed");
    this.#nextProbe = now + OPEN_MS;
    return "probe";
  }

  /** A call ended without an answer. */
  failed(now: number): void {
    this.#failures++;
    this.#nextProbe = now + OPEN_MS;
  }

  /** The endpoint is alive, whatever it said. */
  answered(): void {
    this.#failures = 0;
  }
}
