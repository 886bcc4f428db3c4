// The public surface: names only.

export type { Cache, CacheTimes } from "./cache.ts";
export type { CookieToSet } from "./cookies.ts";
export { SessionError, type SessionErrorCode } from "./errors.ts";
export type { CookieRejection, SessionEvent } from "./events.ts";
export type { LoadOptions } from "./load.ts";
export type { CookieOptions, RequestLike, SameSite, SessionsOptions } from "./options.ts";
export type { ProtectOptions, Protector, UnprotectOptions } from "./protector.ts";
export type { AnySession, Items, Key, RegenerateOptions, Session, Storable, StorableValue, Values } from "./session.ts";
export { createSessions, type Sessions } from "./sessions.ts";
export type { Conflict, CookieStore, Exists, Store, StoreCapabilities, StoreIo } from "./store.ts";
export { cookieStore } from "./stores/cookie.ts";
export { type MemoryOptions, memoryStore } from "./stores/memory.ts";
export type { TempData } from "./temp-data.ts";
export type { Background } from "./visit.ts";
