// One run: requests, browsers and a store, driven step by step.

import type { Session } from "edge-session";
import type { Choices } from "./choices.ts";
import { type Act, commits, conclude, type Course, courseOf, handler, type Plan } from "./course.ts";
import { COOKIE, type Planted, plantedSession, type Setup, slotFor } from "./doors.ts";
import { History, keyOf } from "./history.ts";
import { checkEnd } from "./laws.ts";
import { type Answer, type Call, SimulatedStore } from "./simulated-store.ts";
import { Trace } from "./trace.ts";
import { beginTime, passTime, passToNextTimer, quiet, waits } from "./virtual-time.ts";

/** The seed of what was drawn before a run; no run has it. */
const PLANTING = 0x5eed_0000;

/** What may happen to calls and answers; numbers are how often at most. */
export interface Weather {
  /** A try is lost, before or after it was carried out. */
  readonly faults?: number;
  /** Whether loads are lost too. */
  readonly losesLoads?: boolean;
  /** A try is lost, and arrives later. */
  readonly delays?: number;
  /** A call is never answered, and may arrive later. */
  readonly hangs?: number;
  /** The time of a record ends. */
  readonly expiries?: number;
  /** How often the store itself repeats a lost try. */
  readonly repeats?: number;
  /** Milliseconds that pass at most with each step. */
  readonly lagMs?: number;
  /** Whether answers of the store are steps of their own. */
  readonly slowReplies?: boolean;
  /** Whether answers to browsers are steps of their own. */
  readonly slowAnswers?: boolean;
  /** An answer never reaches its browser. */
  readonly lostAnswers?: number;
}

/** Where a run begins, and what may happen in it. */
export interface Scene {
  readonly plans: readonly Plan[];
  /** The values of the session that every browser has a cookie of; `"absent"` where its record is gone, `"expired"` where it is past its deadline, `"none"` where nobody has a cookie. */
  readonly session?: Record<string, unknown> | "absent" | "expired" | "none";
  /** Whether the cookie is sealed under the old secret. */
  readonly isOld?: boolean;
  readonly setup?: Setup;
  readonly weather?: Weather;
  /** Milliseconds by which each request's clock is wrong, in their order. */
  readonly skews?: readonly number[];
  /** The seed of all randomness that the package draws. */
  readonly seed?: number;
}

/** A run, over when `play` resolves. */
export class World {
  readonly store = new SimulatedStore<Course>(() => Date.now());
  readonly history = new History((key) => this.store.read(key));
  readonly courses: Course[];
  /** The cookies of each browser. */
  readonly jars = new Map<string, string | undefined>();
  readonly trace = new Trace();
  readonly scene: Scene;
  planted: Planted | undefined;
  readonly #choices: Choices;
  readonly #left: { faults: number; delays: number; hangs: number; expiries: number; lostAnswers: number };

  constructor(scene: Scene, choices: Choices) {
    this.scene = scene;
    this.#choices = choices;
    this.courses = scene.plans.map(courseOf);
    const { faults = 0, delays = 0, hangs = 0, expiries = 0, lostAnswers = 0 } = scene.weather ?? {};
    this.#left = { faults, delays, hangs, expiries, lostAnswers };
    this.store.onExpired = (_, text) => {
      if (text.startsWith("1j.")) this.history.expired.push(text.slice(20, 36));
    };
  }

  /** Gives a request by its name. */
  course(name: string): Course {
    const found = this.courses.find(({ plan }) => plan.name === name);
    if (found === undefined) throw new Error(`no request ${name}`);
    return found;
  }

  /** Gives the id that a browser's cookie holds. */
  idIn(browser: string): string | undefined {
    const slot = slotFor<Course>(this.scene.setup ?? {}, -1);
    slot.skew = Math.max(0, ...(this.scene.skews ?? []));
    return slot.sessions.open(requestWith(this.jars.get(browser), {})).id;
  }

  /** Plays the run to its end, and checks what must always hold. */
  async play(): Promise<void> {
    const { scene } = this;
    beginTime(PLANTING);
    this.planted = await plantedSession(scene.setup ?? {}, scene.isOld ?? false);
    beginTime(scene.seed ?? 1);
    this.#plant(this.planted);
    for (const course of this.courses) if (course.plan.after === undefined) this.#start(course);
    while (await this.#step());
    while (this.store.stuck.length > 0) this.#arrive(0);
    checkEnd(this.history, this.courses, scene.setup?.concurrency !== "last-write-wins");
  }

  /** Takes one step; false when there is none left. */
  async #step(): Promise<boolean> {
    await quiet();
    const steps = this.#steps();
    const { lagMs = 0 } = this.scene.weather ?? {};
    const step = steps[steps.length === 0 ? 0 : this.#choices.next(steps.length)];
    if (step !== undefined) step();
    else if (this.courses.every(({ stage }) => stage === "over")) return false;
    else if (!passToNextTimer()) throw new Error(`a request waits for nothing that a step could bring\n${this.trace.text()}`);
    if (lagMs > 0) passTime(this.#choices.next(lagMs));
    return true;
  }

  #plant(planted: Planted): void {
    const { session = {}, plans } = this.scene;
    for (const { name, browser = name } of plans) this.jars.set(browser, session === "none" ? undefined : planted.cookie);
    if (session === "none") return;
    this.history.issued.add(planted.id);
    if (session === "absent") return;
    let text = planted.text(session === "expired" ? { login: "long ago" } : session);
    if (session === "expired") text = text.replace(/^((?:[^.]+\.){5})[^.]+/, `$1${Math.floor(Date.now() / 1000) - 1}`);
    if (session === "expired") this.history.expired.push(text.slice(20, 36));
    this.store.plant(keyOf(planted.id), text, 1200);
  }

  #steps(): (() => void)[] {
    const steps: (() => void)[] = [];
    for (const course of this.courses) {
      if (course.stage === "answered") this.#stepsOfAnswer(course, steps);
      else if (course.stage === "planned" && this.#mayStart(course)) steps.push(() => this.#start(course));
    }
    for (const call of this.store.waiting) this.#stepsOfCall(call, steps);
    for (let at = 0; at < this.store.stuck.length; at++) steps.push(() => this.#arrive(at));
    if (this.#left.expiries > 0) {
      for (const key of this.store.keys()) if (this.store.read(key)?.startsWith("1j.")) steps.push(() => this.#expire(key));
    }
    if (waits() && steps.length > 0) steps.push(passToNextTimer);
    return steps;
  }

  #stepsOfAnswer(course: Course, steps: (() => void)[]): void {
    if (this.scene.weather?.slowAnswers !== true && this.#left.lostAnswers === 0) return this.#deliver(course);
    steps.push(() => this.#deliver(course));
    if (this.#left.lostAnswers > 0) steps.push(() => this.#loseAnswer(course));
  }

  #stepsOfCall(call: Call<Course>, steps: (() => void)[]): void {
    const { slowReplies = false, losesLoads = false } = this.scene.weather ?? {};
    const { answer, operation } = call;
    if (answer !== undefined) {
      steps.push(() => this.store.reply(call, answer.value));
      return;
    }
    steps.push(() => {
      const value = this.#apply(call, "");
      if (slowReplies) call.answer = { value };
      else this.store.reply(call, value);
    });
    if (operation === "pause" || (operation === "load" && !losesLoads)) return;
    if (this.#left.faults > 0) steps.push(() => this.#lose(call, true), () => this.#lose(call, false));
    if (this.#left.delays > 0 && operation !== "load") steps.push(() => this.#delay(call));
    if (this.#left.hangs > 0) steps.push(() => this.#hang(call));
  }

  #mayStart({ plan }: Course): boolean {
    return (plan.after ?? []).every((name) => this.course(name).stage === "over");
  }

  #start(course: Course): void {
    const { plan } = course;
    const place = this.courses.indexOf(course);
    const slot = slotFor<Course>(this.scene.setup ?? {}, place);
    slot.door.store = this.store;
    slot.door.caller = course;
    slot.skew = this.scene.skews?.[place] ?? 0;
    slot.onEvent = ({ name }) => course.events.push(name);
    course.stage = "running";
    course.endedBefore = [...this.history.ended];
    const handle = async (session: Session): Promise<Response> => {
      course.session = session;
      course.sentId = session.id;
      return await handler(course, session, this.#around);
    };
    this.trace.note(plan.name, "is sent", "");
    const byId = async (): Promise<Response> => {
      const session = slot.sessions.openById(this.planted?.id ?? "");
      const response = await handle(session);
      await commits(course, session);
      return response;
    };
    const request = requestWith(this.jars.get(plan.browser ?? plan.name), plan);
    const answer = plan.byId === true ? byId() : slot.sessions.handle(request, undefined, handle);
    answer.then(
      (response) => this.#answered(course, response, undefined),
      (error: unknown) => this.#answered(course, undefined, error),
    );
  }

  readonly #around = {
    pause: (course: Course) => this.store.ask(course, { operation: "pause", key: "", text: "", expected: "", seconds: 0 }),
    loaded: (course: Course) => this.history.loaded(course, this.courses),
    moving: (course: Course, newId: string) => this.history.moving(course, newId),
    destroyed: (course: Course) => {
      course.destroyed = true;
      this.history.destroyed(course);
    },
  };

  #answered(course: Course, response: Response | undefined, error: unknown): void {
    course.response = response;
    course.error = error;
    course.stage = "answered";
    conclude(course);
    const id = course.session?.id;
    if (id !== undefined && sentCookie(response) !== undefined) this.history.issued.add(id);
    this.history.answered(course);
    this.trace.note(course.plan.name, `ends as ${course.result}`, error);
  }

  #deliver(course: Course): void {
    const value = sentCookie(course.response);
    const browser = course.plan.browser ?? course.plan.name;
    if (value !== undefined) this.jars.set(browser, value === "" ? undefined : value);
    course.stage = "over";
    if (value !== undefined) this.trace.note(course.plan.name, value === "" ? "has its cookie forgotten" : "has its cookie delivered", "");
  }

  #loseAnswer(course: Course): void {
    this.#left.lostAnswers -= 1;
    course.stage = "over";
    this.trace.note(course.plan.name, "never gets its answer", "");
  }

  #apply(call: Call<Course>, how: string): Answer {
    const before = this.store.read(call.key);
    const value = this.store.apply(call);
    if (call.operation === "pause") return value;
    if (call.tries === 0) call.caller.calls.push(call.operation);
    this.trace.call(call.caller.plan.name, call, value, how);
    this.history.applied(call.caller, call, before, value);
    return value;
  }

  #lose(call: Call<Course>, arrives: boolean): void {
    this.#left.faults -= 1;
    if (arrives) this.#apply(call, ", REPLY LOST");
    else this.#missed(call, "never arrives");
    call.caller.unanswered = call.tries >= (this.scene.weather?.repeats ?? 1);
    this.store.lose(call, this.scene.weather?.repeats ?? 1);
  }

  #delay(call: Call<Course>): void {
    this.#left.delays -= 1;
    this.store.stuck.push({ ...call });
    this.#missed(call, "is stuck in the network");
    call.caller.unanswered = call.tries >= (this.scene.weather?.repeats ?? 1);
    this.store.lose(call, this.scene.weather?.repeats ?? 1);
  }

  #hang(call: Call<Course>): void {
    this.#left.hangs -= 1;
    this.#missed(call, "is never answered");
    call.caller.unanswered = true;
    this.store.forget(call);
  }

  /** Notes a try that the store did not see, and what it would have stored. */
  #missed(call: Call<Course>, how: string): void {
    if (call.tries === 0) call.caller.calls.push(call.operation);
    if (call.text.startsWith("1j.")) call.caller.written = call.text.slice(20, 36);
    this.trace.call(call.caller.plan.name, call, undefined, ` ${how}`);
  }

  #arrive(at: number): void {
    const [call] = this.store.stuck.splice(at, 1);
    if (call === undefined) return;
    const { written } = call.caller;
    this.#apply({ ...call, tries: call.tries + 1 }, ", LATE");
    call.caller.written = written;
  }

  #expire(key: string): void {
    this.#left.expiries -= 1;
    this.trace.call("time", { operation: "remove", key, text: "", expected: "", seconds: 0 }, undefined, ", ITS TIME IS OVER");
    this.store.expire(key);
  }
}

/** Makes the acts of a request that loads first. */
export function loads(...acts: Act[]): Act[] {
  return [["load"], ...acts];
}

function requestWith(cookie: string | undefined, { image = false }: { image?: boolean }): { method: string; headers: Headers } {
  const headers = new Headers(image ? { "sec-fetch-mode": "no-cors" } : { "sec-fetch-mode": "navigate" });
  if (cookie !== undefined) headers.set("cookie", `${COOKIE}=${cookie}`);
  return { method: "GET", headers };
}

/** Gives the cookie that an answer sets, empty where it makes the browser forget. */
export function sentCookie(response: Response | undefined): string | undefined {
  const line = response?.headers.getSetCookie().find((each) => each.startsWith(`${COOKIE}=`));
  return line?.slice(COOKIE.length + 1, line.indexOf(";"));
}
