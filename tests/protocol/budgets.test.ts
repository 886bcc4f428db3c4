// How long a session waits for a store, to the millisecond.

import { createSessions, type Session, type SessionEvent, type Sessions, type SessionsOptions } from "edge-session";
import { type UpstashOptions, upstashStore } from "edge-session/stores/upstash";
import { bySeed } from "./choices.ts";
import { codeOf } from "./course.ts";
import { storiesOf } from "./stories.ts";
import { beginTime, passTime, passToNextTimer, quiet, START } from "./virtual-time.ts";

const story = storiesOf(import.meta.url);

/** What becomes of a request to the store. */
type Fate = "ok" | "hang" | "deaf" | "refuse" | "break" | "drip" | "busy" | "throttle";

/** A record of the session that every request carries. */
const RECORD = `1j.AAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBB.-.${START}.${START / 1000 + 86_400}.{\n"a":1}`;
const SECRET = "one secret of thirty-two bytes, or more";

/** A store over HTTP whose requests meet their fates one after the other, the last one for ever. */
class Place {
  readonly events: SessionEvent[] = [];
  /** When each request was sent, in milliseconds. */
  readonly sent: number[] = [];
  readonly sessions: Sessions;
  fates: Fate[] = ["ok"];
  cookie = "";

  constructor(limits: Partial<UpstashOptions> = {}, options: Partial<SessionsOptions> = {}) {
    Object.defineProperty(globalThis, "fetch", { value: this.#fetch, configurable: true, writable: true });
    const store = upstashStore({ url: "https://store.example", token: "t", circuitBreaker: false, ...limits });
    this.sessions = createSessions({ secrets: [SECRET], store, onEvent: (event) => this.events.push(event), ...options });
  }

  /** Begins time, and a session. */
  async begin(): Promise<this> {
    beginTime(1);
    const { took, session } = await this.visit("", async (session) => {
      await session.load();
      session.set("a", 1);
      await session.commit();
    });
    demand(took === 0, "what is answered at once takes time");
    this.cookie = session.setCookieHeaders()[0]?.split(";")[0] ?? "";
    this.sent.length = 0;
    this.events.length = 0;
    return this;
  }

  /** Does something with the session; says how it ended, and after how many milliseconds. */
  async visit(cookie: string, act: (session: Session) => unknown): Promise<Ended> {
    const session = this.sessions.open({ headers: new Headers({ cookie }) });
    return { ...(await ending(async () => act(session))), session };
  }

  /** Loads it while the store's requests meet these fates. */
  async load(...fates: Fate[]): Promise<Ended> {
    this.fates = fates;
    this.sent.length = 0;
    return await this.visit(this.cookie, (session) => session.load());
  }

  /** Loads and changes it; then its commit meets these fates. */
  async commit(act: (session: Session) => unknown, ...fates: Fate[]): Promise<Ended> {
    const { session } = await this.load("ok");
    session.set("a", 2);
    this.fates = fates;
    this.sent.length = 0;
    return { ...(await ending(async () => act(session))), session };
  }

  readonly #fetch = (_url: string, init: RequestInit): Promise<Response> => {
    this.sent.push(Date.now() - START);
    const fate = this.fates.length > 1 ? this.fates.shift() : this.fates[0];
    const [command = ""] = JSON.parse(String(init.body)) as string[];
    return new Promise((resolve, reject) => {
      if (fate !== "deaf") init.signal?.addEventListener("abort", () => reject(init.signal?.reason));
      if (fate === "ok") resolve(Response.json({ result: command === "GETEX" ? RECORD : 1 }));
      if (fate === "busy") resolve(new Response("", { status: 503 }));
      if (fate === "throttle") resolve(new Response("", { status: 429, headers: { "Retry-After": "1" } }));
      if (fate === "drip") resolve(new Response(dripping()));
      if (fate === "refuse") reject(Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNREFUSED" } }));
      if (fate === "break") setTimeout(() => reject(new TypeError("Network connection lost.")), 70);
    });
  };
}

interface Ended {
  /** The error's code or name; empty where there was none. */
  readonly code: string;
  readonly took: number;
  readonly session: Session;
}

/** A body of one byte each 50 ms. */
function dripping(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      const drip = () => {
        controller.enqueue(new Uint8Array([32]));
        setTimeout(drip, 50);
      };
      drip();
    },
  });
}

/** Lets time pass until something has ended. */
async function ending(act: () => Promise<unknown>): Promise<{ code: string; took: number }> {
  const began = Date.now();
  let code: string | undefined;
  void act().then(
    () => {
      code = "";
    },
    (error: { name?: string }) => {
      code = codeOf(error) ?? error.name ?? "?";
    },
  );
  for (;;) {
    // A body is read in several turns.
    for (let turn = 0; turn < 8; turn++) await quiet();
    if (code !== undefined) return { code, took: Date.now() - began };
    if (!passToNextTimer()) throw new Error("nothing is waited for any more");
  }
}

/** Demands what must hold. */
function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

/** Demands an end, and when it came. */
function ends({ code, took }: Ended, expected: string, milliseconds: number): void {
  demand(
    code === expected && took === milliseconds,
    `it ends as ${code || "done"} after ${took} ms, not as ${expected || "done"} after ${milliseconds}`,
  );
}

function sent(place: Place, ...times: number[]): void {
  const [first = 0] = place.sent;
  const seen = place.sent.map((time) => time - first).join();
  demand(seen === times.join(), `it asks after ${seen}, not after ${times.join()} ms`);
}

story("a dead store holds a load for operationTimeoutMs and retryTimeoutMs, and not a millisecond more", async () => {
  const place = await new Place().begin();
  ends(await place.load("hang"), "timeout", 2000);
  sent(place, 0, 1000);
  ends(await place.load("deaf"), "timeout", 2000);
  ends(await place.load("drip"), "timeout", 2000);
  ends(await place.load("refuse"), "store-unavailable", 1000);
  sent(place, 0, 20, 1000);
  ends(await place.load("break"), "store-unavailable", 1070);
  const quick = await new Place({ operationTimeoutMs: 300, retryTimeoutMs: 50 }).begin();
  ends(await quick.load("hang"), "timeout", 350);
  const once = await new Place({ operationTimeoutMs: 300, retryTimeoutMs: 0 }).begin();
  ends(await once.load("hang"), "timeout", 300);
  return 7;
});

story("a call is tried again after 20 ms, then every second, then once more, in the time that is left", async () => {
  const place = await new Place({ retryTimeoutMs: 3500 }).begin();
  ends(await place.load("refuse"), "store-unavailable", 3500);
  sent(place, 0, 20, 1020, 2020, 3020, 3500);
  ends(await place.load("busy", "busy", "ok"), "", 1020);
  ends(await place.load("hang", "ok"), "", 1020);
  const clipped = await new Place({ operationTimeoutMs: 700 }).begin();
  ends(await clipped.load("hang"), "timeout", 1700);
  sent(clipped, 0, 720, 1420);
  return 4;
});

story("ioTimeoutMs is over all of a load, tries and bodies included", async () => {
  for (const ioTimeoutMs of [1, 250, 999, 1000, 1500, 1999]) {
    const place = await new Place({}, { ioTimeoutMs }).begin();
    for (const fate of ["hang", "deaf", "drip"] as const) ends(await place.load(fate), "timeout", ioTimeoutMs);
  }
  const place = await new Place({}, { ioTimeoutMs: Number.POSITIVE_INFINITY }).begin();
  ends(await place.load("hang"), "timeout", 2000);
  return 19;
});

story("ioTimeoutMs is over all of a commit, a regenerateId() and a destroy()", async () => {
  const place = await new Place({}, { ioTimeoutMs: 1500 }).begin();
  ends(await place.commit((session) => session.commit(), "hang"), "commit-ambiguous", 1500);
  ends(await place.commit((session) => session.destroy(), "hang"), "timeout", 1500);
  const move = (session: Session) => {
    session.regenerateId();
    return session.commit();
  };
  const moved = await place.commit(move, "ok", "hang");
  demand(moved.took === 1500, `a regenerateId() takes ${moved.took} ms`);
  const long = await new Place({}, { ioTimeoutMs: 5000 }).begin();
  const undecided = await long.commit(move, "ok", "hang");
  demand(undecided.took === 5000, `a regenerateId() whose questions are not answered takes ${undecided.took} ms`);
  ends(await long.commit((session) => session.commit(), "hang"), "commit-ambiguous", 2000);
  return 5;
});

story("under concurrency exclusive the lock is within ioTimeoutMs too, and freeing it makes nobody wait longer", async () => {
  const place = await new Place({}, { ioTimeoutMs: 1500, concurrency: "exclusive" }).begin();
  ends(await place.load("hang"), "timeout", 1500);
  ends(await place.load("ok", "hang"), "timeout", 1500);
  ends(await place.load("refuse"), "store-unavailable", 1000);
  const commit = await place.commit((session) => session.commit(), "hang");
  demand(commit.took <= 1500 + 1000, `a commit and the freeing of its lock take ${commit.took} ms`);
  return 4;
});

story("the caller's own signal ends the waiting at once, with its own reason", async () => {
  const place = await new Place().begin();
  const late = (act: (session: Session, signal: AbortSignal) => Promise<void>) => (session: Session) => act(session, AbortSignal.timeout(300));
  place.fates = ["hang"];
  ends(
    await place.visit(
      place.cookie,
      late((session, signal) => session.load({ signal })),
    ),
    "TimeoutError",
    300,
  );
  ends(
    await place.commit(
      late((session, signal) => session.commit({ signal })),
      "hang",
    ),
    "TimeoutError",
    300,
  );
  const controller = new AbortController();
  place.fates = ["refuse"];
  setTimeout(() => controller.abort(new RangeError("the visitor left")), 500);
  ends(await place.visit(place.cookie, (session) => session.load({ signal: controller.signal })), "RangeError", 500);
  return 3;
});

story("a renewal that is waited for takes one try of the store's at most, and is no failure of the answer", async () => {
  for (const operationTimeoutMs of [300, 3000]) {
    const place = await new Place({ operationTimeoutMs }).begin();
    place.fates = ["hang"];
    let status = 0;
    const headers = new Headers({ cookie: place.cookie });
    const { took } = await ending(async () => {
      status = (await place.sessions.handle({ headers }, undefined, () => new Response())).status;
    });
    demand(took === operationTimeoutMs, `it takes ${took} ms`);
    demand(status === 200 && place.events.map(({ name }) => name).join() === "store-failed", "it is told otherwise");
  }
  return 2;
});

story("a failure that is known is told as it is, at once, where no further try fits the budget", async () => {
  const place = await new Place({ circuitBreaker: true }, { ioTimeoutMs: 900 }).begin();
  ends(await place.load("refuse"), "store-unavailable", 20);
  sent(place, 0, 20);
  ends(await place.commit((session) => session.commit(), "refuse"), "store-unavailable", 20);
  // A store that asks for fewer calls answers: it is no dead one, however often it says so.
  for (let renewal = 1; renewal <= 10; renewal++) {
    place.fates = ["throttle"];
    const headers = new Headers({ cookie: place.cookie });
    await ending(() => place.sessions.handle({ headers }, undefined, () => new Response()));
  }
  const told = place.events.slice(-10).map((event) => (event.name === "store-failed" ? event.code : event.name));
  demand(told.every((code) => code === "store-throttled") && told.length === 10, `it is told as ${told.join()}`);
  ends(await place.load("ok"), "", 0);
  return 13;
});

story("a visitor without a session waits for nothing while the store is dead", async () => {
  const place = await new Place().begin();
  place.fates = ["hang"];
  ends(await place.visit("", (session) => session.load()), "", 0);
  demand(place.sent.length === 0, "the store is asked");
  return 1;
});

story("after five calls without an answer a dead store costs nothing for a second, and one try each second", async () => {
  const place = await new Place({ circuitBreaker: true }).begin();
  for (let call = 1; call <= 5; call++) ends(await place.load("hang"), "timeout", 2000);
  for (let call = 1; call <= 100; call++) ends(await place.load("hang"), "store-unavailable", 0);
  demand(place.sent.length === 0, "it is asked");
  const told = place.events.filter(({ name }) => name === "store-failed").at(-1);
  demand(told?.name === "store-failed" && told.tries === 0, "tries are told that were not made");
  passTime(1000);
  ends(await place.load("hang"), "timeout", 1000);
  ends(await place.load("hang"), "store-unavailable", 0);
  demand(place.events.filter(({ name }) => name === "breaker-opened").length === 1, "it is told more than once");
  return 107;
});

story("a silent store whose limit is above ioTimeoutMs is left alone too; a caller's own limit says nothing of it", async () => {
  const place = await new Place({ circuitBreaker: true }, { ioTimeoutMs: 300 }).begin();
  const hasty = (session: Session) => session.load({ signal: AbortSignal.timeout(100) });
  place.fates = ["hang"];
  for (let call = 1; call <= 10; call++) ends(await place.visit(place.cookie, hasty), "TimeoutError", 100);
  for (let call = 1; call <= 5; call++) ends(await place.load("hang"), "timeout", 300);
  ends(await place.load("hang"), "store-unavailable", 0);
  return 16;
});

story("a store that answers again is asked again within two seconds", async () => {
  for (let back = 0; back < 1000; back += 90) {
    const place = await new Place({ circuitBreaker: true }).begin();
    for (let call = 1; call <= 5; call++) await place.load("refuse");
    // What asked just before it came back failed, and nobody asks for a second.
    passTime(back);
    await place.load("refuse");
    let waited = 0;
    for (; waited <= 2000 && (await place.load("ok")).code !== ""; waited += 50) passTime(50);
    demand(waited <= 2000, `after ${waited} ms`);
    demand(place.events.at(-1)?.name === "breaker-closed" || place.events.at(-2)?.name === "breaker-closed", "nobody is told");
    ends(await place.load("hang", "ok"), "", 1000);
  }
  return 12;
});

story("circuitBreaker: false asks each time", async () => {
  const place = await new Place().begin();
  for (let call = 1; call <= 20; call++) {
    ends(await place.load("refuse"), "store-unavailable", 1000);
    sent(place, 0, 20, 1000);
  }
  return 20;
});

story("whatever fails, and whatever the limits are, nothing takes longer than they say", async () => {
  const last = process.env.SEED === undefined ? 400 : Number(process.env.SEED);
  for (let seed = Number(process.env.SEED ?? "1"); seed <= last; seed++) {
    const choices = bySeed(seed);
    const operationTimeoutMs = 1 + choices.next(1500);
    const retryTimeoutMs = choices.next(2) * choices.next(2500);
    const ioTimeoutMs = 100 + choices.next(6000);
    const place = await new Place({ operationTimeoutMs, retryTimeoutMs }, { ioTimeoutMs }).begin();
    const all: Fate[] = ["ok", "hang", "deaf", "refuse", "break", "drip", "busy"];
    const fates = Array.from({ length: 12 }, () => all[choices.next(all.length)] as Fate);
    const call = Math.min(ioTimeoutMs, operationTimeoutMs + retryTimeoutMs);
    const load = await place.load(...fates);
    demand(load.took <= call, `SEED=${seed}: a load takes ${load.took} ms of ${call}`);
    const acts = [(session: Session) => session.commit(), (session: Session) => session.destroy()];
    const commit = await place.commit((session) => acts[choices.next(2)]?.(session), ...fates);
    demand(commit.took <= ioTimeoutMs, `SEED=${seed}: a commit takes ${commit.took} ms of ${ioTimeoutMs}`);
  }
  return 400;
});
