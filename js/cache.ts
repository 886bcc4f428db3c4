// The application's own values, beside the sessions.

import { Budget, call } from "./calls.ts";
import { SessionError } from "./errors.ts";
import type { Settings } from "./options.ts";
import type { Store, StoreIo } from "./store.ts";
import { valueFrom, valueText } from "./values.ts";
import { begin, keeperOf, tell, type Visit } from "./visit.ts";

/** How long an entry lives: until the nearer of both; without them for ever. More than 0, at most 100 years; fractions count, to the millisecond. */
export interface CacheTimes {
  /**
   * Seconds from now after which it is gone, whoever reads it.
   * @default none
   */
  absoluteExpirationSeconds?: number | undefined;
  /**
   * Seconds without a `get` or `refresh` after which it is gone, rounded up to the store's whole seconds.
   * @default none
   */
  slidingExpirationSeconds?: number | undefined;
}

/**
 * What all requests of the application share, kept by the same store: never put there what belongs to one user.
 *
 * What the store fails with is thrown, or with `throwOnError: false` an event: a `get` is then `undefined`, a `set` lost.
 */
export interface Cache {
  /**
   * Gives a value, each time a fresh one; `undefined` when there is none, or what is there is no entry. One call; for an
   * entry with a sliding time two, as reading renews it.
   * @throws {SessionError} `invalid-options`, what the store failed with
   */
  get<T = unknown>(key: string): Promise<T | undefined>;
  /**
   * Stores a value, a copy of it, over whatever is there: JSON, or a `Uint8Array`, of 1 MiB as text at most.
   * @throws {SessionError} `value-not-serializable`, `record-too-large`, `invalid-options`, what the store failed with
   */
  set(key: string, value: unknown, options?: CacheTimes): Promise<void>;
  /**
   * Gives the value, or makes and stores it. Callers that ask in the same turn of the event loop make it once; nothing
   * is shared between requests, so two of them may both make it. What `make` throws is thrown to all, and nothing is stored.
   * @throws {SessionError} as `get` and `set`
   */
  getOrSet<T>(key: string, make: () => T | Promise<T>, options?: CacheTimes): Promise<T>;
  /** Begins the sliding time anew, without reading the value. @throws {SessionError} as `get` */
  refresh(key: string): Promise<void>;
  /** Removes an entry; an absent one is removed already. @throws {SessionError} as `get` */
  remove(key: string): Promise<void>;
}

/** An entry that was read. Times are milliseconds, `Infinity` where there is none. */
interface Entry {
  readonly end: number;
  readonly sliding: number;
  readonly text: string;
  readonly value: unknown;
}

/** 100 years. */
const longestSeconds = 3_155_760_000;
/** As long as a record may be at most, which every store keeps. */
const longestEntry = 1_048_576;
/** How many microtasks after the first caller others may still join. */
const hopsToJoin = 10;
const header = /^1c\.(-|\d{1,16})\.(-|\d{1,16})\./;

/** The cache of one configuration. */
export class StoreCache implements Cache {
  readonly #settled: () => Settings;
  /** What is being found or made: the text of its value, by place. */
  readonly #making = new Map<string, Promise<string>>();
  /** A visit of nobody, through which calls are made and told of. */
  #visit: Visit | undefined;

  constructor(settled: () => Settings) {
    this.#settled = settled;
  }

  async get<T>(key: string): Promise<T | undefined> {
    return (await this.#find(this.#place(key)))?.value as T | undefined;
  }

  async set(key: string, value: unknown, options?: CacheTimes): Promise<void> {
    await this.#put(this.#place(key), valueText(value), timesOf(options));
  }

  async getOrSet<T>(key: string, make: () => T | Promise<T>, options?: CacheTimes): Promise<T> {
    const place = this.#place(key);
    const times = timesOf(options);
    return valueFrom(await (this.#making.get(place) ?? this.#begin(place, make, times))) as T;
  }

  async refresh(key: string): Promise<void> {
    const place = this.#place(key);
    const budget = this.#budget();
    const entry = await this.#load(place, budget);
    if (entry !== undefined) await this.#renew(place, entry, budget);
  }

  async remove(key: string): Promise<void> {
    const place = this.#place(key);
    await this.#call("remove", this.#budget(), (store, io) => store.remove(place, io));
  }

  /** Finds a value or makes it, for all who ask before the turn of the event loop ends. */
  #begin(place: string, make: () => unknown, times: Times): Promise<string> {
    const part = () => {
      if (this.#making.get(place) === making) this.#making.delete(place);
    };
    const making = this.#findOrMake(place, make, times).finally(part);
    this.#making.set(place, making);
    // A later turn may be another request's: what this one waits for might never come for that one.
    void afterHops(hopsToJoin).then(part);
    return making;
  }

  async #findOrMake(place: string, make: () => unknown, times: Times): Promise<string> {
    const found = await this.#find(place);
    if (found !== undefined) return found.text;
    const text = valueText(await make());
    await this.#put(place, text, times);
    return text;
  }

  /** Reads an entry, and begins its sliding time anew; that this fails is an event only, as the value is there. */
  async #find(place: string): Promise<Entry | undefined> {
    const budget = this.#budget();
    const entry = await this.#load(place, budget);
    if (entry !== undefined && this.#known().settings.store.capabilities.slides === "on-load") {
      await this.#renew(place, entry, budget).catch(() => undefined);
    }
    return entry;
  }

  /** Reads an entry that has not ended; what is no entry is absent, and told of. */
  async #load(place: string, budget: Budget): Promise<Entry | undefined> {
    const text = await this.#call("load", budget, (store, io) => store.load(place, 0, io));
    if (text === undefined || text === null) return undefined;
    const entry = entryOf(text);
    if (entry === undefined) tell(this.#known(), { name: "record-rejected", level: "error", code: "record-corrupt" });
    return entry !== undefined && this.#now() < entry.end ? entry : undefined;
  }

  async #renew(place: string, { end, sliding }: Entry, budget: Budget): Promise<void> {
    if (sliding === Infinity) return;
    const seconds = this.#seconds(Math.min(end - this.#now(), sliding));
    await this.#call("refresh", budget, (store, io) => store.refresh(place, seconds, io));
  }

  async #put(place: string, value: string, { absolute, sliding }: Times): Promise<void> {
    const end = Math.ceil(this.#now() + absolute);
    const text = `1c.${end === Infinity ? "-" : end}.${sliding === Infinity ? "-" : sliding}.${value}`;
    if (text.length > longestEntry) throw new SessionError("record-too-large", "a cache entry may be 1 MiB long as text. It was not stored.");
    const nearer = Math.min(absolute, sliding);
    const seconds = nearer === Infinity ? 0 : this.#seconds(nearer);
    await this.#call("put", this.#budget(), (store, io) => store.put(place, text, seconds, io));
  }

  /** Makes one call; where errors are not thrown, a failed one gives `undefined`. */
  async #call<T>(operation: string, budget: Budget, make: (store: Store, io: StoreIo) => Promise<T>): Promise<T | undefined> {
    const visit = this.#known();
    const { store, throwOnError } = visit.settings;
    try {
      return await call(visit, operation, budget, (io) => make(store, io));
    } catch (error) {
      if (throwOnError) throw error;
      return undefined;
    }
  }

  #known(): Visit {
    this.#visit ??= begin(this.#settled(), undefined);
    return this.#visit;
  }

  #budget(): Budget {
    return new Budget(this.#known().settings.ioTimeoutMs, undefined);
  }

  #now(): number {
    return this.#known().settings.clock();
  }

  /** Rounds up to what the store keeps. */
  #seconds(milliseconds: number): number {
    return Math.max(Math.ceil(milliseconds / 1000), this.#known().settings.store.capabilities.minTtlSeconds);
  }

  #place(key: string): string {
    if (typeof key !== "string" || !key.isWellFormed()) {
      throw new SessionError("value-not-serializable", "a key of the cache must be a string without a lone surrogate.");
    }
    const { settings } = this.#known();
    if (keeperOf(settings) !== undefined) throw new SessionError("invalid-options", "the cache needs a store; cookieStore() is none.");
    return `${settings.applicationName}_cache_${encodeURIComponent(key)}`;
  }
}

/** How long an entry is to live, in milliseconds. */
interface Times {
  readonly absolute: number;
  readonly sliding: number;
}

function timesOf({ absoluteExpirationSeconds, slidingExpirationSeconds }: CacheTimes = {}): Times {
  return {
    absolute: milliseconds("absoluteExpirationSeconds", absoluteExpirationSeconds),
    sliding: milliseconds("slidingExpirationSeconds", slidingExpirationSeconds),
  };
}

function milliseconds(option: string, seconds: unknown): number {
  if (seconds === undefined) return Infinity;
  if (typeof seconds === "number" && seconds > 0 && seconds <= longestSeconds) return Math.ceil(seconds * 1000);
  throw new SessionError("invalid-options", `${option} must be a number of seconds, more than 0 and at most 100 years.`);
}

function entryOf(text: string): Entry | undefined {
  const [start, end, sliding] = header.exec(text) ?? [];
  if (start === undefined) return undefined;
  const value = text.slice(start.length);
  try {
    return { end: timeOf(end), sliding: timeOf(sliding), text: value, value: valueFrom(value) };
  } catch {
    return undefined;
  }
}

function timeOf(text: string | undefined): number {
  return text === "-" ? Infinity : Number(text);
}

async function afterHops(hops: number): Promise<void> {
  for (let hop = 0; hop < hops; hop++) await undefined;
}
