// What happens to calls between a request and the store.

import type { Course } from "./course.ts";
import type { History } from "./history.ts";
import type { Answer, Call, SimulatedStore } from "./simulated-store.ts";
import type { Trace } from "./trace.ts";

/** What may happen to calls and answers; numbers are how often at most. */
export interface Weather {
  /** A try is lost, before or after it was carried out. */
  readonly faults?: number;
  /** Whether loads are lost too. */
  readonly losesLoads?: boolean;
  /** A try is lost, and arrives later. */
  readonly delays?: number;
  /** A call is never answered, and may arrive later. */
  readonly hangs?: number;
  /** The time of a record ends. */
  readonly expiries?: number;
  /** How often the store itself repeats a lost try. */
  readonly repeats?: number;
  /** Milliseconds that pass at most with each step. */
  readonly lagMs?: number;
  /** Whether answers of the store are steps of their own. */
  readonly slowReplies?: boolean;
  /** Whether answers to browsers are steps of their own. */
  readonly slowAnswers?: boolean;
  /** An answer never reaches its browser. */
  readonly lostAnswers?: number;
}

/** The calls under way, and the steps that each may take next. */
export class Network {
  readonly #weather: Weather;
  readonly #store: SimulatedStore<Course>;
  readonly #history: History;
  readonly #trace: Trace;
  readonly #left: { faults: number; delays: number; hangs: number; expiries: number };

  constructor(weather: Weather, store: SimulatedStore<Course>, history: History, trace: Trace) {
    const { faults = 0, delays = 0, hangs = 0, expiries = 0 } = weather;
    this.#weather = weather;
    this.#left = { faults, delays, hangs, expiries };
    this.#store = store;
    this.#history = history;
    this.#trace = trace;
  }

  /** Whether every call is answered, once. */
  get losesNothing(): boolean {
    const { faults = 0, delays = 0, hangs = 0 } = this.#weather;
    return faults + delays + hangs === 0;
  }

  /** Adds the steps that are possible now. */
  addSteps(steps: (() => void)[]): void {
    for (const call of this.#store.waiting) this.#addStepsOf(call, steps);
    for (let at = 0; at < this.#store.stuck.length; at++) steps.push(() => this.#arrive(at));
    if (this.#left.expiries === 0) return;
    for (const key of this.#store.keys()) if (this.#store.read(key)?.startsWith("1j.")) steps.push(() => this.#expire(key));
  }

  /** Lets everything arrive that is still stuck. */
  arriveAll(): void {
    while (this.#store.stuck.length > 0) this.#arrive(0);
  }

  #addStepsOf(call: Call<Course>, steps: (() => void)[]): void {
    const { slowReplies = false, losesLoads = false } = this.#weather;
    const { answer, operation } = call;
    if (answer !== undefined) {
      steps.push(() => this.#store.reply(call, answer.value));
      return;
    }
    steps.push(() => {
      const value = this.#apply(call, "");
      if (slowReplies) call.answer = { value };
      else this.#store.reply(call, value);
    });
    if (operation === "pause" || (operation === "load" && !losesLoads)) return;
    if (this.#left.faults > 0)
      steps.push(
        () => this.#lose(call, true),
        () => this.#lose(call, false),
      );
    if (this.#left.delays > 0 && operation !== "load") steps.push(() => this.#delay(call));
    if (this.#left.hangs > 0) steps.push(() => this.#hang(call));
  }

  #apply(call: Call<Course>, how: string): Answer {
    const before = this.#store.read(call.key);
    const value = this.#store.apply(call);
    if (call.operation === "pause") return value;
    if (call.tries === 0) call.caller.calls.push(call.operation);
    this.#trace.call(call.caller.plan.name, call, value, how);
    this.#history.applied(call.caller, call, before, value);
    return value;
  }

  #lose(call: Call<Course>, arrives: boolean): void {
    this.#left.faults -= 1;
    if (arrives) this.#apply(call, ", REPLY LOST");
    else this.#missed(call, "never arrives");
    call.caller.unanswered = call.tries >= (this.#weather.repeats ?? 1);
    this.#store.lose(call, this.#weather.repeats ?? 1);
  }

  #delay(call: Call<Course>): void {
    this.#left.delays -= 1;
    this.#store.stuck.push({ ...call });
    this.#missed(call, "is stuck in the network");
    call.caller.unanswered = call.tries >= (this.#weather.repeats ?? 1);
    this.#store.lose(call, this.#weather.repeats ?? 1);
  }

  #hang(call: Call<Course>): void {
    this.#left.hangs -= 1;
    this.#missed(call, "is never answered");
    call.caller.unanswered = true;
    this.#store.forget(call);
  }

  /** Notes a try that the store did not see, and what it would have stored. */
  #missed(call: Call<Course>, how: string): void {
    if (call.tries === 0) call.caller.calls.push(call.operation);
    if (call.text.startsWith("1j.")) call.caller.written = call.text.slice(20, 36);
    this.#trace.call(call.caller.plan.name, call, undefined, ` ${how}`);
  }

  #arrive(at: number): void {
    const [call] = this.#store.stuck.splice(at, 1);
    if (call === undefined) return;
    const { written } = call.caller;
    this.#apply({ ...call, tries: call.tries + 1 }, ", LATE");
    call.caller.written = written;
  }

  #expire(key: string): void {
    this.#left.expiries -= 1;
    this.#trace.call("time", { operation: "remove", key, text: "", expected: "", seconds: 0 }, undefined, ", ITS TIME IS OVER");
    this.#store.expire(key);
    // No network keeps a call for as long as a record lives.
    this.#store.stuck.length = 0;
  }
}
