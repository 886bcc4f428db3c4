// Stores what a request changed, or ends its session.

import { Budget } from "./calls.ts";
import { keysAfter, replay, setsAnything } from "./changes.ts";
import { mayKeep, withhold } from "./consent.ts";
import { sealNew } from "./cookies.ts";
import { draw } from "./core.ts";
import { SessionError } from "./errors.ts";
import { noteEffort } from "./failure.ts";
import { type Flow, makeFlow, run, takeBack } from "./flow.ts";
import { livesOn } from "./forwarding.ts";
import { holdLock } from "./lock.ts";
import { judge } from "./records.ts";
import { flags, type Step } from "./results.ts";
import { rewrite } from "./rewrite.ts";
import { corrupt } from "./values.ts";
import { forget, keeperOf, note, type Pending, takeId, tell, tellDamage, type Visit } from "./visit.ts";

const nothing = () => undefined;

/** Runs the calls of one session one after the other. */
export function inTurn(visit: Visit, work: () => Promise<void>): Promise<void> {
  const turn = visit.queue === undefined ? work() : visit.queue.then(work);
  const settled = turn.then(nothing, nothing);
  visit.queue = settled;
  visit.background?.waitUntil(settled);
  return turn;
}

/** Says whether a commit would store anything. */
export function isDirty(visit: Visit): boolean {
  if (visit.pending !== undefined || visit.broken !== undefined) return true;
  switch (visit.stand) {
    case "live":
      return visit.changes.length > 0 || visit.moving !== undefined;
    case "forwarded":
      return visit.moving === undefined ? visit.changes.length > 0 : keysAfter(visit.outcome, visit.values).length > 0;
    case "ended":
      return visit.changes.length > 0;
    case "visitor":
    case "absent":
    case "expired":
      return setsAnything(visit.outcome);
    default:
      return false;
  }
}

/** Says whether committing would need a cookie, so that it cannot come after the response. */
export function needsCookie(visit: Visit): boolean {
  if (visit.byId || !isDirty(visit)) return false;
  return (
    keeperOf(visit.settings) !== undefined ||
    visit.moving !== undefined ||
    visit.pending?.task === "regenerate" ||
    visit.stand === "visitor" ||
    visit.stand === "absent" ||
    visit.stand === "expired"
  );
}

/** Stores the changes made so far; those made meanwhile belong to the next commit. It throws, or gives a promise that may reject; none where nobody is asked. */
export function commit(visit: Visit, signal: AbortSignal | undefined): Promise<void> | undefined {
  if (visit.broken !== undefined) throw visit.broken;
  const budget = new Budget(visit.settings.ioTimeoutMs, signal);
  return visit.pending === undefined ? storeChanges(visit, budget) : resume(visit, visit.pending, budget);
}

/** Makes the call first whose answer never came. */
async function resume(visit: Visit, pending: Pending, budget: Budget): Promise<void> {
  await carryOut(visit, resumed(visit, pending, budget), pending.step);
  if (isDirty(visit)) await storeChanges(visit, budget);
}

function storeChanges(visit: Visit, budget: Budget): Promise<void> | undefined {
  if (visit.stand === "ended" || (visit.stand === "forwarded" && visit.moving === undefined)) throw gone(visit);
  // What was changed stays for this request, and is asked for again at its next commit.
  if (needsCookie(visit) && !mayKeep(visit)) {
    withhold(visit);
    return undefined;
  }
  const keeper = keeperOf(visit.settings);
  if (keeper !== undefined) {
    keeper.commit(visit);
    return undefined;
  }
  return visit.settings.locks ? holdLock(visit, budget).then(() => writeChanges(visit, budget)) : writeChanges(visit, budget);
}

function writeChanges(visit: Visit, budget: Budget): Promise<void> {
  const [flow, step] = begun(visit, budget);
  return carryOut(visit, flow, step);
}

/** Makes the calls of a commit, and its end the session's. */
function carryOut(visit: Visit, flow: Flow, first: Step): Promise<void> {
  return run(flow, first).then((end) => {
    if (visit.stand === "forwarded") return outlive(visit, flow, end).then(() => finish(visit, flow, end));
    return finish(visit, flow, end);
  });
}

/** What grace shows is taken along only from a session that lived on until the new one was stored: a logout is not undone. */
async function outlive(visit: Visit, flow: Flow, end: Step): Promise<void> {
  if (end.code !== 1 || visit.values === "{}") return;
  let lives = false;
  try {
    lives = await livesOn(visit, visit.header, flow.budget);
  } finally {
    if (!lives) await giveUp(visit, flow, end.id);
  }
  if (!lives) throw gone(visit);
}

/** Takes a new record back. It may stay, or go late; so the next commit begins under an id of its own. */
async function giveUp(visit: Visit, flow: Flow, id: string): Promise<void> {
  visit.pending = undefined;
  if (visit.moving !== undefined) visit.moving = { ...visit.moving, ...draw() };
  flow.created = id;
  await takeBack(flow);
}

/** Ends the session; resolves only when the store confirmed it. */
export async function destroy(visit: Visit): Promise<void> {
  const { settings } = visit;
  const keeper = keeperOf(settings);
  // Behind a new id that is not stored yet may be a dead one, which leads to where its session went.
  const before = visit.header === "" ? undefined : visit.cookie?.id;
  const known = visit.id === undefined || visit.ownId ? before : visit.id;
  const stored = visit.stand === "absent" ? undefined : known;
  if (stored !== undefined && keeper === undefined) {
    const tombstoneSeconds = Math.min(600, Math.max(60, Number.isFinite(settings.ioTimeoutMs) ? Math.ceil(settings.ioTimeoutMs / 1000) : 600));
    const flow = makeFlow(visit, "destroy", new Budget(settings.ioTimeoutMs, undefined), 0);
    const step = await run(flow, settings.core.destroy(stored, visit.header, flow.flags, tombstoneSeconds, settings.clock()));
    if (step.code === 3) throw new SessionError("conflict", "other requests kept changing the session first, so it is not gone. Destroy it again.");
    if (step.code !== 2) throw flow.error ?? new SessionError("store-unavailable", "the store did not confirm that the session is gone.");
  }
  if (stored !== undefined) note(visit, "session-destroyed");
  forget(visit);
  visit.destroyed = true;
  visit.broken = undefined;
  visit.stand = visit.byId ? "ended" : "visitor";
  visit.header = "";
  visit.values = "{}";
  visit.checked = true;
  visit.createdAt = undefined;
  visit.persistent = undefined;
  visit.birth = undefined;
  visit.ownId = false;
  if (!visit.byId) {
    visit.id = undefined;
    if (visit.sentCookie || visit.due !== undefined) visit.due = keeper === undefined ? { forget: true } : keeper.forget(visit);
    visit.cookie = null;
  }
}

/** Begins a commit or a regeneration. */
function begun(visit: Visit, budget: Budget): [Flow, Step] {
  const { settings, moving } = visit;
  const at = settings.clock();
  const header = visit.stand === "live" || visit.stand === "expired" ? visit.header : "";
  if (moving !== undefined && visit.id !== undefined && !visit.ownId && visit.stand !== "forwarded" && visit.stand !== "visitor") {
    const flow = makeFlow(visit, "regenerate", budget, visit.changes.length);
    return [flow, settings.core.regenerate(visit.id, moving.id, moving.birth, header, flow.flags, moving.graceSeconds, at)];
  }
  const flow = makeFlow(visit, "write", budget, visit.changes.length);
  if (moving !== undefined) {
    // The id that came in is no session of this browser's: a new one begins, with the values that are still shown.
    return [flow, settings.core.write(moving.id, moving.birth, "", flow.flags | flags.ownId, at)];
  }
  const rewritten = rewrite(visit, flow.flags, at);
  if (rewritten !== undefined) {
    flow.text = rewritten.text;
    return [flow, rewritten.step];
  }
  if (visit.birth === undefined && visit.stand !== "live") takeId(visit, draw());
  // A living record has its birth in its header; the core reads it there.
  const birth = visit.birth ?? header.slice(20, 36);
  return [flow, settings.core.write(visit.id ?? "", birth, header, flow.flags, at)];
}

function resumed(visit: Visit, pending: Pending, budget: Budget): Flow {
  const flow = makeFlow(visit, pending.task, budget, pending.taken);
  flow.flags = pending.flags;
  flow.base = pending.base;
  flow.text = pending.text;
  flow.sent = pending.text;
  flow.moving = pending.moving;
  flow.outcome = undefined;
  return flow;
}

/** Makes a commit's end the session's. */
function finish(visit: Visit, flow: Flow, step: Step): void {
  const task = flow.task === "regenerate" ? "regenerate" : "write";
  const { flags, text, base, moving, taken } = flow;
  visit.pending = undefined;
  switch (step.code) {
    case 1:
      committed(visit, flow, step);
      return;
    case 2:
      throw gone(visit);
    case 3:
      throw conflict(flow);
    case 5:
      tellDamage(visit);
      throw corrupt();
    case 6:
      if (flow.called !== undefined) visit.pending = { task, step: { ...flow.called, state: step.state }, flags, text, base, moving, taken };
      throw undecided(flow);
    default:
      throw ambiguous(visit, flow);
  }
}

/** Takes up the record that was stored, and makes the cookie due that it needs. */
function committed(visit: Visit, flow: Flow, step: Step): void {
  const { settings } = visit;
  const { moving } = flow;
  const values = flow.sent ?? flow.base;
  const wasAbsent = visit.stand !== "live";
  keepLater(visit, flow, values);
  visit.header = step.header;
  visit.values = values;
  visit.checked = true;
  visit.stand = "live";
  visit.id = step.id;
  visit.ownId = false;
  visit.birth = undefined;
  if (step.created || wasAbsent) {
    const { created, deadline } = judge(step.header + values, 0);
    visit.createdAt = created;
    if (step.created && !visit.byId) {
      visit.persistent = moving?.persistent ?? visit.persistent;
      sealNew(visit, step.id, deadline);
    }
  }
  if (step.created) note(visit, moving === undefined ? "session-created" : "session-regenerated");
  // One that came after the commit began is the next commit's.
  if (visit.moving === moving) visit.moving = undefined;
  if (step.conflicts > 0) tell(visit, { name: "conflict-replayed", level: "info", tries: step.conflicts });
  if (!settings.tellsAll) return;
  const bytes = step.header.length + values.length;
  tell(visit, { name: "session-committed", level: "debug", tries: flow.calls, durationMs: Date.now() - flow.budget.began, bytes });
}

/** Keeps the changes that came after the commit began; where they cannot be made to the values, the next commit tells. */
function keepLater(visit: Visit, flow: Flow, values: string): void {
  visit.changes = visit.changes.slice(flow.taken);
  visit.outcome = undefined;
  if (visit.changes.length === 0) return;
  try {
    visit.outcome = replay(visit.changes, values);
  } catch {
    // What an `update` throws is no failure of the commit that is done.
  }
}

/** The session ended while the request ran: whatever else it wants to store has nowhere to go. */
function gone(visit: Visit): SessionError {
  forget(visit);
  visit.stand = "ended";
  visit.outdated = true;
  note(visit, "session-gone");
  return new SessionError("destroyed", "the session ended while this request ran: destroyed, expired, or under a new id. Nothing was re-created.");
}

/** Others were faster until the time was over. */
function conflict({ calls }: Flow): SessionError {
  const message = "other requests kept changing the session first. Nothing of this commit was stored; it may be tried again.";
  return noteEffort(new SessionError("conflict", message), { tries: calls, retryAfterMs: 0 });
}

/** No answer came: a refusal is told as it is, silence as what it means for a commit. */
function undecided(flow: Flow): unknown {
  const { error, calls, called, budget } = flow;
  if (!(error instanceof SessionError) || error.code !== "timeout") return error;
  // What a load was to find after a conflict: nothing is stored.
  if (called?.operation === 0) return budget.left() === 0 ? conflict(flow) : error;
  const message = "the store did not answer in time, so the commit may be stored or not. The next commit() finds out.";
  return noteEffort(new SessionError("commit-ambiguous", message, { cause: error }), { tries: calls, retryAfterMs: 0 });
}

/** What was sent is never sent again; it can only be told. */
function ambiguous(visit: Visit, flow: Flow): SessionError {
  const message = "nobody can say whether the commit was stored; it was not repeated.";
  const error = new SessionError("commit-ambiguous", message, flow.error === undefined ? undefined : { cause: flow.error });
  // Whoever asks once more must not take it for stored.
  visit.broken = error;
  if (flow.task === "write") keepLater(visit, flow, visit.values);
  return noteEffort(error, { tries: flow.calls, retryAfterMs: 0 });
}
