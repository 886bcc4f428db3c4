// What must hold of everything that happened in a run.

import type { Course } from "./course.ts";
import type { Answer, Asked } from "./simulated-store.ts";

/** A stored text, read without the package. */
export interface StoredRecord {
  readonly kind: "data" | "forwarding" | "tombstone";
  readonly revision: string;
  readonly birth: string;
  /** Where a forwarding record leads. */
  readonly target: string;
  /** Unix seconds; infinite where there is none. */
  readonly deadline: number;
  readonly values: Record<string, unknown>;
}

const KINDS = { "1j": "data", "1m": "forwarding", "1d": "tombstone" } as const;

/** Reads a stored text. */
export function parse(text: string): StoredRecord {
  const [kind = "", revision = "", birth = "", previous = "", target = "", deadline = ""] = text.split(".", 6);
  const header = [kind, revision, birth, previous, target, deadline].join(".").length + 1;
  return {
    kind: KINDS[kind as keyof typeof KINDS],
    revision,
    birth,
    target,
    deadline: deadline === "-" ? Number.POSITIVE_INFINITY : Number(deadline),
    values: JSON.parse(text.slice(header)) as Record<string, unknown>,
  };
}

/** Gives the key of an id's record. */
export function keyOf(id: string): string {
  return `{edge-session_${id}}_Data`;
}

/** Watches a run. A session's family is all births that `regenerateId()` gave it. */
export class History {
  readonly violations: string[] = [];
  /** Ids that a browser may know. */
  readonly issued = new Set<string>();
  /** Births that a confirmed `destroy()` met. */
  readonly ended: string[] = [];
  readonly expired: string[] = [];
  readonly #revisions = new Set<string>();
  readonly #expiredKeys = new Set<string>();
  /** Births of which nobody was told whether they moved or ended. */
  readonly shaken: string[] = [];
  readonly #parents = new Map<string, string>();
  /** The id from which a regeneration leads to each new id. */
  readonly #movedFrom = new Map<string, string>();
  readonly #read: (key: string) => string | undefined;

  constructor(read: (key: string) => string | undefined) {
    this.#read = read;
  }

  /** Notes that something must not be. */
  violate(kind: string, message: string): void {
    this.violations.push(`${kind}: ${message}`);
  }

  /** Gives the name of a birth's family. */
  family(birth: string): string {
    let name = birth;
    for (let parent = this.#parents.get(name); parent !== undefined; parent = this.#parents.get(name)) name = parent;
    return name;
  }

  /** Says whether one of the births is of the family. */
  includes(births: readonly string[], birth: string): boolean {
    const family = this.family(birth);
    return births.some((each) => this.family(each) === family);
  }

  /** Gives the living records that a browser may reach, by id. */
  living(): [id: string, StoredRecord][] {
    const found: [string, StoredRecord][] = [];
    for (const id of this.issued) {
      const text = this.#read(keyOf(id));
      const record = text === undefined ? undefined : parse(text);
      if (record !== undefined && isLiving(record)) found.push([id, record]);
    }
    return found;
  }

  /** Watches a call that the store carried out, over what was there before. */
  applied(course: Course, call: Asked, before: string | undefined, answer: Answer): void {
    if (call.text !== "") {
      const stored = parse(call.text);
      if (stored.kind === "data") course.written = stored.birth;
      if (stored.values.one !== stored.values.two) this.violate("TORN", `${course.plan.name} stores one request's half`);
      if (answer === "done" && stored.kind === "forwarding" && before !== undefined && isLiving(parse(before))) this.#forwarded(stored);
    }
    if (call.text !== "" && answer === "done") this.#stored(course, call);
    const told = toldBy(answer);
    if (told !== undefined) {
      const record = parse(told);
      if (isLiving(record)) course.seen.add(record.birth);
      if (call.operation === "load" && call.key === keyOf(course.sentId ?? "")) course.offered = record.kind === "data" ? record.birth : undefined;
    }
    this.checkEnded();
  }

  /** Watches a record whose time is over. */
  timeOver(key: string, text: string): void {
    this.#expiredKeys.add(key);
    if (text.startsWith("1j.")) this.expired.push(parse(text).birth);
  }

  /** Says whether any record's time ended during the run. */
  get timeEnded(): boolean {
    return this.#expiredKeys.size > 0;
  }

  /** Watches a load's values: nothing of an ended session, no login through the id from before. */
  loaded(course: Course, courses: readonly Course[]): void {
    const { read, sentId, offered: loaded } = course;
    if (read === undefined) return;
    course.loaded = loaded;
    if (loaded !== undefined && this.includes(course.endedBefore, loaded))
      this.violate("REVIVED", `${course.plan.name} reads a session that was over before`);
    const login = courses.find(({ plan }) => plan.name === read.login);
    for (let id = login?.sentId; id !== undefined; id = this.#movedFrom.get(id)) {
      if (id === sentId) this.violate("FIXATION", `${course.plan.name} reads the login of ${login?.plan.name} through the id from before`);
    }
  }

  /** Watches `regenerateId()`. */
  moving(course: Course, newId: string): void {
    if (course.sentId !== undefined) this.#movedFrom.set(newId, course.sentId);
  }

  /** Watches a confirmed `destroy()`. */
  destroyed(course: Course): void {
    for (const birth of course.seen) if (!this.expired.includes(birth)) this.ended.push(birth);
    this.checkEnded();
  }

  /** Watches a request's end. */
  answered(course: Course): void {
    const { plan, result, loaded, written } = course;
    const moved = plan.acts.some(([name]) => name === "regenerate");
    if (moved && result === "done" && loaded !== undefined && written !== undefined) this.#join(loaded, written);
    if ((moved && result === "failed") || (plan.acts.some(([name]) => name === "destroy") && !course.destroyed)) {
      this.shaken.push(...course.seen);
      if (written !== undefined) this.shaken.push(written);
    }
  }

  /** After a confirmed destroy, no record of the session may be reached. */
  checkEnded(): void {
    if (this.ended.length === 0) return;
    for (const id of this.issued) {
      const text = this.#read(keyOf(id));
      if (text === undefined || !text.startsWith("1j.")) continue;
      if (this.includes(this.ended, parse(text).birth)) this.violate("REVIVED", "a destroyed session has a record that a browser reaches");
    }
  }

  /** What was loaded from one session is written into no other that began under its id. */
  #stored({ plan, loaded, sentId }: Course, { operation, key, text }: Asked): void {
    const { kind, birth, revision } = parse(text);
    const isNew = !this.#revisions.has(revision);
    this.#revisions.add(revision);
    if (operation === "create" && kind === "data" && isNew && this.expired.includes(birth))
      this.violate("REVIVED", `${plan.name} re-creates what expired`);
    if (loaded === undefined || kind === "tombstone" || key !== keyOf(sentId ?? "")) return;
    if (birth !== loaded) this.violate("FOREIGN", `${plan.name} writes into a session that it did not load`);
  }

  #forwarded({ birth, target }: StoredRecord): void {
    const text = this.#read(keyOf(target));
    if (text?.startsWith("1j.")) this.#join(birth, parse(text).birth);
    // It leads to a record whose time was over at once: so is the session's.
    else if (this.#expiredKeys.has(keyOf(target))) this.expired.push(birth);
  }

  #join(one: string, other: string): void {
    const [from, to] = [this.family(one), this.family(other)];
    if (from !== to) this.#parents.set(from, to);
  }
}

function isLiving({ kind, deadline }: StoredRecord): boolean {
  return kind === "data" && Date.now() < deadline * 1000;
}

function toldBy(answer: Answer): string | undefined {
  if (typeof answer === "string") return ["done", "gone", "held"].includes(answer) ? undefined : answer;
  if (answer === null || answer === undefined) return undefined;
  return "exists" in answer ? answer.exists : answer.conflict;
}
