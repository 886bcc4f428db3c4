// One fault at each call of each operation: nothing is lost.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createSessions, type Session, type Sessions, type Store } from "edge-session";
import { type FaultProxy, startFaultProxy } from "../fault-proxy.ts";
import { reset, type Step } from "../fault-server.ts";
import { faults } from "../faults.ts";
import { type Front, fronts } from "../fronts.ts";
import { connectRedis, type RedisClient } from "../redis-client.ts";
import { startRedis } from "../servers.ts";
import { keyOf, pairOf, request, SECRET } from "./world.ts";

interface Data {
  user: string;
  count: number;
}

/** What a request does, and how many calls it makes where nothing fails. */
interface Operation {
  readonly calls: number;
  /** What the browser has before. */
  readonly from: "session" | "nothing" | "expired";
  /** What it has after, where nothing fails. */
  readonly to: "same" | "count" | "moved" | "nothing";
  /** Whether it has a lock meanwhile. */
  readonly locks?: boolean;
  readonly run: (session: Session<Data>) => unknown;
}

async function add(session: Session<Data>): Promise<void> {
  await session.load();
  session.set("user", "Ada");
  session.update("count", (count = 0) => count + 1);
}

const operations: Record<string, Operation> = {
  "a load": { calls: 1, from: "session", to: "same", run: (session) => session.load() },
  "a renewal": { calls: 1, from: "session", to: "same", run: () => undefined },
  "a commit": { calls: 2, from: "session", to: "count", run: add },
  "a load with a lock": { calls: 3, from: "session", to: "same", locks: true, run: (session) => session.load() },
  "a commit with a lock": { calls: 4, from: "session", to: "count", locks: true, run: add },
  "a first commit": { calls: 1, from: "nothing", to: "count", run: add },
  "a commit under an id whose record expired": { calls: 2, from: "expired", to: "count", run: add },
  "a destroy": { calls: 2, from: "session", to: "nothing", run: (session) => session.destroy() },
  "a regenerateId()": { calls: 3, from: "session", to: "moved", run: (session) => add(session).then(() => session.regenerateId()) },
};

/** One fault of each group and code, as the others are the same to a session; and what could be taken for absent. */
const typical = faults.filter(({ name, group, code }, place) => {
  const isFirst = place === faults.findIndex((other) => other.group === group && other.code === code);
  return isFirst || ["{}", "an object", "204", "null in a 404"].includes(name);
});

const RECORD = /^1[jmd]\.[\w-]{16}\.[\w-]{16}\.(-|[\w-]{16})\.(-|\d{13}|[\w-]{22})\.\d{10}\.\{[^{}]*\}$/;
const unguarded = { retryTimeoutMs: 0, circuitBreaker: false };

/** What came of a request. */
interface Outcome {
  readonly isDone: boolean;
  /** The cookie lines of its answer. */
  readonly lines: readonly string[];
  readonly id: string | undefined;
}

/** How a fault comes. */
interface How {
  /** The call is carried out, and its answer lost. */
  readonly isLost: boolean;
  /** All later calls fail too. */
  readonly lasts: boolean;
  /** It ends by the time limit alone. */
  readonly endsLate: boolean;
}

/** A Redis, its front, the proxy before it, and sessions with and without the proxy. */
class Place {
  readonly #front: Front;
  readonly #stops: (() => unknown)[] = [];
  #redis!: RedisClient;
  #proxy!: FaultProxy;
  #calm!: Sessions<Data>;
  #shaken!: (operation: Operation, endsLate: boolean) => Sessions<Data>;
  failures = 0;

  constructor(front: Front) {
    this.#front = front;
  }

  async start(): Promise<void> {
    const server = await startRedis();
    const front = await this.#front.start(server.port);
    this.#redis = await connectRedis(server.port);
    this.#proxy = await startFaultProxy(front.url);
    const options = { secrets: [SECRET], onEvent: () => undefined };
    this.#calm = createSessions<Data>({ ...options, store: this.#front.open(front.url, { ...unguarded, operationTimeoutMs: 10_000 }) });
    const [patient, hasty] = [10_000, 100].map((operationTimeoutMs) => this.#front.open(this.#proxy.url, { ...unguarded, operationTimeoutMs })) as [
      Store,
      Store,
    ];
    this.#shaken = ({ locks }, endsLate) =>
      createSessions<Data>({ ...options, store: endsLate ? hasty : patient, concurrency: locks === true ? "exclusive" : "merge" });
    this.#stops.push(this.#proxy.stop, this.#redis.close, front.stop, server.stop);
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops) await stop();
  }

  /** Plays a step in the place of one call, or of its answer, and nothing or the same in the place of all after it. */
  async play(operation: Operation, call: number, step: Step, how: How): Promise<void> {
    await this.#redis.send("FLUSHALL");
    const cookie = operation.from === "nothing" ? undefined : await this.#signedIn();
    const id = cookie === undefined ? undefined : this.#calm.open(request({ cookie })).id;
    const key = keyOf(id ?? "");
    if (operation.from === "expired") await this.#redis.send("DEL", key);
    const stored = await this.#redis.send("GET", key);
    const passes = Array.from({ length: call }, () => this.#proxy.pass);
    const played = how.isLost ? this.#proxy.spoil(step) : step;
    if (how.lasts) this.#proxy.play(...passes, played, step);
    else this.#proxy.script(...passes, played);
    const outcome = await this.#visit(this.#shaken(operation, how.endsLate), operation, cookie);
    // On a busy machine another call may be late too, and be carried out.
    const isUnknown = how.isLost || how.endsLate;
    this.failures += outcome.isDone ? 0 : 1;
    const now = await this.#redis.send("GET", key);
    if (operation.to === "same" || (!isUnknown && !outcome.isDone)) assert.equal(now, stored);
    else if (now !== stored) assert.match(String(now), RECORD);
    // In between two records a login that nobody answered ends for its browser as one that never was.
    const mayBeLost = operation.to === "moved" && how.isLost && call === 2 && (how.lasts || how.endsLate);
    await this.#judge(operation, outcome, { cookie, id, isLost: isUnknown, mayBeLost: mayBeLost && !outcome.isDone });
  }

  async #judge(
    operation: Operation,
    outcome: Outcome,
    { cookie, id, isLost, mayBeLost }: { cookie: string | undefined; id: string | undefined; isLost: boolean; mayBeLost: boolean },
  ): Promise<void> {
    const [line, ...more] = outcome.lines;
    assert.deepEqual(more, []);
    if (!outcome.isDone) assert.equal(line, undefined, "a cookie leaves with a failure");
    if (!outcome.isDone && operation.to !== "moved") assert.equal(outcome.id, id, "there is a new id");
    if (operation.to === "nothing") {
      assert.equal(line?.includes("Max-Age=0") ?? false, outcome.isDone);
      const user = await this.#userOf(cookie);
      if (outcome.isDone) assert.equal(user, undefined);
      else if (!isLost) assert.deepEqual(user, ["Ada", 1]);
      return;
    }
    if (line !== undefined) assert.notEqual(await this.#userOf(pairOf(line)), undefined, "a cookie names a record that is not there");
    const user = await this.#userOf(line === undefined ? cookie : pairOf(line));
    if (operation.from !== "session") {
      assert.equal(line !== undefined, outcome.isDone);
      assert.ok(outcome.isDone ? user?.[1] === 1 : user === undefined || isLost);
    } else if (!mayBeLost) {
      assert.equal(user?.[0], "Ada", "the user is signed out");
      const counts = operation.to === "same" ? [1] : outcome.isDone ? [2] : isLost ? [1, 2] : [1];
      assert.ok(counts.includes(Number(user?.[1])), `count ${user?.[1]}, not one of ${counts.join()}`);
    }
  }

  /** Begins a session; gives its cookie. */
  async #signedIn(): Promise<string> {
    const session = this.#calm.open(request());
    await add(session);
    await session.commit();
    return pairOf(session.setCookieHeaders()[0] ?? "");
  }

  async #visit(sessions: Sessions<Data>, { run }: Operation, cookie: string | undefined): Promise<Outcome> {
    let id: string | undefined;
    const handled = sessions.handle(request({ cookie }), undefined, async (session) => {
      try {
        await run(session);
      } finally {
        // What a first value draws is no session's before it is stored.
        id = session.isLoaded && session.isNew ? (cookie === undefined ? undefined : session.id) : session.id;
      }
      return new Response();
    });
    const answer = await handled.catch(() => undefined);
    return { isDone: answer?.status === 200, lines: answer?.headers.getSetCookie() ?? [], id };
  }

  /** What the session of a cookie holds, as long as it lives. */
  async #userOf(cookie: string | undefined): Promise<[user: string | undefined, count: number | undefined] | undefined> {
    const session = this.#calm.open(request({ cookie }));
    await session.load();
    return session.isNew ? undefined : [session.get("user"), session.get("count")];
  }
}

for (const front of fronts) {
  describe(`with ${front.name}, nothing is lost by a fault of`, () => {
    const place = new Place(front);
    before(() => place.start());
    after(() => place.stop());

    for (const [what, operation] of Object.entries(operations)) {
      test(what, async () => {
        place.failures = 0;
        for (let call = 0; call < operation.calls; call++) {
          for (const isLost of [false, true]) {
            for (const { name: fault, code, play } of typical) {
              const at = `${fault}, ${isLost ? "carried out" : "not carried out"}, at call ${call + 1}`;
              await place.play(operation, call, play(front.speech), { isLost, lasts: false, endsLate: code === "timeout" }).catch((error: Error) => {
                throw Object.assign(error, { message: `${at}: ${error.message}` });
              });
            }
            await place.play(operation, call, reset, { isLost, lasts: true, endsLate: false });
          }
        }
        if (what !== "a renewal") assert.ok(place.failures > typical.length, `${place.failures} requests failed`);
      });
    }
  });
}
