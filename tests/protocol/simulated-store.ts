// A store whose calls are answered when a schedule says so.

import { type Conflict, type Exists, SessionError, type Store, type StoreCapabilities, type StoreIo } from "edge-session";

/** An operation of the store contract, or `pause`: a handler that waits for something else. */
export type Operation = "load" | "create" | "update" | "replace" | "refresh" | "remove" | "put" | "lock" | "unlock" | "pause";
/** What a call brings. */
export type Answer = string | null | undefined | Exists | Conflict;

/** What a call asks for. */
export interface Asked {
  readonly operation: Operation;
  readonly key: string;
  readonly text: string;
  /** The revision that must be there; of a lock, its token. */
  readonly expected: string;
  readonly seconds: number;
}

/** A call under way. */
export interface Call<Caller> extends Asked {
  readonly caller: Caller;
  /** Tries that the store made so far. */
  tries: number;
  /** Whether an earlier try may have been carried out unanswered. */
  lost: boolean;
  /** The answer, where it is on its way back. */
  answer: { readonly value: Answer } | undefined;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

interface Entry {
  readonly text: string;
  readonly expiresAt: number;
}

const CAPABILITIES: StoreCapabilities = { compareAndSet: true, locks: true, slides: "on-load", minTtlSeconds: 1, consistency: "strong" };

/** The records, and the calls that wait for a schedule. */
export class SimulatedStore<Caller> {
  readonly waiting: Call<Caller>[] = [];
  /** Calls that nobody waits for any more, and that may still arrive. */
  readonly stuck: Call<Caller>[] = [];
  /** Is told of a record whose time was over. */
  onExpired: (key: string, text: string) => void = () => {};
  readonly #entries = new Map<string, Entry>();
  readonly #clock: () => number;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Puts a record there, as if an earlier request had. */
  plant(key: string, text: string, seconds: number): void {
    this.#entries.set(key, { text, expiresAt: this.#clock() + seconds * 1000 });
  }

  /** Ends the time of a record. */
  expire(key: string): void {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    if (entry !== undefined) this.onExpired(key, entry.text);
  }

  /** Gives what is there now. */
  read(key: string): string | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#clock() < entry.expiresAt) return entry?.text;
    this.expire(key);
    return undefined;
  }

  /** Gives the keys of everything that is there now. */
  keys(): string[] {
    return [...this.#entries.keys()].filter((key) => this.read(key) !== undefined);
  }

  /** Takes a call; it waits. */
  ask(caller: Caller, asked: Asked): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ ...asked, caller, tries: 0, lost: false, answer: undefined, resolve, reject });
    });
  }

  /** Carries a call out. */
  apply(call: Asked): Answer {
    const { operation, key, text, seconds } = call;
    const there = this.read(key);
    switch (operation) {
      case "load":
        if (there !== undefined && seconds > 0) this.plant(key, there, seconds);
        return there ?? null;
      case "create":
        if (there !== undefined) return revisionOf(there) === revisionOf(text) ? "done" : { exists: there };
        this.plant(key, text, seconds);
        return "done";
      case "update":
        return this.#update(call, there);
      case "replace":
        if (there === undefined) return "gone";
        this.plant(key, text, seconds);
        return "done";
      case "refresh":
        if (there !== undefined) this.plant(key, there, seconds);
        return undefined;
      case "remove":
        this.#entries.delete(key);
        return undefined;
      case "put":
        this.plant(key, text, seconds === 0 ? Number.POSITIVE_INFINITY : seconds);
        return undefined;
      case "lock":
        if (there !== undefined) return there === call.expected ? "done" : "held";
        this.plant(key, call.expected, seconds);
        return "done";
      case "unlock":
        if (there === call.expected) this.#entries.delete(key);
        return undefined;
      case "pause":
        return undefined;
    }
  }

  /** Answers a call. */
  reply(call: Call<Caller>, value: Answer): void {
    this.#end(call);
    const isConflict = typeof value === "object" && value !== null && "conflict" in value;
    call.resolve(isConflict && call.lost ? { ...value, lost: true } : value);
  }

  /** Loses a try of a call: the store tries again, or gives up. */
  lose(call: Call<Caller>, repeats: number): void {
    call.tries += 1;
    call.lost = true;
    if (call.tries <= repeats) return;
    this.#end(call);
    call.reject(new SessionError("timeout", "the store did not answer in time."));
  }

  /** Leaves a call unanswered; it may still arrive. */
  forget(call: Call<Caller>): void {
    this.#end(call);
    this.stuck.push(call);
  }

  #end(call: Call<Caller>): void {
    this.waiting.splice(this.waiting.indexOf(call), 1);
  }

  #update({ key, text, expected, seconds }: Asked, there: string | undefined): Answer {
    if (there === undefined) return "gone";
    if (revisionOf(there) === revisionOf(text)) return "done";
    if (revisionOf(there) !== expected) return { conflict: there };
    this.plant(key, text, seconds);
    return "done";
  }
}

/** The store as one caller's sessions see it. */
export class Door<Caller> implements Store {
  readonly name = "simulated";
  readonly capabilities = CAPABILITIES;
  store: SimulatedStore<Caller> | undefined;
  caller: Caller | undefined;

  load(key: string, seconds: number): Promise<string | null> {
    return this.#ask({ operation: "load", key, text: "", expected: "", seconds });
  }
  create(key: string, text: string, seconds: number): Promise<"done" | Exists> {
    return this.#ask({ operation: "create", key, text, expected: "", seconds });
  }
  update(key: string, text: string, expected: string, seconds: number, _io: StoreIo): Promise<"done" | "gone" | Conflict> {
    return this.#ask({ operation: "update", key, text, expected, seconds });
  }
  replace(key: string, text: string, seconds: number): Promise<"done" | "gone"> {
    return this.#ask({ operation: "replace", key, text, expected: "", seconds });
  }
  refresh(key: string, seconds: number): Promise<void> {
    return this.#ask({ operation: "refresh", key, text: "", expected: "", seconds });
  }
  remove(key: string): Promise<void> {
    return this.#ask({ operation: "remove", key, text: "", expected: "", seconds: 0 });
  }
  put(key: string, text: string, seconds: number): Promise<void> {
    return this.#ask({ operation: "put", key, text, expected: "", seconds });
  }
  lock(key: string, token: string, ttlMs: number): Promise<"done" | "held"> {
    return this.#ask({ operation: "lock", key, text: "", expected: token, seconds: ttlMs / 1000 });
  }
  unlock(key: string, token: string): Promise<void> {
    return this.#ask({ operation: "unlock", key, text: "", expected: token, seconds: 0 });
  }

  // What nobody reads is `undefined` here and nothing in the contract.
  #ask<T>(asked: Asked): Promise<T> {
    if (this.store === undefined || this.caller === undefined) throw new Error("nobody stands behind this door");
    return this.store.ask(this.caller, asked) as Promise<T>;
  }
}

function revisionOf(text: string): string {
  return text.slice(3, 19);
}
