// Many users over a store that fails at random lose nothing.
//
// A run that fails prints its seed; SEED=<n> plays it again, SCHEDULES_TIMES=<n> plays n seeds.

import { type Session, SessionError, type SessionErrorCode } from "edge-session";
import { bySeed } from "./choices.ts";
import { codeOf } from "./course.ts";
import { COOKIE, type Setup, slotFor } from "./doors.ts";
import { keyOf, parse } from "./history.ts";
import { type Call, SimulatedStore } from "./simulated-store.ts";
import { storiesOf } from "./stories.ts";
import { beginTime, passTime, passToNextTimer, quiet } from "./virtual-time.ts";

const story = storiesOf(import.meta.url);
const USERS = 200;
const REQUESTS = 10_000;
const setup: Setup = { idleTimeoutSeconds: 34_560_000, absoluteTimeoutSeconds: Number.POSITIVE_INFINITY, ioTimeoutMs: 2000 };
const refusals: SessionErrorCode[] = ["store-auth", "store-throttled", "store-quota", "store-protocol", "store-rejected"];

type Kind = "read" | "image" | "add" | "twice" | "login" | "logout";

/** A user, as the browser and the application know them. */
interface User {
  readonly name: string;
  cookie: string | undefined;
  /** How often the counter was raised at least, and at most. */
  least: number;
  most: number;
  /** A login or logout that failed, and may still take its effect. */
  shakenBy: "login" | "logout" | undefined;
}

/** What came of a request. */
interface Outcome {
  readonly user: User;
  readonly kind: Kind;
  readonly code: string;
  readonly line: string | undefined;
  /** The cookie that it carried. */
  readonly sent: string | undefined;
  /** How often the handler raised the counter. */
  readonly raised: number;
}

story("10,000 faulted requests of 200 users: nothing lost, nobody signed out, no cookie without its record", async () => {
  const first = Number(process.env.SEED ?? "1");
  const last = process.env.SEED === undefined ? Number(process.env.SCHEDULES_TIMES ?? "1") : first;
  for (let seed = first; seed <= last; seed++) {
    const run = new Run(seed);
    await run.play().catch((error: Error) => {
      throw new Error(`SEED=${seed}: after ${run.faulted} faulted requests: ${error.message}`);
    });
  }
  return (last - first + 1) * REQUESTS;
});

/** Demands what must hold. */
function demand(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

class Run {
  /** Requests of which at least one call failed. */
  faulted = 0;
  readonly #store = new SimulatedStore<string>(() => Date.now());
  readonly #choices: ReturnType<typeof bySeed>;
  readonly #users: User[];
  readonly #owners = new Map<string, string>();
  readonly #ended = new Set<string>();
  readonly #hurt = new Set<string>();
  /** Calls that nobody waits for and that are still to arrive. */
  #late = 0;
  readonly #ends = { failed: 0, login: 0, logout: 0, loginsFailed: 0 };

  constructor(seed: number) {
    this.#choices = bySeed(seed);
    beginTime(seed);
    this.#users = Array.from({ length: USERS }, (_, place) => ({
      name: `user ${place}`,
      cookie: undefined,
      least: 0,
      most: 0,
      shakenBy: undefined,
    }));
  }

  async play(): Promise<void> {
    for (const user of this.#users) {
      const [outcome] = await this.#requests([[user, "add"]], false);
      demand(outcome?.code === "", "a calm request fails");
      await this.#settle(outcome);
    }
    while (this.faulted < REQUESTS) {
      this.#hurt.clear();
      const outcomes = await this.#requests(this.#plan(), true);
      this.faulted += this.#hurt.size;
      for (const outcome of outcomes) await this.#settle(outcome);
      for (const { user } of outcomes) await this.#look(user);
      this.#checkRecords();
    }
    const { failed, loginsFailed, login } = this.#ends;
    demand(failed > REQUESTS / 10, `only ${failed} requests failed`);
    // The old id leads to the new one already, and no question whether it does was answered: the user signs in again.
    demand(login < loginsFailed / 10, `of ${loginsFailed} logins that failed ${login} ended the session`);
  }

  /** Draws one to three requests at once: of several users, or of one with several tabs. */
  #plan(): [User, Kind][] {
    const user = () => this.#users[this.#choices.next(USERS)] as User;
    const one = user();
    const kinds: Kind[] = ["read", "image", "add", "add", "twice", "login", "logout"];
    switch (this.#choices.next(4)) {
      case 0:
        return Array.from({ length: 1 + this.#choices.next(3) }, () => [one, kinds[this.#choices.next(5)] as Kind]);
      case 1:
        return [...new Set([one, user(), user()])].map((each) => [each, kinds[this.#choices.next(7)] as Kind]);
      default:
        return [[one, kinds[this.#choices.next(7)] as Kind]];
    }
  }

  async #requests(plan: [User, Kind][], isFaulty: boolean): Promise<Outcome[]> {
    const ends = plan.map(([user, kind], place) => this.#request(user, kind, place));
    await this.#travel(ends, isFaulty);
    return await Promise.all(ends);
  }

  async #request(user: User, kind: Kind, place: number): Promise<Outcome> {
    const slot = slotFor<string>(setup, place);
    Object.assign(slot.door, { store: this.#store, caller: `${place}` });
    slot.onEvent = () => {};
    const { cookie: sent } = user;
    const headers = new Headers(sent === undefined ? {} : { cookie: sent });
    let raised = 0;
    const add = (session: Session) => {
      raised += 1;
      session.update("count", (count) => Number(count ?? 0) + 1);
    };
    const handled = slot.sessions.handle({ headers }, undefined, async (session) => {
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

  /** Takes up what came of a request, and demands what must hold of it. */
  async #settle({ user, kind, code, line, sent, raised }: Outcome): Promise<void> {
    const isDone = code === "";
    this.#ends.failed += isDone ? 0 : 1;
    demand(isDone || /^(503|timeout|store-[a-z]+|commit-ambiguous|conflict)$/.test(code), `a ${kind} ends as ${code}`);
    demand(isDone || line === undefined, "a cookie leaves with a failure");
    user.most += raised;
    if (!isDone && kind === "login") this.#ends.loginsFailed++;
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
    const record = this.#store.read(keyOf(this.#idOf(cookie)));
    demand(record !== undefined && parse(record).kind === "data", "a cookie names a record that is not there");
    demand(parse(record).values.user === user.name, "a cookie names another user's record");
    if (sent === undefined || user.shakenBy !== undefined) user.least = 0;
    user.cookie = cookie;
    user.shakenBy = undefined;
  }

  /** Loads a user's session where nothing fails: it is there, and what was confirmed is in it. */
  async #look(user: User): Promise<void> {
    for (const cookie of this.#ended) demand(!(await this.#isLiving(cookie)), "an ended session is back");
    if (this.#ended.size > 5) this.#ended.clear();
    if (user.cookie === undefined) return;
    const record = this.#store.read(keyOf(this.#idOf(user.cookie)));
    const living = record === undefined ? undefined : parse(record);
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
    if (this.#late > 0) return;
    user.most = count;
    user.shakenBy = undefined;
  }

  /** Every record is whole, and is still its owner's. */
  #checkRecords(): void {
    for (const key of this.#store.keys()) {
      const { kind, values } = parse(this.#store.read(key) ?? "");
      demand(kind !== undefined, "a record of no kind is stored");
      if (kind !== "data") continue;
      const owner = String(values.user);
      demand((this.#owners.get(key) ?? owner) === owner, "a record changed its owner");
      this.#owners.set(key, owner);
    }
  }

  async #isLiving(cookie: string): Promise<boolean> {
    const record = this.#store.read(keyOf(this.#idOf(cookie)));
    return record !== undefined && parse(record).kind === "data";
  }

  #leave(user: User, most = 0): void {
    Object.assign(user, { cookie: undefined, least: 0, most, shakenBy: undefined });
  }

  /** A logout, or a login, that nobody answered has ended the session. */
  #signOut(user: User, most: number): void {
    this.#ends[user.shakenBy ?? "login"] += 1;
    this.#leave(user, most);
  }

  #idOf(cookie: string): string {
    demand(cookie.startsWith(`${COOKIE}=`), "a cookie of another name");
    return slotFor<string>(setup, 0).sessions.open({ headers: new Headers({ cookie }) }).id ?? "";
  }

  /** Lets calls travel, some of them into the ditch, until every request has ended. */
  async #travel(ends: readonly Promise<unknown>[], isFaulty: boolean): Promise<void> {
    const underWay = new Set<Call<string>>();
    let isOver = false;
    const all = Promise.allSettled(ends).then(() => {
      isOver = true;
    });
    for (await quiet(); !isOver; await quiet()) {
      for (const call of [...this.#store.waiting]) {
        if (underWay.has(call)) continue;
        underWay.add(call);
        this.#send(call, isFaulty ? this.#choices.next(10) : 9);
      }
      if (!passToNextTimer()) passTime(1);
    }
    await all;
  }

  #send(call: Call<string>, fate: number): void {
    const store = this.#store;
    const soon = 1 + this.#choices.next(30);
    if (fate <= 5) this.#hurt.add(call.caller);
    const fail = (code: SessionErrorCode) => {
      store.waiting.splice(store.waiting.indexOf(call), 1);
      call.reject(new SessionError(code, "the store failed."));
    };
    const arriveLate = () => {
      this.#late += 1;
      const arrive = () => {
        this.#late -= 1;
        store.apply(call);
      };
      setTimeout(arrive, soon + this.#choices.next(5000));
    };
    switch (fate) {
      case 0: // nothing is sent
        setTimeout(() => fail("store-unavailable"), soon);
        return;
      case 1: // it is refused
        setTimeout(() => fail(refusals[this.#choices.next(refusals.length)] ?? "store-auth"), soon);
        return;
      case 2: // it is carried out, and the answer is lost
      case 3:
        setTimeout(() => {
          store.apply(call);
          fail(fate === 2 ? "timeout" : "store-unavailable");
        }, soon);
        return;
      case 4: // it is given up, and arrives later
        arriveLate();
        setTimeout(() => fail("timeout"), soon);
        return;
      case 5: // it is never answered, and may arrive
        if (this.#choices.next(2) === 0) arriveLate();
        store.waiting.splice(store.waiting.indexOf(call), 1);
        return;
      default:
        setTimeout(() => store.reply(call, store.apply(call)), soon);
    }
  }
}
