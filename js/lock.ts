// Takes and frees the lock of a session that will be written.

import { Budget, call, wait } from "./calls.ts";
import { draw } from "./core.ts";
import { SessionError } from "./errors.ts";
import { type Lock, tell, type Visit } from "./visit.ts";

/** How long to wait before a lock that is held is asked for again, in milliseconds; the last ask has as long as the shortest wait. */
const shortestWaitMs = 100;
const longestWaitMs = 500;

/** Takes the lock of a session, waiting for whoever holds it while the budget lasts. */
export async function takeLock(visit: Visit, id: string, budget: Budget): Promise<void> {
  const token = draw().id;
  const started = Date.now();
  for (let tries = 1; ; tries++) {
    if (await ask(visit, id, token, budget)) return;
    budget.caller?.throwIfAborted();
    const longest = Math.min(longestWaitMs, budget.left() - shortestWaitMs);
    if (longest < shortestWaitMs) throw heldTooLong(visit, started, tries);
    // Nobody gains by guessing it: it keeps those who wait apart.
    await wait(shortestWaitMs + Math.random() * (longest - shortestWaitMs), budget);
  }
}

/** Sees before a commit that whoever holds the lock meanwhile is not written before. */
export async function holdLock(visit: Visit, budget: Budget): Promise<void> {
  const { lock, id } = visit;
  // What moved to a new id is nobody else's there.
  if (lock !== undefined) return lock.id === id ? keepLock(visit, lock, budget) : undefined;
  // An earlier commit of the same session freed it.
  if (id !== undefined && visit.stand === "live" && !visit.handled) await takeLock(visit, id, budget);
}

/** Throws where the lock's time is over and another has it. */
async function keepLock(visit: Visit, { id, token, until }: Lock, budget: Budget): Promise<void> {
  if (visit.settings.clock() < until || (await ask(visit, id, token, budget))) return;
  const message = "the request took longer than lockTimeoutMs, and another holds the lock now. Nothing of this commit was stored.";
  // Only a new request sees what the other makes of the session.
  visit.broken = new SessionError("conflict", message);
  throw visit.broken;
}

/** Asks for the lock; says whether it is ours now. */
async function ask(visit: Visit, id: string, token: string, budget: Budget): Promise<boolean> {
  const { clock, lockTimeoutMs, store } = visit.settings;
  // Before the answer: where that is lost, the lock may be ours.
  visit.lock = { id, token, until: clock() + lockTimeoutMs };
  let asked: Promise<unknown> | undefined;
  try {
    const isOurs = await call(visit, "lock", budget, async (io) => {
      asked = store.lock?.(keyOf(visit, id), token, lockTimeoutMs, io);
      return understood(await asked);
    });
    if (!isOurs) visit.lock = undefined;
    return isOurs;
  } catch (error) {
    // What nobody waits for any more may still be carried out, after the unlock that follows.
    const late = asked?.then((answer) => (answer === "done" && visit.lock?.token !== token ? unlock(visit, id, token) : undefined));
    // What the store threw was told; a runtime prints what it is given to wait for and rejects.
    const freed = late?.catch(() => undefined);
    if (freed !== undefined) visit.background?.waitUntil(freed);
    throw error;
  }
}

/** Reads what a store answered, whoever wrote it. */
function understood(answer: unknown): boolean {
  if (answer === "done" || answer === "held") return answer === "done";
  throw new SessionError("store-protocol", "the store gave an answer that its contract does not have.");
}

/** Frees the lock that the visit holds, or may hold; that it failed is an event, as the lock ends by itself. */
export async function freeLock(visit: Visit): Promise<void> {
  const { lock } = visit;
  if (lock === undefined) return;
  visit.lock = undefined;
  await unlock(visit, lock.id, lock.token);
}

async function unlock(visit: Visit, id: string, token: string): Promise<void> {
  const { settings } = visit;
  // Where somebody waits for it, as long as for a renewal: the lock ends by itself too.
  const budget = new Budget(visit.background === undefined ? settings.renewalMs : settings.ioTimeoutMs, undefined);
  await call(visit, "unlock", budget, async (io) => settings.store.unlock?.(keyOf(visit, id), token, io)).catch(() => undefined);
}

/** Frees the lock after a load that failed or found nothing to guard, without making its caller wait. */
export function freeBehind(visit: Visit): void {
  const freed = freeLock(visit);
  if (visit.background !== undefined) visit.background.waitUntil(freed);
  else visit.queue = visit.queue === undefined ? freed : visit.queue.then(() => freed);
}

/** The key of a session's lock, as the Azure provider names it. */
function keyOf(visit: Visit, id: string): string {
  return `{${visit.settings.applicationName}_${id}}_Write_Lock`;
}

function heldTooLong(visit: Visit, started: number, tries: number): SessionError {
  tell(visit, { name: "store-failed", level: "error", code: "timeout", operation: "lock", durationMs: Date.now() - started, tries });
  return new SessionError("timeout", "another request holds the session's lock, and did not free it within ioTimeoutMs.");
}
