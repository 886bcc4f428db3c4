// What users may expect while the store fails at random.

import type { Session, Sessions } from "edge-session";
import { codeOf } from "./course.ts";
import { keyOf, parse, type StoredRecord } from "./history.ts";

/** What a request does. */
export type Kind = "read" | "image" | "add" | "twice" | "login" | "logout";
/** All of them, those first that may run in several tabs at once. */
export const kinds: readonly Kind[] = ["read", "image", "add", "add", "twice", "login", "logout"];
/** How many of those may. */
export const TABBED = 5;

/** A user, as the browser and the application know them. */
export interface User {
  readonly name: string;
  cookie: string | undefined;
  /** How often the counter was raised at least, and at most. */
  least: number;
  most: number;
  /** A login or logout that failed, and may still take its effect. */
  shakenBy: "login" | "logout" | undefined;
}

/** What came of a request. */
export interface Outcome {
  readonly user: User;
  readonly kind: Kind;
  /** The error's code, or the status that is not 200; empty where all went well. */
  readonly code: string;
  readonly line: string | undefined;
  /** The cookie that it carried. */
  readonly sent: string | undefined;
  /** How often the handler raised the counter. */
  readonly raised: number;
}

/** Demands what must hold. */
export function demand(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

/** Makes users who have nothing yet. */
export function makeUsers(count: number): User[] {
  return Array.from({ length: count }, (_, place) => ({ name: `user ${place}`, cookie: undefined, least: 0, most: 0, shakenBy: undefined }));
}

/** Draws one to three requests at once: of several users, or of one with several tabs. */
export function drawRequests(users: readonly User[], next: (count: number) => number): [User, Kind][] {
  const user = () => users[next(users.length)] as User;
  const one = user();
  switch (next(4)) {
    case 0:
      return Array.from({ length: 1 + next(3) }, () => [one, kinds[next(TABBED)] as Kind]);
    case 1:
      return [...new Set([one, user(), user()])].map((each) => [each, kinds[next(kinds.length)] as Kind]);
    default:
      return [[one, kinds[next(kinds.length)] as Kind]];
  }
}

/** Makes a user's request. */
export async function visit(sessions: Sessions, user: User, kind: Kind): Promise<Outcome> {
  const { cookie: sent } = user;
  const headers = new Headers(sent === undefined ? {} : { cookie: sent });
  let raised = 0;
  const add = (session: Session) => {
    raised += 1;
    session.update("count", (count) => Number(count ?? 0) + 1);
  };
  const handled = sessions.handle({ headers }, undefined, async (session) => {
    if (kind === "image") return new Response();
    if (kind === "logout") {
      await session.destroy();
      return new Response();
    }
    await session.load();
    const found = session.get("user");
    demand(found === undefined || found === user.name, `${user.name} sees ${String(found)}`);
    if (kind === "read") return new Response();
    session.set("user", user.name);
    add(session);
    if (kind === "twice") {
      await session.commit().catch(() => {});
      add(session);
    }
    if (kind === "login") session.regenerateId();
    return new Response();
  });
  const answer = await handled.catch((error: unknown) => error);
  if (answer instanceof Response) {
    const lines = answer.headers.getSetCookie();
    demand(lines.length <= 1, "two cookies at once");
    return { user, kind, code: answer.status === 200 ? "" : `${answer.status}`, line: lines[0], sent, raised };
  }
  return { user, kind, code: codeOf(answer) ?? String(answer), line: undefined, sent, raised };
}

/** Keeps what each user may expect, and demands it. */
export class Ledger {
  readonly ends = { failed: 0, login: 0, logout: 0, loginsFailed: 0 };
  readonly #ended = new Set<string>();
  readonly #idOf: (cookie: string) => string;
  readonly #read: (key: string) => Promise<string | undefined>;

  constructor(idOf: (cookie: string) => string, read: (key: string) => Promise<string | undefined>) {
    this.#idOf = idOf;
    this.#read = read;
  }

  /** Takes up what came of a request, and demands what must hold of it. */
  async settle({ user, kind, code, line, sent, raised }: Outcome): Promise<void> {
    const isDone = code === "";
    this.ends.failed += isDone ? 0 : 1;
    demand(isDone || /^(503|timeout|store-[a-z]+|commit-ambiguous|conflict)$/.test(code), `a ${kind} ends as ${code}`);
    demand(isDone || line === undefined, "a cookie leaves with a failure");
    user.most += raised;
    if (!isDone && kind === "login") this.ends.loginsFailed++;
    if (kind === "logout") {
      demand(isDone === (line?.includes("Max-Age=0") ?? user.cookie === undefined), "a logout's cookie tells otherwise than its answer");
      if (isDone && user.cookie !== undefined) this.#ended.add(user.cookie);
      if (isDone) this.#leave(user);
      else user.shakenBy = "logout";
      return;
    }
    if (!isDone && kind === "login") user.shakenBy ??= "login";
    if (line === undefined) return;
    const isBegun = sent !== undefined && kind !== "login";
    demand(!isBegun || user.shakenBy !== undefined, `a ${kind} sets a cookie`);
    if (isBegun) this.#signOut(user, raised);
    const cookie = line.slice(0, line.indexOf(";"));
    const record = await this.#recordOf(cookie);
    demand(record?.kind === "data", "a cookie names a record that is not there");
    demand(record.values.user === user.name, "a cookie names another user's record");
    if (sent === undefined || user.shakenBy !== undefined) user.least = 0;
    user.cookie = cookie;
    user.shakenBy = undefined;
  }

  /** Looks at what is stored for a user: the session is there, with what was confirmed. `isQuiet`: no call is under way any more. */
  async look(user: User, isQuiet: boolean): Promise<void> {
    for (const cookie of this.#ended) demand((await this.#recordOf(cookie))?.kind !== "data", "an ended session is back");
    if (this.#ended.size > 5) this.#ended.clear();
    if (user.cookie === undefined) return;
    const living = await this.#recordOf(user.cookie);
    if (living?.kind !== "data") {
      demand(user.shakenBy !== undefined, `${user.name} is signed out: ${living?.kind ?? "nothing"} is there`);
      this.#signOut(user, 0);
      return;
    }
    const count = Number(living.values.count ?? 0);
    demand(living.values.user === user.name, `${user.name} has the record of ${String(living.values.user)}`);
    // The logout that nobody answered came through, and the next value began another session under the cookie's id.
    if (count < user.least && user.shakenBy !== undefined) user.least = 0;
    demand(count >= user.least && count <= user.most, `${user.name} counted ${count}, not ${user.least} to ${user.most}`);
    user.least = count;
    if (!isQuiet) return;
    user.most = count;
    user.shakenBy = undefined;
  }

  async #recordOf(cookie: string): Promise<StoredRecord | undefined> {
    const text = await this.#read(keyOf(this.#idOf(cookie)));
    return text === undefined ? undefined : parse(text);
  }

  #leave(user: User, most = 0): void {
    Object.assign(user, { cookie: undefined, least: 0, most, shakenBy: undefined });
  }

  /** A logout, or a login, that nobody answered has ended the session. */
  #signOut(user: User, most: number): void {
    this.ends[user.shakenBy ?? "login"] += 1;
    this.#leave(user, most);
  }
}
