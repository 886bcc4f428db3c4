// Every setting, its default, and what is refused.

import { Core, Problems } from "./configuration.ts";
import { SessionError } from "./errors.ts";
import { type SessionEvent, toConsole } from "./events.ts";
import { type CookieStore, inCookies, keepsTime, type Store } from "./store.ts";

/** What we need of a request: a `Request`, a framework's event request, or `{ headers: await headers() }`. */
export interface RequestLike {
  readonly headers: { get(name: string): string | null };
}

/** When a browser sends the cookie along on requests from other sites. */
export type SameSite = "lax" | "strict" | "none";

/** What is written beside the session's id. Illegal pairs (`__Host-` with a domain) are refused at construction. */
export interface CookieOptions {
  /**
   * The cookie's name, 1 to 4,000 letters, digits, `-`, `_` and what else HTTP allows in a token. A prefix makes browsers hold us to it: `__Host-` needs `secure`, path `/` and no domain, `__Secure-` needs `secure`.
   * @default "__Host-session"
   */
  name?: string | undefined;
  /**
   * The path below which the cookie is sent: 1 to 1,024 characters of ASCII without `;`, the first of them `/`.
   * @default "/"
   */
  path?: string | undefined;
  /**
   * The domain whose hosts get the cookie too, 1 to 1,024 characters of ASCII without `;`; without it only the host that set it. Not with `__Host-`.
   * @default none
   */
  domain?: string | undefined;
  /**
   * Whether the cookie goes over https only (and http to this machine). Never decided from the URL, as proxies end TLS.
   * For development over http from another machine: `cookie: { name: "session", secure: false }`.
   * @default true
   */
  secure?: boolean | undefined;
  /**
   * Whether scripts in the page are kept from reading it.
   * @default true
   */
  httpOnly?: boolean | undefined;
  /**
   * Whether it comes along on requests from other sites. `"none"` needs `secure`.
   * @default "lax"
   */
  sameSite?: SameSite | undefined;
  /**
   * Whether browsers keep one per embedding site (CHIPS). Needs `secure`.
   * @default false
   */
  partitioned?: boolean | undefined;
  /**
   * How long browsers keep it, in seconds, 1 to 34,560,000 (400 days). It does not lengthen the session: see `absoluteTimeoutSeconds`.
   * @default none: until the browser closes
   */
  maxAgeSeconds?: number | undefined;
  /**
   * Whether the site cannot work without it, so that it needs no `consent`: a login's cookie is.
   * @default false
   */
  isEssential?: boolean | undefined;
}

/** Everything that `createSessions` takes. Problems throw at construction, all in one message, each naming its option. */
export interface SessionsOptions {
  /** The first seals, all open: 1 to 8 strings or `Uint8Array`s of at least 32 random bytes each. Not passwords. */
  secrets: readonly (string | Uint8Array)[];
  /** Where records live; `cookieStore()` keeps small sessions in the browser, without any. */
  store: Store | CookieStore;
  /**
   * Separates applications on one store: 1 to 64 of `A-Z a-z 0-9 . _ -`. Changing it ends every session.
   * @default "edge-session"
   */
  applicationName?: string | undefined;
  /**
   * The cookie.
   * @default each of its settings has its own
   */
  cookie?: CookieOptions | undefined;
  /**
   * How long a session lives without a request, in whole seconds, 1 to 34,560,000; independent of the cookie's life.
   * @default 1200
   */
  idleTimeoutSeconds?: number | undefined;
  /**
   * How long a session lives at all, in whole seconds, from `idleTimeoutSeconds` to 34,560,000; `Infinity` is for ever.
   * @default 86400
   */
  absoluteTimeoutSeconds?: number | undefined;
  /**
   * What keeps a session from being idle: `"every-request"` that passes `handle`, at one store call each in the
   * background, images too; or only those that load it.
   * @default "every-request"
   */
  slide?: "every-request" | "on-load" | undefined;
  /**
   * How long one load or one commit may take in all, retries and replays included, in milliseconds, from 1; `Infinity` is allowed.
   * @default 10000
   */
  ioTimeoutMs?: number | undefined;
  /**
   * What happens when two requests race: `"merge"` replays a request's changes onto what is there, `"last-write-wins"`
   * puts its whole state there, `"exclusive"` lets one request at a time load the session to write, at two store calls
   * more. None brings an ended session back.
   * @default "merge", or "last-write-wins" where the store cannot compare and set
   */
  concurrency?: "merge" | "last-write-wins" | "exclusive" | undefined;
  /**
   * How long the lock of `"exclusive"` lasts where nobody frees it, in whole milliseconds, 1 to 86,400,000 (a day): others
   * wait so long for a worker that died, and a request that takes longer may find its commit refused as `conflict`. In
   * the other modes it does nothing.
   * @default 110000
   */
  lockTimeoutMs?: number | undefined;
  /**
   * Whether a failed load throws; what the handler does not catch, `handle` answers 503. When false it gives an empty session that cannot be written (`isAvailable` is false),
   * and a failed automatic commit is an event; an explicit `commit()` and `destroy()` always throw.
   * @default true
   */
  throwOnError?: boolean | undefined;
  /**
   * When `handle` commits: `"background"` lets the response go first, unless it needs a cookie or redirects.
   * @default "before-response"
   */
  commit?: "before-response" | "background" | undefined;
  /**
   * Says whether this visitor agreed to cookies that are not essential. Until it answers true, a new session lives for
   * the request only: nothing is stored and no cookie is set. Asked when something is to be kept, so an agreement given
   * in the same request counts. Reading a session that there is, writing it and ending it need none.
   * @default none: nobody is asked
   */
  consent?: ((request: RequestLike) => boolean) | undefined;
  /**
   * Whether the values of records are sealed under the same secrets, bound to their key: who reads the store reads no
   * value, and who copies a record to another session's key has nothing that opens. Turning it on or off, and rotating
   * secrets, keeps sessions: either kind is read, whatever is written.
   * @default false
   */
  encryptRecords?: boolean | undefined;
  /**
   * Where TempData is: in a cookie of its own, `<cookie name>-temp`, sealed, which needs no `load()` and no store; or in the
   * session, which `load()` must come before. The cookie can be sent again within `idleTimeoutSeconds` of its making, so never authenticate by it.
   * @default { provider: "cookie" }
   */
  tempData?: { provider: "cookie" | "session" } | undefined;
  /**
   * How long a record's text may be before it is sealed, in bytes, 1 to 1,048,576; a character that is not ASCII counts 6 or 12.
   * @default 65536
   */
  maxRecordBytes?: number | undefined;
  /**
   * Is told what happens, without any secret.
   * @default warnings and errors go to the console
   */
  onEvent?: ((event: SessionEvent) => void) | undefined;
  /**
   * Gives the time in unix milliseconds; for tests.
   * @default Date.now
   */
  clock?: (() => number) | undefined;
}

/** The cookie's settings with their defaults. */
export interface CookieSettings {
  readonly name: string;
  readonly path: string;
  readonly domain: string;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: SameSite;
  readonly partitioned: boolean;
  readonly maxAgeSeconds: number | undefined;
  readonly isEssential: boolean;
}

/** One configuration, checked, with its defaults and its core. */
export interface Settings {
  readonly core: Core;
  readonly store: Store;
  /** Whether the store ends every call in time by itself. */
  readonly storeKeepsTime: boolean;
  /** How long a renewal that is waited for may take, in milliseconds: one try of the store's. */
  readonly renewalMs: number;
  readonly applicationName: string;
  readonly cookie: CookieSettings;
  readonly idleTimeoutSeconds: number;
  /** Infinity where a session lives as long as it is used. */
  readonly absoluteTimeoutSeconds: number;
  readonly slides: boolean;
  readonly ioTimeoutMs: number;
  readonly merges: boolean;
  /** Whether a request that will write takes a lock, for so many milliseconds. */
  readonly locks: boolean;
  readonly lockTimeoutMs: number;
  readonly throwOnError: boolean;
  readonly inBackground: boolean;
  readonly consent: ((request: RequestLike) => boolean) | undefined;
  readonly encryptRecords: boolean;
  /** Whether TempData is in the session's record, not in a cookie of its own. */
  readonly tempInRecord: boolean;
  readonly maxRecordBytes: number;
  readonly onEvent: (event: SessionEvent) => void;
  /** Whether anybody listens to more than warnings and errors. */
  readonly tellsAll: boolean;
  readonly clock: () => number;
  /** Whether the store was last seen refusing to ask; told when it changes. */
  breakerOpen: boolean;
}

const LONGEST_LOCK_MS = 86_400_000;
const storeMethods = ["load", "create", "update", "replace", "refresh", "remove", "put"] as const;

/** Checks the options and fills in what is missing. */
export function settle(options: SessionsOptions): Settings {
  if (typeof options !== "object" || options === null) throw refusal(["options: must be an object"]);
  const problems: string[] = [];
  const store = options.store as Store;
  const { idleTimeoutSeconds = 1200, absoluteTimeoutSeconds = 86_400, ioTimeoutMs = 10_000, slide = "every-request" } = options;
  const { concurrency, lockTimeoutMs = 110_000 } = options;
  const {
    applicationName = "edge-session",
    throwOnError = true,
    commit = "before-response",
    consent,
    encryptRecords = false,
    maxRecordBytes = 65_536,
    onEvent,
    clock = Date.now,
  } = options;
  const cookie = settleCookie(options.cookie, problems);
  const provider = options.tempData === undefined ? "cookie" : (options.tempData as { provider?: unknown } | null)?.provider;
  oneOf("tempData.provider", provider, ["cookie", "session"], problems);
  oneOf("slide", slide, ["every-request", "on-load"], problems);
  if (concurrency !== undefined) oneOf("concurrency", concurrency, ["merge", "last-write-wins", "exclusive"], problems);
  oneOf("commit", commit, ["before-response", "background"], problems);
  typed("throwOnError", throwOnError, "boolean", problems);
  typed("encryptRecords", encryptRecords, "boolean", problems);
  typed("applicationName", applicationName, "string", problems);
  typed("clock", clock, "function", problems);
  if (consent !== undefined) typed("consent", consent, "function", problems);
  if (onEvent !== undefined) typed("onEvent", onEvent, "function", problems);
  if (!(typeof ioTimeoutMs === "number" && ioTimeoutMs >= 1)) problems.push("ioTimeoutMs: must be a number of at least 1, or Infinity");
  if (!Number.isSafeInteger(lockTimeoutMs) || lockTimeoutMs < 1 || lockTimeoutMs > LONGEST_LOCK_MS) {
    problems.push(`lockTimeoutMs: must be whole milliseconds, 1 to ${LONGEST_LOCK_MS}`);
  }
  checkStore(store, problems);
  if (typeof store === "object" && store !== null && inCookies in store) checkInCookies(options, problems);
  if (problems.every((problem) => !problem.startsWith("store"))) checkNeeds(store, concurrency, idleTimeoutSeconds, problems);
  const tryMs = (store as { [keepsTime]?: number } | undefined)?.[keepsTime];
  const limits = [whole(idleTimeoutSeconds), whole(absoluteTimeoutSeconds, Number.POSITIVE_INFINITY), whole(maxRecordBytes)];
  const core = makeCore(options.secrets, cookie, applicationName, limits, problems);
  return {
    core,
    store,
    storeKeepsTime: tryMs !== undefined,
    renewalMs: Math.min(tryMs ?? 1000, ioTimeoutMs),
    applicationName,
    cookie,
    idleTimeoutSeconds,
    absoluteTimeoutSeconds,
    slides: slide === "every-request" && store.capabilities.slides === "on-load",
    ioTimeoutMs,
    merges: concurrency !== "last-write-wins" && store.capabilities.compareAndSet,
    locks: concurrency === "exclusive",
    lockTimeoutMs,
    throwOnError,
    inBackground: commit === "background",
    consent,
    encryptRecords,
    tempInRecord: provider === "session",
    maxRecordBytes,
    onEvent: onEvent ?? toConsole,
    tellsAll: onEvent !== undefined,
    clock,
    breakerOpen: false,
  };
}

function settleCookie(options: CookieOptions | undefined, problems: string[]): CookieSettings {
  if (options !== undefined && (typeof options !== "object" || options === null)) problems.push("cookie: must be an object");
  const { name = "__Host-session", path = "/", domain = "", secure = true, httpOnly = true, sameSite = "lax" } = options ?? {};
  const { partitioned = false, maxAgeSeconds, isEssential = false } = options ?? {};
  for (const [option, value] of Object.entries({ name, path, domain })) typed(`cookie.${option}`, value, "string", problems);
  for (const [option, value] of Object.entries({ secure, httpOnly, partitioned, isEssential })) typed(`cookie.${option}`, value, "boolean", problems);
  if (options?.domain === "") problems.push("cookie.domain: must not be empty; leave it out for this host only");
  oneOf("cookie.sameSite", sameSite, ["lax", "strict", "none"], problems);
  return { name, path, domain, secure, httpOnly, sameSite, partitioned, maxAgeSeconds, isEssential };
}

function checkStore(store: Store, problems: string[]): void {
  if (typeof store !== "object" || store === null) {
    problems.push("store: is required, memoryStore() for a first try");
    return;
  }
  if (inCookies in store) return;
  const missing = storeMethods.filter((method) => typeof store[method] !== "function");
  if (missing.length > 0) problems.push(`store: lacks ${missing.join(", ")}`);
  if (typeof store.capabilities !== "object" || store.capabilities === null) problems.push("store: lacks capabilities");
}

/** Refuses what was written explicitly and sessions in cookies cannot keep. */
function checkInCookies({ slide, commit, tempData }: SessionsOptions, problems: string[]): void {
  if (slide === "every-request") problems.push('slide: "every-request" needs a store; cookieStore() slides on load. Leave it out');
  if (commit === "background") problems.push('commit: "background" needs a store; cookies leave with the answer. Leave it out');
  if (tempData?.provider === "session") problems.push('tempData: "session" needs a store. Leave it out; "cookie" has a cookie of its own');
}

/** Refuses what was written explicitly and the store cannot keep. */
function checkNeeds(store: Store, concurrency: SessionsOptions["concurrency"], idleTimeoutSeconds: number, problems: string[]): void {
  const { compareAndSet, minTtlSeconds } = store.capabilities;
  if (concurrency === "merge" && !compareAndSet) {
    problems.push('concurrency: "merge" needs a store that compares and sets. Write "last-write-wins", or choose another store');
  }
  if (concurrency === "exclusive" && !canLock(store)) {
    problems.push('concurrency: "exclusive" needs a store with locks that compares and sets. Write another mode, or choose another store');
  }
  if (typeof idleTimeoutSeconds === "number" && idleTimeoutSeconds < minTtlSeconds)
    problems.push("idleTimeoutSeconds: must not be below the shortest time that the store keeps");
}

/** Says whether the store locks; whoever outlives the lock is stopped by a comparison. */
function canLock({ capabilities, lock, unlock }: Store): boolean {
  return capabilities.locks && capabilities.compareAndSet && typeof lock === "function" && typeof unlock === "function";
}

/** Makes the core, which checks what only it reads; throws all problems together. */
function makeCore(
  secrets: SessionsOptions["secrets"],
  cookie: CookieSettings,
  applicationName: string,
  limits: readonly Uint8Array[],
  problems: string[],
): Core {
  // What is no text was named above; the core sees a text that it takes, so that it names the rest.
  const text = (value: unknown, otherwise: string) => (typeof value === "string" ? value : otherwise);
  const settings = [
    utf8(text(applicationName, "x")),
    utf8(text(cookie.name, "__Host-session")),
    utf8(text(cookie.path, "/")),
    utf8(text(cookie.domain, "")),
    utf8(["lax", "strict", "none"].includes(cookie.sameSite) ? cookie.sameSite : "lax"),
    utf8(`${cookie.secure === true ? "s" : ""}${cookie.httpOnly === true ? "h" : ""}${cookie.partitioned === true ? "p" : ""}`),
    whole(cookie.maxAgeSeconds, undefined),
    ...limits,
    ...secretsAsBytes(secrets, problems),
  ];
  try {
    const core = Core.for(joined(settings));
    if (problems.length === 0) return core;
  } catch (error) {
    if (!(error instanceof Problems)) throw error;
    problems.push(...error.problems.filter((problem) => !problems.some((known) => sameOption(known, problem))));
  }
  throw refusal(problems);
}

function sameOption(one: string, other: string): boolean {
  return one.slice(0, one.indexOf(":")) === other.slice(0, other.indexOf(":"));
}

function secretsAsBytes(secrets: unknown, problems: string[]): Uint8Array[] {
  if (!Array.isArray(secrets)) {
    problems.push("secrets: must be an array of strings or Uint8Arrays");
    return [];
  }
  if (secrets.some((secret) => typeof secret !== "string" && !(secret instanceof Uint8Array))) {
    problems.push("secrets: each must be a string or a Uint8Array of at least 32 bytes");
    return [];
  }
  return (secrets as (string | Uint8Array)[]).map((secret) => (typeof secret === "string" ? utf8(secret) : secret));
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Writes a whole number as 8 bytes; all ones stands for `none`, 0 for what is not whole and so refused. */
function whole(value: unknown, ...none: unknown[]): Uint8Array {
  const bytes = new Uint8Array(8).fill(none.includes(value) ? 255 : 0);
  if (Number.isSafeInteger(value) && (value as number) > 0) new DataView(bytes.buffer).setBigUint64(0, BigInt(value as number));
  return bytes;
}

/** Joins the parts, each with its length before it. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + 4 + part.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
}

function typed(option: string, value: unknown, type: "string" | "boolean" | "function", problems: string[]): void {
  if (typeof value !== type) problems.push(`${option}: must be a ${type}`);
}

function oneOf(option: string, value: unknown, allowed: readonly string[], problems: string[]): void {
  if (!allowed.includes(value as string)) problems.push(`${option}: must be one of ${allowed.map((each) => JSON.stringify(each)).join(", ")}`);
}

function refusal(problems: readonly string[]): SessionError {
  return new SessionError("invalid-options", `these options are not allowed. ${problems.join("; ")}.`);
}
