// A store around another that counts and fails on demand.

import type { Conflict, Exists, Store, StoreCapabilities, StoreIo } from "edge-session";

export type Operation = "load" | "create" | "update" | "replace" | "refresh" | "remove" | "put" | "lock" | "unlock";

/** Passes every call on, after it was written down and `before` had its say. */
export class WatchedStore implements Store {
  readonly name = "watched";
  readonly capabilities: StoreCapabilities;
  /** The operations asked for, in order. */
  readonly calls: Operation[] = [];
  /** The seconds to live that were asked for, in order. */
  readonly seconds: number[] = [];
  /** The tokens of locks that were asked for, in order. */
  readonly tokens: string[] = [];
  /** Runs before a call; what it throws is the store's failure. */
  before: (operation: Operation, io: StoreIo, key: string) => unknown = () => undefined;
  /** Runs after a call that was carried out; what it throws is a reply that was lost. */
  after: (operation: Operation) => unknown = () => undefined;
  readonly inner: Store;

  constructor(inner: Store, capabilities: Partial<StoreCapabilities> = {}) {
    this.inner = inner;
    this.capabilities = { ...inner.capabilities, ...capabilities };
  }

  load(key: string, ttlSeconds: number, io: StoreIo): Promise<string | null> {
    return this.#pass("load", io, key, ttlSeconds, () => this.inner.load(key, ttlSeconds, io));
  }

  create(key: string, record: string, ttlSeconds: number, io: StoreIo): Promise<"done" | Exists> {
    return this.#pass("create", io, key, ttlSeconds, () => this.inner.create(key, record, ttlSeconds, io));
  }

  update(key: string, record: string, expectedRevision: string, ttlSeconds: number, io: StoreIo): Promise<"done" | "gone" | Conflict> {
    return this.#pass("update", io, key, ttlSeconds, () => this.inner.update(key, record, expectedRevision, ttlSeconds, io));
  }

  replace(key: string, record: string, ttlSeconds: number, io: StoreIo): Promise<"done" | "gone"> {
    return this.#pass("replace", io, key, ttlSeconds, () => this.inner.replace(key, record, ttlSeconds, io));
  }

  refresh(key: string, ttlSeconds: number, io: StoreIo): Promise<void> {
    return this.#pass("refresh", io, key, ttlSeconds, () => this.inner.refresh(key, ttlSeconds, io));
  }

  remove(key: string, io: StoreIo): Promise<void> {
    return this.#pass("remove", io, key, 0, () => this.inner.remove(key, io));
  }

  put(key: string, text: string, ttlSeconds: number, io: StoreIo): Promise<void> {
    return this.#pass("put", io, key, ttlSeconds, () => this.inner.put(key, text, ttlSeconds, io));
  }

  async lock(key: string, token: string, ttlMs: number, io: StoreIo): Promise<"done" | "held"> {
    this.tokens.push(token);
    return this.#pass("lock", io, key, ttlMs / 1000, async () => (await this.inner.lock?.(key, token, ttlMs, io)) ?? "held");
  }

  unlock(key: string, token: string, io: StoreIo): Promise<void> {
    return this.#pass("unlock", io, key, 0, async () => this.inner.unlock?.(key, token, io));
  }

  /** Reads a record behind everybody's back. */
  peek(key: string): Promise<string | null> {
    return this.inner.load(key, 0, { signal: new AbortController().signal });
  }

  /** Edits a record by hand. */
  write(key: string, text: string, ttlSeconds = 1200): Promise<void> {
    return this.inner.put(key, text, ttlSeconds, { signal: new AbortController().signal });
  }

  /** Gives the calls made since the last look. */
  taken(): Operation[] {
    return this.calls.splice(0);
  }

  async #pass<T>(operation: Operation, io: StoreIo, key: string, ttlSeconds: number, call: () => Promise<T>): Promise<T> {
    this.calls.push(operation);
    this.seconds.push(ttlSeconds);
    await this.before(operation, io, key);
    const answer = await call();
    await this.after(operation);
    return answer;
  }
}
