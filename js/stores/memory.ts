// Keeps records in the memory of one isolate.

import { SessionError } from "../errors.ts";
import { type Conflict, type Exists, keepsTime, type Store, type StoreCapabilities } from "../store.ts";

/** Options of the memory store; any of them but `isolated: false` makes a memory of its own. */
export interface MemoryOptions {
  /**
   * Tells the time in milliseconds, for tests that move it.
   * @default Date.now
   */
  clock?: (() => number) | undefined;
  /**
   * How many records are kept, from 1; beyond it expired ones go first, then the least recently used.
   * @default 10000
   */
  maxEntries?: number | undefined;
  /**
   * Whether this store has a memory of its own instead of the isolate's.
   * @default false
   */
  isolated?: boolean | undefined;
}

/**
 * Keeps records in this isolate's memory: for development and tests, as another isolate, or a restart, knows nothing of them.
 *
 * @throws `invalid-options`, naming every option that is wrong
 * @example
 * memoryStore({ clock: () => now, isolated: true })
 */
export function memoryStore(options: MemoryOptions = {}): Store {
  if (typeof options !== "object" || options === null) throw new SessionError("invalid-options", "memoryStore: options must be an object");
  const { clock, maxEntries, isolated = false } = options;
  const problems: string[] = [];
  if (clock !== undefined && typeof clock !== "function") problems.push("clock: must be a function that gives milliseconds");
  if (maxEntries !== undefined && !(Number.isSafeInteger(maxEntries) && maxEntries >= 1)) problems.push("maxEntries: must be a whole number from 1");
  if (typeof isolated !== "boolean") problems.push("isolated: must be true or false");
  if (problems.length > 0) throw new SessionError("invalid-options", `memoryStore: ${problems.join("; ")}`);
  if (isolated || clock !== undefined || maxEntries !== undefined) return new MemoryStore(clock ?? systemClock, maxEntries ?? MAX_ENTRIES);
  shared ??= new MemoryStore(systemClock, MAX_ENTRIES);
  return shared;
}

const MAX_ENTRIES = 10_000;
const systemClock = () => Date.now();
const CAPABILITIES: StoreCapabilities = { compareAndSet: true, locks: true, slides: "on-load", minTtlSeconds: 1, consistency: "strong" };
let shared: MemoryStore | undefined;

interface Entry {
  text: string;
  expiresAt: number;
}

class MemoryStore implements Store {
  readonly name = "memory";
  readonly capabilities = CAPABILITIES;
  readonly [keepsTime] = 1000;
  readonly #clock: () => number;
  readonly #maxEntries: number;
  /** The least recently used first. */
  readonly #entries = new Map<string, Entry>();
  #newest: string | undefined;
  /** Nothing expires before this. */
  #soonest = Infinity;

  constructor(clock: () => number, maxEntries: number) {
    this.#clock = clock;
    this.#maxEntries = maxEntries;
  }

  async load(key: string, ttlSeconds: number): Promise<string | null> {
    const now = this.#clock();
    const entry = this.#find(key, now);
    if (entry === undefined) return null;
    if (ttlSeconds !== 0) this.#renew(entry, ttlSeconds, now);
    this.#touch(key, entry);
    return entry.text;
  }

  async create(key: string, record: string, ttlSeconds: number): Promise<"done" | Exists> {
    const now = this.#clock();
    const entry = this.#find(key, now);
    if (entry === undefined) this.#set(key, record, ttlSeconds, now);
    else if (revisionOf(entry.text) !== revisionOf(record)) return { exists: entry.text };
    return "done";
  }

  async update(key: string, record: string, expectedRevision: string, ttlSeconds: number): Promise<"done" | "gone" | Conflict> {
    const now = this.#clock();
    const entry = this.#find(key, now);
    if (entry === undefined) return "gone";
    const found = revisionOf(entry.text);
    if (found === revisionOf(record)) return "done";
    if (found !== expectedRevision) return { conflict: entry.text };
    this.#rewrite(key, entry, record, ttlSeconds, now);
    return "done";
  }

  async replace(key: string, record: string, ttlSeconds: number): Promise<"done" | "gone"> {
    const now = this.#clock();
    const entry = this.#find(key, now);
    if (entry === undefined) return "gone";
    this.#rewrite(key, entry, record, ttlSeconds, now);
    return "done";
  }

  async refresh(key: string, ttlSeconds: number): Promise<void> {
    const now = this.#clock();
    const entry = this.#find(key, now);
    if (entry !== undefined) this.#renew(entry, ttlSeconds, now);
  }

  async remove(key: string): Promise<void> {
    this.#entries.delete(key);
  }

  async put(key: string, text: string, ttlSeconds: number): Promise<void> {
    this.#set(key, text, ttlSeconds === 0 ? Infinity : ttlSeconds, this.#clock());
  }

  async lock(key: string, token: string, ttlMs: number): Promise<"done" | "held"> {
    const now = this.#clock();
    const entry = this.#find(key, now);
    if (entry !== undefined) return entry.text === token ? "done" : "held";
    this.#set(key, token, ttlMs / 1000, now);
    return "done";
  }

  async unlock(key: string, token: string): Promise<void> {
    if (this.#entries.get(key)?.text === token) this.#entries.delete(key);
  }

  #find(key: string, now: number): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || now < entry.expiresAt) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  #set(key: string, text: string, ttlSeconds: number, now: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      if (this.#entries.size >= this.#maxEntries) this.#makeRoom(now);
      const added = { text, expiresAt: 0 };
      this.#renew(added, ttlSeconds, now);
      this.#entries.set(key, added);
      this.#newest = key;
    } else this.#rewrite(key, entry, text, ttlSeconds, now);
  }

  #rewrite(key: string, entry: Entry, text: string, ttlSeconds: number, now: number): void {
    entry.text = text;
    this.#renew(entry, ttlSeconds, now);
    this.#touch(key, entry);
  }

  #renew(entry: Entry, ttlSeconds: number, now: number): void {
    entry.expiresAt = now + ttlSeconds * 1000;
    if (entry.expiresAt < this.#soonest) this.#soonest = entry.expiresAt;
  }

  #touch(key: string, entry: Entry): void {
    if (key === this.#newest) return;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#newest = key;
  }

  #makeRoom(now: number): void {
    if (this.#soonest <= now) this.#dropExpired(now);
    if (this.#entries.size < this.#maxEntries) return;
    for (const key of this.#entries.keys()) {
      this.#entries.delete(key);
      return;
    }
  }

  #dropExpired(now: number): void {
    this.#soonest = Infinity;
    for (const [key, { expiresAt }] of this.#entries) {
      if (expiresAt <= now) this.#entries.delete(key);
      else if (expiresAt < this.#soonest) this.#soonest = expiresAt;
    }
  }
}

/** A record's revision, where every record has it. */
function revisionOf(record: string): string {
  return record.slice(3, 19);
}
