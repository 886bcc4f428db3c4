// Many users over a store that fails at random lose nothing.
//
// A run that fails prints its seed; SEED=<n> plays it again, SCHEDULES_TIMES=<n> plays n seeds.

import { SessionError, type SessionErrorCode } from "edge-session";
import { bySeed } from "./choices.ts";
import { type Setup, slotFor } from "./doors.ts";
import { parse } from "./history.ts";
import { demand, drawRequests, type Kind, Ledger, makeUsers, type Outcome, type User, visit } from "./ledger.ts";
import { type Call, SimulatedStore } from "./simulated-store.ts";
import { storiesOf } from "./stories.ts";
import { beginTime, passTime, passToNextTimer, quiet } from "./virtual-time.ts";

const story = storiesOf(import.meta.url);
const USERS = 200;
const REQUESTS = 10_000;
const setup: Setup = { idleTimeoutSeconds: 34_560_000, absoluteTimeoutSeconds: Number.POSITIVE_INFINITY, ioTimeoutMs: 2000 };
const refusals: SessionErrorCode[] = ["store-auth", "store-throttled", "store-quota", "store-protocol", "store-rejected"];

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

class Run {
  /** Requests of which at least one call failed. */
  faulted = 0;
  readonly #store = new SimulatedStore<string>(() => Date.now());
  readonly #choices: ReturnType<typeof bySeed>;
  readonly #users = makeUsers(USERS);
  readonly #ledger = new Ledger(idOf, async (key) => this.#store.read(key));
  readonly #owners = new Map<string, string>();
  readonly #hurt = new Set<string>();
  /** Calls that nobody waits for and that are still to arrive. */
  #late = 0;

  constructor(seed: number) {
    this.#choices = bySeed(seed);
    beginTime(seed);
  }

  async play(): Promise<void> {
    for (const user of this.#users) {
      const [outcome] = await this.#requests([[user, "add"]], false);
      demand(outcome?.code === "", "a calm request fails");
      await this.#ledger.settle(outcome);
    }
    while (this.faulted < REQUESTS) {
      this.#hurt.clear();
      const outcomes = await this.#requests(drawRequests(this.#users, this.#choices.next.bind(this.#choices)), true);
      this.faulted += this.#hurt.size;
      for (const outcome of outcomes) await this.#ledger.settle(outcome);
      for (const { user } of outcomes) await this.#ledger.look(user, this.#late === 0);
      this.#checkRecords();
    }
    const { failed, loginsFailed, login } = this.#ledger.ends;
    demand(failed > REQUESTS / 10, `only ${failed} requests failed`);
    // The old id leads to the new one already, and no question whether it does was answered: the user signs in again.
    demand(login < loginsFailed / 10, `of ${loginsFailed} logins that failed ${login} ended the session`);
  }

  async #requests(plan: [User, Kind][], isFaulty: boolean): Promise<Outcome[]> {
    const ends = plan.map(([user, kind], place) => this.#request(user, kind, place));
    await this.#travel(ends, isFaulty);
    return await Promise.all(ends);
  }

  #request(user: User, kind: Kind, place: number): Promise<Outcome> {
    const slot = slotFor<string>(setup, place);
    Object.assign(slot.door, { store: this.#store, caller: `${place}` });
    slot.onEvent = () => {};
    return visit(slot.sessions, user, kind);
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

function idOf(cookie: string): string {
  return slotFor<string>(setup, 0).sessions.open({ headers: new Headers({ cookie }) }).id ?? "";
}
