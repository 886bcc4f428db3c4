// The values that a handler reads and writes.

import { addChange, check, readable, startedError, writable } from "./access.ts";
import { type Change, keysAfter, textAfter } from "./changes.ts";
import { destroy, inTurn } from "./commit.ts";
import { type CookieToSet, cookies, setCookieHeaders } from "./cookies.ts";
import { draw } from "./core.ts";
import { SessionError } from "./errors.ts";
import { applyToHeaders, applyToResponse } from "./headers.ts";
import { type LoadOptions, load } from "./load.ts";
import { freeLock } from "./lock.ts";
import { endTemp } from "./temp-cookie.ts";
import { commitAll, type TempData, VisitTempData } from "./temp-data.ts";
import { keyOf, keyText, valueFrom, valueText } from "./values.ts";
import { keeperOf, openCookie, takeId, tellDamage, type Visit } from "./visit.ts";

type Primitive = string | number | boolean | null | undefined;
/** JSON, which is stored as it is: a type that holds itself is compared with it, where taking it apart would never end. */
type Json = Primitive | readonly Json[] | { readonly [key: string]: Json };
type NeverStored =
  | bigint
  | symbol
  | Date
  | RegExp
  | Error
  | URL
  | Promise<unknown>
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | WeakMap<object, unknown>
  | WeakSet<object>
  | ((...args: never[]) => unknown)
  | ArrayBuffer
  | ArrayBufferView;

/** `T` where it comes back equal from the store, `never` where it does not. */
export type Storable<T> = unknown extends T
  ? T
  : T extends Json
    ? T
    : T extends NeverStored
      ? never
      : T extends object
        ? { [K in keyof T]: Storable<T[K]> }
        : never;
/** A value of a session: JSON, or a `Uint8Array` as the whole value. */
export type StorableValue<T> = unknown extends T ? T : T extends Uint8Array ? T : Storable<T>;
/** What the type of a session's data must be. */
export type Values<Data> = { [K in keyof Data]: StorableValue<Data[K]> };
/** The keys of a session. */
export type Key<Data> = keyof Data & string;

/** A session with whatever data. */
// biome-ignore lint/suspicious/noExplicitAny: what is accepted here is a session of any data, which `unknown` is not.
export type AnySession = Session<any, any>;

/** What lives for one request: a `Map` whose keys are texts, or a library's own symbols, which meet no one else's. */
export interface Items extends Map<string, unknown> {
  get(key: string | symbol): unknown;
  set(key: string | symbol, value: unknown): this;
  has(key: string | symbol): boolean;
  delete(key: string | symbol): boolean;
}

/** What `regenerateId()` takes. */
export interface RegenerateOptions {
  /**
   * How long requests already on their way may still read, never write, what was there before, in whole seconds, 0 to 34,560,000.
   * @default 0
   */
  graceSeconds?: number | undefined;
  /**
   * Whether the cookie outlives the browser ("remember me"); true needs `cookie.maxAgeSeconds`.
   * @default as it was before; else true where `cookie.maxAgeSeconds` is set
   */
  persistent?: boolean | undefined;
}

/**
 * One request's session: values to read and write, and what becomes of them.
 *
 * Nothing is stored and no cookie is set before a value is.
 */
export interface Session<Data extends object = Record<string, unknown>, Temp extends object = Record<string, unknown>> {
  /** The session's id: of a valid cookie also before `load()`, else `undefined` before the first `set`. Safe to log: the cookie is sealed, the id alone opens nothing for a stranger. */
  readonly id: string | undefined;
  /** Unix milliseconds of the session's birth (a `regenerateId()` is a new birth); `undefined` without a record. For "log out everywhere": compare with the user row. */
  readonly createdAt: number | undefined;
  /** Whether there is no record, as far as known. */
  readonly isNew: boolean;
  /** Whether `load()` came back. */
  readonly isLoaded: boolean;
  /** False only after a failed load, where `throwOnError` is false. */
  readonly isAvailable: boolean;
  /** How many values there are. @throws {SessionError} `not-loaded` */
  readonly size: number;
  /** For this request only; never stored. */
  readonly items: Items;
  /** Values that live until they are read: messages for the next page. @throws {SessionError} `no-session` by `openById`; `response-started` */
  readonly tempData: TempData<Temp>;
  /**
   * Reads the session from the store; without a cookie of ours it costs nothing.
   * @throws {SessionError} what the store failed with, `record-corrupt`, `record-unsupported`, `response-started`
   */
  load(options?: LoadOptions): Promise<void>;
  /** Gives a value, each time a fresh one: what is done to it is not saved until it is `set`. @throws {SessionError} `not-loaded`, `record-corrupt` */
  get<K extends Key<Data>>(key: K): Data[K] | undefined;
  /**
   * Sets a value, a copy of it.
   * @throws {SessionError} `value-not-serializable`, `not-loaded`, `read-only`, `store-unavailable`, `no-session`, `response-started`
   */
  set<K extends Key<Data>>(key: K, value: Data[K]): void;
  /**
   * Sets a value computed from the one that is there; computed again when the commit is replayed on a newer one, so that no step is lost. `change` is pure and synchronous.
   * @throws {SessionError} as `set`
   */
  update<K extends Key<Data>>(key: K, change: (value: Data[K] | undefined) => Data[K]): void;
  /** Says whether there is such a value. @throws {SessionError} `not-loaded` */
  has(key: Key<Data>): boolean;
  /** Deletes a value. @throws {SessionError} as `set` */
  delete(key: Key<Data>): void;
  /** Deletes all values; the session stays. @throws {SessionError} as `set` */
  clear(): void;
  /** Gives the keys. @throws {SessionError} `not-loaded` */
  keys(): IterableIterator<string>;
  /**
   * Stores the changes made so far. `handle` does it by itself; call it to see it fail, or before a redirect that is thrown.
   * @throws {SessionError} `destroyed`, `conflict`, `commit-ambiguous`, `record-too-large`, `cookie-too-large`, `response-started`, what the
   *   store failed with; `value-not-serializable` where an `update` is computed again; and what its function throws
   */
  commit(options?: { signal?: AbortSignal | undefined }): Promise<void>;
  /**
   * Moves the values to a new id at the commit, so that a planted cookie is worth nothing. Call it at every change of privilege: sign-in, elevation.
   * @throws {SessionError} `not-loaded`, `read-only`, `response-started`, `no-session`, `invalid-options`
   */
  regenerateId(options?: RegenerateOptions): void;
  /**
   * Ends the session, at once; resolves only when the store confirmed it. The browser's cookie is expired; a `set` after it begins a new session.
   * @throws {SessionError} what the store failed with, or `conflict`: the session may then still be there; `response-started`
   */
  destroy(): Promise<void>;
  /** Puts the confirmed cookie and `Cache-Control` on a response, a copy of it where its headers are immutable. `handle` does it by itself. */
  applyTo(response: Response): Response;
  /** Puts the confirmed cookie and `Cache-Control` on headers. */
  applyTo(headers: Headers): Headers;
  /** Gives the confirmed `Set-Cookie` lines. Set `Cache-Control: private, no-store` beside them. */
  setCookieHeaders(): string[];
  /** Gives the same for a framework's own cookie setter. Set `Cache-Control: private, no-store` beside them. */
  cookies(): CookieToSet[];
}

/** A session over one visit. */
export class VisitSession implements Session {
  readonly #visit: Visit;

  constructor(visit: Visit) {
    this.#visit = visit;
  }

  /** Gives the visit of a session, whoever passes it on; `undefined` for anything else. */
  static visitOf(session: unknown): Visit | undefined {
    return typeof session === "object" && session !== null && #visit in session ? session.#visit : undefined;
  }

  get id(): string | undefined {
    const visit = this.#visit;
    if (visit.cookie === undefined) openCookie(visit);
    return visit.moving?.id ?? visit.id;
  }

  get createdAt(): number | undefined {
    return this.#visit.createdAt;
  }

  get isNew(): boolean {
    const visit = this.#visit;
    if (visit.stand === "unknown") return this.id === undefined;
    return visit.stand !== "live" && !(visit.stand === "forwarded" && visit.values !== "{}");
  }

  get isLoaded(): boolean {
    const { stand } = this.#visit;
    return stand !== "unknown" && stand !== "unavailable";
  }

  get isAvailable(): boolean {
    return this.#visit.stand !== "unavailable";
  }

  get size(): number {
    return this.#keys().length;
  }

  get items(): Items {
    const visit = this.#visit;
    visit.items ??= new Map();
    return visit.items;
  }

  get tempData(): TempData {
    return new VisitTempData(this.#visit);
  }

  load(options?: LoadOptions): Promise<void> {
    const visit = this.#visit;
    if (visit.queue !== undefined) return visit.queue.then(() => load(visit, options));
    try {
      return load(visit, options) ?? Promise.resolve();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  get(key: string): unknown {
    const visit = readable(this.#visit);
    const name = keyText(key);
    const text = stored(visit, name);
    return text === undefined ? undefined : parsed(visit, name, text);
  }

  set(key: string, value: unknown): void {
    changed(this.#visit, { key: keyText(key), text: valueText(value), compute: undefined });
  }

  update(key: string, change: (value: unknown) => unknown): void {
    changed(this.#visit, { key: keyText(key), text: undefined, compute: change });
  }

  has(key: string): boolean {
    const visit = readable(this.#visit);
    return stored(visit, keyText(key)) !== undefined;
  }

  delete(key: string): void {
    const visit = writable(this.#visit);
    const text = keyText(key);
    if (stored(visit, text) !== undefined) changed(visit, { key: text, text: undefined, compute: undefined });
  }

  clear(): void {
    const visit = check(writable(this.#visit));
    if (keysAfter(visit.outcome, visit.values).some((key) => keyOf(key) !== undefined))
      changed(visit, { key: undefined, text: undefined, compute: undefined });
  }

  keys(): IterableIterator<string> {
    return this.#keys().values();
  }

  commit(options?: { signal?: AbortSignal | undefined }): Promise<void> {
    const visit = this.#visit;
    return inTurn(visit, async () => {
      try {
        await commitAll(visit, options?.signal, false);
      } finally {
        if (visit.lock !== undefined && !visit.handled) await freeLock(visit);
      }
    });
  }

  regenerateId(options: RegenerateOptions = {}): void {
    const visit = writable(this.#visit);
    const { graceSeconds = 0, persistent } = options;
    if (visit.byId) throw new SessionError("no-session", "regenerateId() needs a request, as the new id needs a cookie.");
    if (!Number.isSafeInteger(graceSeconds) || graceSeconds < 0 || graceSeconds > 34_560_000) {
      throw new SessionError("invalid-options", "graceSeconds must be whole seconds, 0 to 34,560,000.");
    }
    if (graceSeconds > 0 && keeperOf(visit.settings) !== undefined) {
      throw new SessionError("invalid-options", "graceSeconds needs a store; with cookieStore() nothing is left under the old id.");
    }
    if (persistent === true && visit.settings.cookie.maxAgeSeconds === undefined) {
      throw new SessionError("invalid-options", "persistent: true needs cookie.maxAgeSeconds, the time that browsers keep it.");
    }
    const asBefore = visit.moving?.persistent ?? visit.persistent ?? visit.cookie?.persistent;
    const keeps = persistent ?? asBefore ?? visit.settings.cookie.maxAgeSeconds !== undefined;
    visit.moving = { ...draw(), graceSeconds, persistent: keeps };
  }

  async destroy(): Promise<void> {
    const visit = this.#visit;
    if (visit.loading !== undefined) await visit.loading.catch(() => undefined);
    if (visit.started) throw startedError("destroy() came after the response was made, so the browser would keep its cookie");
    if (visit.cookie === undefined) openCookie(visit);
    visit.used = true;
    await inTurn(visit, async () => {
      try {
        const temp = endTemp(visit);
        await destroy(visit);
        visit.temp = temp;
      } finally {
        if (visit.lock !== undefined) await freeLock(visit);
      }
    });
  }

  applyTo(response: Response): Response;
  applyTo(headers: Headers): Headers;
  applyTo(target: Response | Headers): Response | Headers {
    return target instanceof Headers ? applyToHeaders(this.#visit, target) : applyToResponse(this.#visit, target);
  }

  setCookieHeaders(): string[] {
    return setCookieHeaders(this.#visit);
  }

  cookies(): CookieToSet[] {
    return cookies(this.#visit);
  }

  #keys(): string[] {
    const visit = check(readable(this.#visit));
    return keysAfter(visit.outcome, visit.values)
      .map(keyOf)
      .filter((key) => key !== undefined);
  }
}

/** Gives a key's text; before it says that there is none, it looks at how all values are laid out. */
function stored(visit: Visit, key: string): string | undefined {
  const text = textAfter(visit.outcome, visit.values, key);
  return text !== undefined || visit.checked ? text : textAfter(visit.outcome, check(visit).values, key);
}

/** Gives a text's value; where it is none, somebody's editor laid the values out otherwise, or they are damaged. */
function parsed(visit: Visit, key: string, text: string): unknown {
  try {
    return valueFrom(text);
  } catch (error) {
    if (visit.checked) {
      tellDamage(visit);
      throw error;
    }
  }
  const again = stored(check(visit), key);
  return again === undefined ? undefined : parsed(visit, key, again);
}

function changed(visit: Visit, change: Change): void {
  writable(visit);
  const begins = visit.stand === "visitor" || visit.stand === "absent" || visit.stand === "expired";
  const drawn = begins && visit.birth === undefined && change.key !== undefined ? draw() : undefined;
  if (change.compute !== undefined && change.key !== undefined) stored(visit, change.key);
  try {
    addChange(visit, change);
  } catch (error) {
    if (visit.checked || !(error instanceof SessionError) || error.code !== "record-corrupt") throw error;
    addChange(check(visit), change);
  }
  // After all that can throw: a change that failed leaves nothing.
  if (drawn !== undefined) takeId(visit, drawn);
}
