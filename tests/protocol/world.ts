// One run of requests, browsers and a store, step by step.

import type { Choices } from "./choices.ts";
import { type Course, courseOf, type Plan } from "./course.ts";
import { type Planted, plantedSession, type Setup, slotFor } from "./doors.ts";
import { History, keyOf, parse } from "./history.ts";
import { checkEnd, checkOrphans } from "./laws.ts";
import { Network, type Weather } from "./network.ts";
import { requestWith, send, sentCookie } from "./request.ts";
import { SimulatedStore } from "./simulated-store.ts";
import { Trace } from "./trace.ts";
import { beginTime, passTime, passToNextTimer, quiet, waits } from "./virtual-time.ts";

/** The seed of what was drawn before a run; no run has it. */
const PLANTING = 0x5eed_0000;

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
  readonly #network: Network;
  #answersToLose: number;

  constructor(scene: Scene, choices: Choices) {
    this.scene = scene;
    this.#choices = choices;
    this.courses = scene.plans.map(courseOf);
    this.#answersToLose = scene.weather?.lostAnswers ?? 0;
    this.#network = new Network(scene.weather ?? {}, this.store, this.history, this.trace);
    this.store.onExpired = (key, text) => this.history.timeOver(key, text);
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
    return slot.sessions.open(requestWith(this.jars.get(browser))).id;
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
    this.#network.arriveAll();
    if (this.#network.losesNothing) checkOrphans(this.history, this.store);
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
    if (session === "expired") this.history.expired.push(parse(text).birth);
    this.store.plant(keyOf(planted.id), text, 1200);
  }

  #steps(): (() => void)[] {
    const steps: (() => void)[] = [];
    for (const course of this.courses) {
      if (course.stage === "answered") this.#stepsOfAnswer(course, steps);
      else if (course.stage === "planned" && this.#mayStart(course)) steps.push(() => this.#start(course));
    }
    this.#network.addSteps(steps);
    if (waits() && steps.length > 0) steps.push(passToNextTimer);
    return steps;
  }

  #stepsOfAnswer(course: Course, steps: (() => void)[]): void {
    if (this.scene.weather?.slowAnswers !== true && this.#answersToLose === 0) {
      this.#deliver(course);
      return;
    }
    steps.push(() => this.#deliver(course));
    if (this.#answersToLose > 0) steps.push(() => this.#loseAnswer(course));
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
    this.trace.note(plan.name, "is sent");
    const cookie = this.jars.get(plan.browser ?? plan.name);
    void send(course, slot.sessions, cookie, this.planted?.id ?? "", this.#around).then(() => this.#answered(course));
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

  #answered(course: Course): void {
    const { response, error } = course;
    course.stage = "answered";
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
    if (value !== undefined) this.trace.note(course.plan.name, value === "" ? "has its cookie forgotten" : "has its cookie delivered");
  }

  #loseAnswer(course: Course): void {
    this.#answersToLose -= 1;
    course.stage = "over";
    this.trace.note(course.plan.name, "never gets its answer");
  }
}
