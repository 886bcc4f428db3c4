// One application under test: a clock, a store, its events.

import {
  createSessions,
  memoryStore,
  type RequestLike,
  type Session,
  type SessionEvent,
  type Sessions,
  type SessionsOptions,
  type Store,
} from "edge-session";
import { WatchedStore } from "./watched-store.ts";

export const SECRET = "first-canary-secret-of-at-least-32-bytes";
export const OLD_SECRET = "older-canary-secret-of-at-least-32-bytes";
export const NAME = "__Host-session";

/** What the tests keep in a session. */
export type Data = Record<string, unknown>;
export type Handler = (session: Session<Data>) => Response | Promise<Response>;

/** How a request differs from a plain navigation. */
export interface Sent {
  readonly cookie?: string | undefined;
  readonly method?: string;
  readonly mode?: string;
  readonly url?: string;
  readonly headers?: Record<string, string>;
}

/** A clock, a store that is watched, sessions over both, and what they told. */
export class World {
  /** Unix milliseconds; 2013-01-01 01:00 UTC. */
  now = Date.UTC(2013, 0, 1, 1);
  readonly store: WatchedStore;
  readonly events: SessionEvent[] = [];
  readonly options: SessionsOptions;
  readonly sessions: Sessions<Data>;

  constructor(options: Partial<SessionsOptions> = {}, inner?: Store) {
    this.store = new WatchedStore(inner ?? memoryStore({ clock: () => this.now, isolated: true }));
    this.options = { secrets: [SECRET], store: this.store, clock: () => this.now, onEvent: (event) => this.events.push(event), ...options };
    this.sessions = createSessions<Data>(this.options);
  }

  /** The same application, deployed with other options. */
  deployed(options: Partial<SessionsOptions>): Sessions<Data> {
    return createSessions<Data>({ ...this.options, ...options });
  }

  pass(seconds: number): void {
    this.now += seconds * 1000;
  }

  /** Says which events were told, and forgets them. */
  told(): string[] {
    return this.events.splice(0).map((event) => event.name);
  }

  /** Opens, loads and changes a session, commits it, and gives its cookie and id. */
  async begun(change: (session: Session<Data>) => void = (session) => session.set("a", 1), sessions = this.sessions): Promise<Begun> {
    const session = sessions.open(request());
    await session.load();
    change(session);
    await session.commit();
    const [line = ""] = session.setCookieHeaders();
    this.store.calls.length = 0;
    this.events.length = 0;
    return { cookie: pairOf(line), line, id: session.id ?? "", key: keyOf(session.id ?? "") };
  }

  /** Opens and loads the session of a cookie. */
  async loaded(cookie: string | undefined, sessions = this.sessions): Promise<Session<Data>> {
    const session = sessions.open(request({ cookie }));
    await session.load();
    return session;
  }

  /** Reads the values of a cookie's session in a request of its own. */
  async values(cookie: string, sessions = this.sessions): Promise<Data> {
    const session = await this.loaded(cookie, sessions);
    return Object.fromEntries([...session.keys()].map((key) => [key, session.get(key)]));
  }
}

/** A session that was stored. */
export interface Begun {
  readonly cookie: string;
  readonly line: string;
  readonly id: string;
  readonly key: string;
}

/** Makes a request. */
export function request({ cookie, method = "GET", mode, url = "https://app.example/", headers = {} }: Sent = {}): Request {
  const all = new Headers(headers);
  if (cookie !== undefined) all.set("cookie", cookie);
  if (mode !== undefined) all.set("sec-fetch-mode", mode);
  return new Request(url, { method, headers: all });
}

/** Makes what frameworks give in place of a request. */
export function headersOnly(cookie?: string): RequestLike {
  return { headers: new Headers(cookie === undefined ? {} : { cookie }) };
}

/** Makes a change whose function throws once it is replayed, as a neighbour has committed first. */
export async function changeThatFailsOnReplay(world: World, session: Session<Data>, cookie: string, error: Error): Promise<void> {
  let isReplay = false;
  session.update("a", (value) => {
    if (isReplay) throw error;
    isReplay = true;
    return value ?? 0;
  });
  const neighbour = await world.loaded(cookie);
  neighbour.set("b", 2);
  await neighbour.commit();
}

/** Gives the `name=value` of a `Set-Cookie` line. */
export function pairOf(line: string): string {
  return line.split(";", 1)[0] ?? "";
}

/** Gives the key of a session's record. */
export function keyOf(id: string): string {
  return `{edge-session_${id}}_Data`;
}

/** Gives the code of what a call throws or rejects with; "" when it does neither. */
export async function codeOf(call: () => unknown): Promise<string> {
  try {
    await call();
    return "";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

/** An execution context that remembers what it was given. */
export class Context {
  readonly promises: Promise<unknown>[] = [];

  /** Needs its `this`, as every runtime's does. */
  waitUntil(promise: Promise<unknown>): void {
    this.promises.push(promise);
  }

  async settled(): Promise<PromiseSettledResult<unknown>[]> {
    return Promise.allSettled(this.promises);
  }
}
