// Hours of users, faults and traps, each answer checked.

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { dice } from "../api/seeds.ts";
import { type FaultProxy, startFaultProxy } from "../fault-proxy.ts";
import { faults, upstashSpeech, webdisSpeech } from "../faults.ts";
import { type Server, startRedis, startUpstash, startWebdis } from "../servers.ts";
import { startWorker, type Worker } from "../workerd/harness.ts";
import { type Act, type Answer, User, wrongForStranger } from "./user.ts";

/** What to run; it ends after so many milliseconds or answers, whichever comes first. */
export interface Plan {
  readonly store: "webdis" | "upstash";
  readonly seed: number;
  /** Of 100 calls to the store so many fail, and of 100 requests so many trap the core. */
  readonly faults: number;
  readonly traps: number;
  readonly milliseconds: number;
  readonly answers?: number;
  /** Is told each second. */
  readonly onSecond?: (report: Report) => void;
}

/** What came of it. */
export interface Report {
  readonly begun: number;
  answers: number;
  /** Answers of 500 and above; a fault or a trap may end in one. */
  failures: number;
  /** Calls to the store that failed, and traps that were forced. */
  faults: number;
  traps: number;
  /** Answers that a trap failed. */
  trapped: number;
  /** What was wrong, each with the act. */
  readonly wrong: string[];
  readonly samples: Sample[];
}

/** One answer's milliseconds, or the memory of workerd in KiB, at so many milliseconds. */
export interface Sample {
  readonly at: number;
  readonly latency?: number;
  readonly rss?: number;
}

const USERS = 200;
const AT_ONCE = 8;
/** Who waits longer is not answered at all. */
const HANGS_AFTER_MS = 60_000;
const DEAD_KEPT = 500;

/** Runs the plan. */
export async function soak(plan: Plan): Promise<Report> {
  const redis = await startRedis();
  const front = await (plan.store === "webdis" ? startWebdis({ redisPort: redis.port }) : startUpstash({ redisPort: redis.port, token: "soak" }));
  const proxy = await startFaultProxy(front.url);
  const bindings = { SESSION_SECRET: randomBytes(32).toString("base64url"), STORE: plan.store, STORE_URL: proxy.url };
  const worker = await startWorker({ entry: "tests/soak/worker.ts", bindings });
  try {
    return await new Soak(plan, worker, proxy).run();
  } finally {
    await stopAll(worker, proxy, front, redis);
  }
}

async function stopAll(...all: Pick<Server, "stop">[]): Promise<void> {
  for (const each of all) await each.stop();
}

class Soak {
  readonly #plan: Plan;
  readonly #worker: Worker;
  readonly #roll: (limit: number) => number;
  readonly #idle: User[] = Array.from({ length: USERS }, (_, number) => new User(`user-${number}`));
  /** Cookies of sessions that ended, or moved on. */
  readonly #dead: string[] = [];
  readonly #report: Report;

  constructor(plan: Plan, worker: Worker, proxy: FaultProxy) {
    this.#plan = plan;
    this.#worker = worker;
    this.#roll = dice(plan.seed);
    this.#report = { begun: performance.now(), answers: 0, failures: 0, faults: 0, traps: 0, trapped: 0, wrong: [], samples: [] };
    this.#spoil(proxy);
  }

  async run(): Promise<Report> {
    const watch = setInterval(() => {
      this.#report.samples.push({ at: this.#now(), rss: residentOf(this.#worker.pid) });
      this.#plan.onSecond?.(this.#report);
    }, 1000);
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, () => this.#work()));
    } finally {
      clearInterval(watch);
    }
    return this.#report;
  }

  #now = (): number => performance.now() - this.#report.begun;

  /** Fails some calls, before or after the real store has carried them out, in every way that a store fails. */
  #spoil(proxy: FaultProxy): void {
    const speech = this.#plan.store === "webdis" ? webdisSpeech : upstashSpeech;
    proxy.play((seen, response) => {
      proxy.seen.length = 0;
      const fault = this.#roll(100) < this.#plan.faults ? faults[this.#roll(faults.length)] : undefined;
      if (fault === undefined) return proxy.pass(seen, response);
      this.#report.faults += 1;
      const step = fault.play(speech);
      return this.#roll(2) === 0 ? step(seen, response) : proxy.spoil(step)(seen, response);
    });
  }

  /** One thing after the other, until the time is up or something is wrong. */
  async #work(): Promise<void> {
    const { milliseconds, answers = Number.POSITIVE_INFINITY } = this.#plan;
    while (this.#now() < milliseconds && this.#report.answers < answers && this.#report.wrong.length < 10) {
      const [user] = this.#idle.splice(this.#roll(this.#idle.length), 1);
      if (user === undefined) return;
      const problem = this.#roll(10) === 0 ? await this.#asStranger() : await this.#asUser(user);
      if (problem !== undefined) this.#report.wrong.push(problem);
      if (this.#report.trapped > this.#report.traps) this.#report.wrong.push("more answers failed by traps than there were traps");
      this.#idle.push(user);
    }
  }

  /** Without a cookie, with an altered one, with one that ended. */
  async #asStranger(): Promise<string | undefined> {
    const dead = this.#dead[this.#roll(this.#dead.length)];
    const kinds = [undefined, "A".repeat(96), dead && `${dead.slice(0, 50)}${dead[50] === "A" ? "B" : "A"}${dead.slice(51)}`, dead, dead, dead];
    const problem = wrongForStranger(await this.#ask("read", kinds[this.#roll(kinds.length)]));
    return problem && `a stranger: ${problem}`;
  }

  async #asUser(user: User): Promise<string | undefined> {
    const { cookie } = user;
    if (user.inDoubt) return named("in doubt", user.takeInDoubt(await this.#ask("read", cookie)));
    const act = cookie === undefined ? "begin" : this.#choose();
    if (act === "count") {
      const answers = Array.from({ length: 1 + this.#roll(2) }, () => this.#ask(act, cookie));
      return named(act, user.takeCounts(await Promise.all(answers)));
    }
    const answer = await this.#ask(act, cookie, user.owner);
    const problem = user.take(act, answer);
    if (user.cookie !== cookie && cookie !== undefined) this.#bury(cookie);
    return named(act, problem);
  }

  #choose(): Act {
    const roll = this.#roll(100);
    return roll < 45 ? "read" : roll < 80 ? "count" : roll < 90 ? "pass" : roll < 97 ? "login" : "logout";
  }

  #bury(cookie: string): void {
    if (this.#dead.length < DEAD_KEPT) this.#dead.push(cookie);
    else this.#dead[this.#roll(DEAD_KEPT)] = cookie;
  }

  async #ask(act: Act, cookie: string | undefined, owner = ""): Promise<Answer> {
    const trap = this.#roll(100) < this.#plan.traps ? `&trap=${["open", "act"][this.#roll(2)]}` : "";
    if (trap !== "") this.#report.traps += 1;
    const headers = cookie === undefined ? [] : [["cookie", `__Host-session=${cookie}`] as [string, string]];
    const sent = performance.now();
    const response = await fetch(`${this.#worker.url}/${act}?owner=${owner}${trap}`, { headers, signal: AbortSignal.timeout(HANGS_AFTER_MS) });
    const text = await response.text();
    this.#report.samples.push({ at: this.#now(), latency: performance.now() - sent });
    this.#report.answers += 1;
    const [line] = response.headers.getSetCookie();
    const set = line === undefined ? {} : { cookie: /^__Host-session=([^;]*);/.exec(line)?.[1] ?? line };
    const answer: Answer = { ...(text.startsWith("{") ? (JSON.parse(text) as object) : {}), ...set, status: response.status };
    if (answer.status >= 500) this.#report.failures += 1;
    if (answer.code === "core-failed") this.#report.trapped += 1;
    return answer;
  }
}

const named = (act: string, problem: string | undefined) => problem && `${act}: ${problem}`;

/** The resident memory of a process in KiB, as Linux tells it. */
function residentOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}
