// Time and randomness that a test decides.

interface Timer {
  readonly at: number;
  /** Whether it ends a wait; others end patience. */
  readonly isWait: boolean;
  readonly run: () => void;
}

/** The instant at which every run begins, in unix milliseconds. */
export const START = Date.UTC(2026, 0, 1);

const turn = setImmediate;
let now = START;
let timers = new Map<number, Timer>();
let lastTimer = 0;
let draw: () => number = seeded(1);

/** Puts virtual time and seeded randomness under everything in this process, the package included. */
export function takeOverTime(): void {
  replace(Date, "now", () => now);
  replace(globalThis, "setTimeout", (run: () => void, milliseconds = 0) => later(run, milliseconds, true));
  replace(globalThis, "clearTimeout", (timer: number) => timers.delete(timer));
  replace(AbortSignal, "timeout", abortedAfter);
  replace(crypto, "getRandomValues", fill);
  replace(Math, "random", () => draw());
}

/** Begins a run: no timer is left, and the randomness is the seed's. */
export function beginTime(seed: number): void {
  now = START;
  timers = new Map();
  draw = seeded(seed);
}

/** Lets milliseconds pass; timers that are due run in their order. */
export function passTime(milliseconds: number): void {
  const end = now + milliseconds;
  for (let due = next(); due !== undefined && due[1].at <= end; due = next()) {
    timers.delete(due[0]);
    now = Math.max(now, due[1].at);
    due[1].run();
  }
  now = end;
}

/** Lets the time pass until the next timer has run; false when there is none. */
export function passToNextTimer(): boolean {
  const due = next();
  if (due !== undefined) passTime(Math.max(0, due[1].at - now));
  return due !== undefined;
}

/** Says whether anybody waits for time to pass, and not only loses patience. */
export function waits(): boolean {
  for (const { isWait } of timers.values()) if (isWait) return true;
  return false;
}

/** Waits until every promise that can go on has gone on: the engine empties its microtasks before each turn. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => {
    turn(resolve);
  });
}

/** Gives numbers from 0 below 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function next(): [number, Timer] | undefined {
  let first: [number, Timer] | undefined;
  for (const entry of timers) if (first === undefined || entry[1].at < first[1].at) first = entry;
  return first;
}

function later(run: () => void, milliseconds: number, isWait: boolean): number {
  lastTimer += 1;
  timers.set(lastTimer, { at: now + milliseconds, isWait, run });
  return lastTimer;
}

function abortedAfter(milliseconds: number): AbortSignal {
  const controller = new AbortController();
  later(() => controller.abort(new DOMException("The time is up.", "TimeoutError")), milliseconds, false);
  return controller.signal;
}

function fill(bytes: Uint8Array): Uint8Array {
  for (let at = 0; at < bytes.length; at++) bytes[at] = Math.floor(draw() * 256);
  return bytes;
}

function replace(owner: object, name: string, value: unknown): void {
  Object.defineProperty(owner, name, { value, configurable: true, writable: true });
}
