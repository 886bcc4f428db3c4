// Makes the calls that a task of the core asks for.

import { type Budget, call, failure, inTime, tellBreaker, wait } from "./calls.ts";
import { type Outcome, outcomeText, replay } from "./changes.ts";
import { SessionError } from "./errors.ts";
import { judge, merge, standings } from "./records.ts";
import { answers, flags, type Step } from "./results.ts";
import { isSealed, openValues, sealRecord } from "./sealing.ts";
import { asLines, corrupt, relaid } from "./values.ts";
import { keyFor, type Moving, now, recordKey, tellDamage, type Visit } from "./visit.ts";

/** A task under way, and the texts that were made for it. */
export interface Flow {
  readonly visit: Visit;
  readonly task: "write" | "regenerate" | "destroy";
  readonly budget: Budget;
  flags: number;
  /** The values that the changes are made to. */
  base: string;
  /** Those values with the changes made. */
  text: string | undefined;
  /** The values with the changes made that were sent last: what a record that came back since is not. */
  sent: string | undefined;
  /** What the changes come to on `base`, where that is known already. */
  outcome: Outcome | undefined;
  /** The `regenerateId()` that it carries out. */
  moving: Moving | undefined;
  /** How many of the request's changes it takes. */
  readonly taken: number;
  calls: number;
  /** The new id whose record a regeneration asked for. */
  created: string | undefined;
  /** The call that was made last. */
  called: Step | undefined;
  /** What that call threw. */
  error: unknown;
}

/** What a call brought. */
interface Made {
  readonly what: number;
  readonly record: string;
  readonly lost: boolean;
}

/** The store's operations, as the core counts them. */
const operations = ["load", "create", "update", "replace", "remove"] as const;

const done: Made = { what: answers.done, record: "", lost: false };
const absent: Made = { what: answers.absent, record: "", lost: false };
const silence: Made = { what: answers.lost, record: "", lost: false };

/** Gives a task what the session knows when it begins. */
export function makeFlow(visit: Visit, task: Flow["task"], budget: Budget, taken: number): Flow {
  const { stand, settings } = visit;
  const compares = settings.store.capabilities.compareAndSet ? flags.compares : 0;
  const base = stand === "live" || stand === "forwarded" ? visit.values : "{}";
  return {
    visit,
    task,
    budget,
    flags: compares | (visit.ownId ? flags.ownId : 0) | (stand === "live" ? flags.wasLive : 0),
    base,
    text: undefined,
    sent: undefined,
    outcome: visit.outcome,
    moving: visit.moving,
    taken,
    calls: 0,
    created: undefined,
    called: undefined,
    error: undefined,
  };
}

/** Makes the calls that the core asks for, until the task ends. */
export async function run(flow: Flow, first: Step): Promise<Step> {
  const { visit } = flow;
  let step = first;
  try {
    while (step.code === 0) {
      if (step.conflicts > 0 && !(await mayGoOn(flow, step))) {
        await takeBack(flow);
        step.code = 3;
        return step;
      }
      const text = prepared(flow, step);
      const started = Date.now();
      let made: Made;
      try {
        made = understood(step.operation, await inTime(visit, flow.budget, ask(flow, step, text)));
      } catch (thrown) {
        made = unanswered(flow, step, started, thrown);
      }
      if (visit.settings.breakerOpen && made !== silence) tellBreaker(visit);
      if (made.what === answers.values) made = heard(flow, made);
      step = next(flow, step, made);
    }
  } catch (error) {
    if (error instanceof SessionError && error.code === "record-corrupt") tellDamage(visit);
    // The changes could not be made to what is there: nothing half-done stays.
    await takeBack(flow);
    throw error;
  }
  return step;
}

/** Gives what comes after an answer. */
function next({ visit, task, flags: given }: Flow, step: Step, made: Made): Step {
  // What nearly every commit comes to costs no call of the core's: a living record was updated.
  if (made === done && task === "write" && step.operation === 2 && (given & flags.wasLive) !== 0) {
    step.code = 1;
    return step;
  }
  const { core, clock } = visit.settings;
  return core.answer(step.state, made.what, made.record, made.lost, given, clock());
}

/** Waits as the step says; false when the time for replays is over. */
async function mayGoOn(flow: Flow, step: Step): Promise<boolean> {
  if (outlivedLock(flow)) return false;
  const hasTime = flow.budget.left() > 0 && (step.waitMs === 0 || (await wait(step.waitMs, flow.budget)));
  // Whose forwarding may be stored, no answer having come, does not end as if nothing were.
  return hasTime || flow.error !== undefined;
}

/** Says whether somebody else wrote what only the holder of the lock may: what was made of the older record is not made again. */
function outlivedLock({ visit, task, flags: given }: Flow): boolean {
  return visit.settings.locks && task !== "destroy" && (given & flags.ownId) === 0;
}

/** Removes the record that a regeneration created and cannot finish; if that fails, nobody knows its id. */
export async function takeBack(flow: Flow): Promise<void> {
  const { visit, created } = flow;
  if (created === undefined) return;
  const key = recordKey(visit.settings, created);
  await call(visit, "remove", flow.budget, (io) => visit.settings.store.remove(key, io)).catch(() => undefined);
}

/** Gets a step ready to be asked for: the text that it stores, if any. */
function prepared(flow: Flow, step: Step): string {
  const text = step.header === "" ? "" : textFor(flow, step);
  if (step.header !== "" && step.values === 0) flow.sent = flow.text;
  flow.called = step;
  flow.calls += 1;
  if (flow.task === "regenerate" && step.operation === 1 && step.id !== flow.visit.id) flow.created = step.id;
  return text;
}

/** Takes it that no answer came, as the call threw. */
function unanswered(flow: Flow, step: Step, started: number, thrown: unknown): Made {
  flow.error = failure(flow.visit, operations[step.operation] ?? "remove", flow.budget, started, thrown);
  return silence;
}

/** Makes the store's call of a step. */
function ask({ visit, budget }: Flow, step: Step, text: string): Promise<unknown> {
  const { store } = visit.settings;
  const key = keyFor(visit, step.id);
  const seconds = Math.max(step.secondsToLive, store.capabilities.minTtlSeconds);
  switch (step.operation) {
    case 0:
      return store.load(key, 0, budget);
    case 1:
      return store.create(key, text, seconds, budget);
    case 2:
      return store.update(key, text, step.expected, seconds, budget);
    case 3:
      return store.replace(key, text, seconds, budget);
    default:
      return store.remove(key, budget);
  }
}

/** Reads what a store answered, whoever wrote it. */
function understood(operation: number, answer: unknown): Made {
  if (operation === 4 || (answer === "done" && operation !== 0)) return done;
  if (answer === "gone" && (operation === 2 || operation === 3)) return absent;
  if (operation === 0) return answer === null ? absent : { what: answers.values, record: textOf(answer), lost: false };
  const { exists, conflict, lost } = (answer ?? {}) as { exists?: unknown; conflict?: unknown; lost?: unknown };
  return { what: answers.values, record: textOf(operation === 1 ? exists : conflict), lost: lost === true };
}

/** Gives a record's text; a store that somebody wrote may say anything. */
function textOf(record: unknown): string {
  if (typeof record === "string") return record;
  throw new SessionError("store-protocol", "the store gave an answer that its contract does not have.");
}

/** Takes a record that came: if it is a session's, the changes are to be made to it next. */
function heard(flow: Flow, made: Made): Made {
  const { settings } = flow.visit;
  const judged = judge(made.record, now(settings));
  const { standing, values } = judged;
  if (standing < standings.live) return { ...made, what: answers.unreadable };
  // Under an id that we drew is somebody else's record: nothing of it is taken up.
  const isOthers = flow.called?.operation === 1 && flow.called.id !== flow.visit.cookie?.id;
  const counts = flow.task !== "destroy" && !isOthers;
  if (counts && standing > standings.expired) flow.visit.outdated = true;
  if (counts && (standing === standings.live || standing === standings.expired)) {
    const clear = standing === standings.live && isSealed(judged) ? openValues(settings, flow.called?.id ?? "", judged) : undefined;
    if (typeof clear === "string") return { ...made, what: answers.unreadable };
    flow.base = standing === standings.live ? asLines(clear?.text ?? values) : "{}";
    flow.outcome = undefined;
    if (settings.merges) flow.text = undefined;
  }
  return values === "{}" ? { ...made, what: answers.empty } : made;
}

/** Gives the text of a record to store. */
function textFor(flow: Flow, step: Step): string {
  const { settings } = flow.visit;
  const values = valuesFor(flow, step);
  if (settings.encryptRecords) return sealRecord(settings, step.id, step.header, values);
  return step.header + values;
}

/** Gives the values that the step's text holds. */
function valuesFor(flow: Flow, step: Step): string {
  if (step.values === 1) return flow.base;
  if (step.values === 2) return "{}";
  flow.text ??= changed(flow);
  if (step.header.length + flow.text.length <= flow.visit.settings.maxRecordBytes) return flow.text;
  throw new SessionError("record-too-large", "the record would be longer than maxRecordBytes. Nothing was stored; what was there stays.");
}

/** Makes the changes to the base. */
function changed(flow: Flow): string {
  const outcome = flow.outcome ?? replay(flow.visit.changes.slice(0, flow.taken), flow.base);
  const text = outcomeText(outcome);
  const merged = merge(flow.base, text) ?? merge(relaid(flow.base), text);
  if (merged === undefined) throw corrupt();
  return merged;
}
