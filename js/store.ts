// The contract that every store keeps.

/** What a store can do; what it cannot, the session does without or refuses at construction. */
export interface StoreCapabilities {
  /** `update` compares and sets in one atomic step. Without it commits cannot merge. */
  readonly compareAndSet: boolean;
  /** `lock` and `unlock` exist. */
  readonly locks: boolean;
  /** Whether `load` renews the time to live, or only a write does. */
  readonly slides: "on-load" | "on-write";
  /** The shortest time to live that the store keeps, in seconds. */
  readonly minTtlSeconds: number;
  /** `strong`: a load sees every confirmed write. */
  readonly consistency: "strong" | "eventual";
}

/** What bounds one call. */
export interface StoreIo {
  /** Aborts when the caller's budget is used up. */
  readonly signal: AbortSignal;
}

/**
 * Where records live: one call per operation, each safe to repeat.
 *
 * `null`, `gone` and `exists` are said only when the store said so; everything else that is not `done` is thrown as a
 * `SessionError`. A record's revision is its characters 3 to 18; a store looks at nothing else in it.
 */
export interface Store {
  /** Names the store in events. */
  readonly name: string;
  /** What the store can do. */
  readonly capabilities: StoreCapabilities;
  /** Gives the record, or `null` when there is none; renews the time to live to `ttlSeconds`, 0 leaves it. */
  load(key: string, ttlSeconds: number, io: StoreIo): Promise<string | null>;
  /** Stores the record if the key is free; a record with the same revision is `done`. */
  create(key: string, record: string, ttlSeconds: number, io: StoreIo): Promise<"done" | Exists>;
  /** Replaces the record if its revision is the expected one, in one atomic step; never creates. */
  update(key: string, record: string, expectedRevision: string, ttlSeconds: number, io: StoreIo): Promise<"done" | "gone" | Conflict>;
  /** Replaces whatever record is there; never creates. Only used where `compareAndSet` is false. */
  replace(key: string, record: string, ttlSeconds: number, io: StoreIo): Promise<"done" | "gone">;
  /** Renews the time to live; never creates. */
  refresh(key: string, ttlSeconds: number, io: StoreIo): Promise<void>;
  /** Removes the record; an absent one is removed already. */
  remove(key: string, io: StoreIo): Promise<void>;
  /** Stores the text whatever is there; `ttlSeconds` 0 is for ever. */
  put(key: string, text: string, ttlSeconds: number, io: StoreIo): Promise<void>;
  /** Takes the lock for so many milliseconds if it is free, in one atomic step; the token that holds it already is `done`, and gets no more time. */
  lock?(key: string, token: string, ttlMs: number, io: StoreIo): Promise<"done" | "held">;
  /** Frees the lock if `token` holds it, in one atomic step; another's stays. */
  unlock?(key: string, token: string, io: StoreIo): Promise<void>;
}

/** What `cookieStore()` gives: no store, as the browser keeps all. `destroy()` clears the browser only; a copy that somebody kept opens until its limits. */
export interface CookieStore {
  readonly name: "cookie";
}

/** The record that is there instead. */
export interface Exists {
  readonly exists: string;
}

/** The record that is there instead, its revision being neither ours nor the expected one. */
export interface Conflict {
  readonly conflict: string;
  /** A store that repeats a call by itself says here that an earlier try got no answer and may have been carried out. */
  readonly lost?: boolean;
}

/** Set on a store that ends every call in bounded time by itself, so that nobody else need watch the clock: how long one try may take, in milliseconds. */
export const keepsTime: unique symbol = Symbol("edge-session.keepsTime");

/** What stands in for a store where sessions are kept whole in cookies. */
export const inCookies: unique symbol = Symbol("edge-session.inCookies");

/** True on a store while it refuses calls at once because its last ones got no answer. */
export const isOpen: unique symbol = Symbol("edge-session.isOpen");
