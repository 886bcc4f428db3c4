// Values that live until they are read.
// They are messages for the next page.

import { readable, startedError, writable } from "./access.ts";
import { commit, isDirty, needsCookie } from "./commit.ts";
import { SessionError } from "./errors.ts";
import { openTemp, sealTemp } from "./temp-cookie.ts";
import { changeRecord, loadTemp } from "./temp-record.ts";
import { folded, type Temp, textAfterAnswer } from "./temp-state.ts";
import { valueFrom, valueText } from "./values.ts";
import type { Visit } from "./visit.ts";

/**
 * Values that live until they are read, such as the message after a redirect. Keys ignore case.
 *
 * What was read is gone once the answer is committed, unless that redirects, fails or `keep` was called. Under the
 * provider "cookie" it needs no `load()`.
 */
export interface TempData<Temp extends object = Record<string, unknown>> {
  /**
   * Gives a value and lets it go with this answer; asked again in this request, it gives the same.
   * @throws {SessionError} `not-loaded`, `read-only` (both under the provider "session"), `response-started`
   */
  get<K extends keyof Temp & string>(key: K): Temp[K] | undefined;
  /** Gives a value and leaves it. @throws {SessionError} `not-loaded`, `response-started` where it is the first use */
  peek<K extends keyof Temp & string>(key: K): Temp[K] | undefined;
  /** Leaves a value, or all of them, for the next request, whether read before or after. @throws {SessionError} as `set` */
  keep(key?: keyof Temp & string): void;
  /**
   * Sets a value, a copy of it, for the next request that reads it.
   * @throws {SessionError} `value-not-serializable`, `response-started`; under the provider "session" as `Session.set`. The commit throws `cookie-too-large` where it does not fit
   */
  set<K extends keyof Temp & string>(key: K, value: Temp[K]): void;
  /** Deletes a value. @throws {SessionError} as `set` */
  delete(key: keyof Temp & string): void;
  /** Says whether there is such a value, and leaves it. @throws {SessionError} as `peek` */
  has(key: keyof Temp & string): boolean;
  /** Gives the keys, and leaves their values. @throws {SessionError} as `peek` */
  keys(): IterableIterator<string>;
}

/** TempData over one visit. */
export class VisitTempData implements TempData {
  readonly #visit: Visit;

  constructor(visit: Visit) {
    if (visit.byId) throw new SessionError("no-session", "tempData needs a request.");
    if (visit.temp === undefined && visit.started) throw startedError("tempData was first used after the response was made");
    this.#visit = visit;
  }

  get(key: string): unknown {
    const visit = this.#visit;
    // Where the store could not be asked there is nothing to read, and so nothing to change.
    const temp = visit.stand === "unavailable" && !visit.started ? opened(visit) : changeable(visit);
    const entry = temp.entries.get(folded(key));
    if (entry?.text === undefined) return undefined;
    const value = valueFrom(entry.text);
    entry.read = true;
    return value;
  }

  peek(key: string): unknown {
    const text = opened(this.#visit).entries.get(folded(key))?.text;
    return text === undefined ? undefined : valueFrom(text);
  }

  keep(key?: string): void {
    const { entries, kept } = changeable(this.#visit);
    if (key !== undefined) kept.add(folded(key));
    else for (const [name, { text }] of entries) if (text !== undefined) kept.add(name);
  }

  set(key: string, value: unknown): void {
    const { entries } = changeable(this.#visit);
    const name = folded(key);
    const text = valueText(value);
    const entry = entries.get(name);
    if (entry === undefined) entries.set(name, { key, text, read: false, stored: undefined, spent: false });
    else Object.assign(entry, { text, read: false, spent: false });
  }

  delete(key: string): void {
    const { entries, kept } = changeable(this.#visit);
    const name = folded(key);
    const entry = entries.get(name);
    if (entry !== undefined) entry.text = undefined;
    kept.delete(name);
  }

  has(key: string): boolean {
    return opened(this.#visit).entries.get(folded(key))?.text !== undefined;
  }

  keys(): IterableIterator<string> {
    const there = [...opened(this.#visit).entries.values()].filter(({ text }) => text !== undefined);
    return there.map(({ key }) => key).values();
  }
}

/** Gives the request's TempData, read at its first use. */
function opened(visit: Visit): Temp {
  if (visit.settings.tempInRecord) readable(visit);
  if (visit.temp !== undefined) return visit.temp;
  if (visit.started) throw startedError("tempData was first used after the response was made");
  visit.temp = visit.settings.tempInRecord ? loadTemp(visit) : openTemp(visit);
  return visit.temp;
}

function changeable(visit: Visit): Temp {
  if (visit.settings.tempInRecord) writable(visit);
  else if (visit.started) throw startedError("tempData was changed after the response was made");
  return opened(visit);
}

/** Says whether a commit would give TempData another cookie than it was given before. */
export function needsTempCookie({ temp, settings }: Visit): boolean {
  return temp !== undefined && !settings.tempInRecord && textAfterAnswer(temp) !== temp.after;
}

/**
 * Commits the session, and TempData with it: what was read is over, unless the answer redirects.
 *
 * What does not fit its cookies is refused before the store is asked; and nothing of TempData leaves, or is over, unless
 * the rest was stored.
 */
export function commitAll(visit: Visit, signal: AbortSignal | undefined, redirects: boolean): Promise<void> | undefined {
  if (visit.temp !== undefined || visit.started) return commitWithTemp(visit, signal, redirects);
  return isDirty(visit) ? commit(visit, signal) : undefined;
}

async function commitWithTemp(visit: Visit, signal: AbortSignal | undefined, redirects: boolean): Promise<void> {
  const { temp, settings } = visit;
  if (temp !== undefined && redirects) temp.redirects = true;
  if (temp !== undefined && settings.tempInRecord) changeRecord(visit, temp);
  if (visit.started && (needsCookie(visit) || needsTempCookie(visit))) {
    throw startedError("commit() came after the response was made and would need a cookie");
  }
  const sealed = temp === undefined || settings.tempInRecord ? undefined : sealTemp(visit, temp);
  if (isDirty(visit)) await commit(visit, signal);
  if (temp !== undefined && sealed !== undefined) Object.assign(temp, sealed);
}
