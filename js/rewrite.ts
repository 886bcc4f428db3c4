// Begins a commit that sets values of a living record.
// Nearly all do no more. It begins as the core's own does, for less; the core checks that the values are whole.

import type { Outcome } from "./changes.ts";
import { revise } from "./records.ts";
import { flags, type Step } from "./results.ts";
import type { Visit } from "./visit.ts";

/** A commit that has begun, and the values that it stores. */
export interface Begun {
  readonly step: Step;
  readonly text: string;
}

/** A commit that has met nobody, as the core writes it. */
const fresh = "w@0.";

/** Begins a commit; `undefined` where values go or are not whole, the header is of no living record in clear, or the store cannot compare: the core begins those. */
export function rewrite({ id, outcome, values, header, settings }: Visit, given: number, nowMs: number): Begun | undefined {
  if (id === undefined || outcome === undefined || given !== (flags.compares | flags.wasLive) || !header.startsWith("1j.")) return undefined;
  // 1j.<revision>.<birth>.<previous>.<created>.<deadline>. with 16 characters of revision and of birth.
  const expected = header.slice(3, 19);
  const times = header.slice(header.indexOf(".", 37) + 1);
  const deadline = times.slice(times.indexOf(".") + 1, -1);
  const secondsLeft = deadline === "-" ? Number.POSITIVE_INFINITY : Number(deadline) - Math.floor(nowMs / 1000);
  const secondsToLive = Math.min(settings.idleTimeoutSeconds, secondsLeft);
  if (!(secondsToLive > 0 && nowMs >= 0)) return undefined;
  const text = withValues(values, outcome);
  if (text === undefined) return undefined;
  const revision = revise(values);
  if (revision === undefined) return undefined;
  const next = `1j.${revision}${header.slice(19, 37)}${expected}.${times}`;
  const step = {
    code: 0,
    waitMs: 0,
    secondsToLive,
    operation: 2,
    values: 0,
    created: false,
    conflicts: 0,
    id,
    expected,
    header: next,
    state: id + expected + fresh + next,
  };
  return { step, text };
}

/** Sets values, in their place or behind all others; `undefined` where one goes, or a key is there twice. */
function withValues(values: string, { cleared, texts }: Outcome): string | undefined {
  if (cleared) return undefined;
  let made = values;
  for (const [key, text] of texts) {
    if (text === undefined) return undefined;
    const line = `\n${key}:`;
    const at = made.indexOf(line);
    if (at < 0) {
      made = `${made.slice(0, -1)}${made === "{}" ? "" : ","}${line}${text}}`;
      continue;
    }
    const from = at + line.length;
    const next = made.indexOf("\n", from);
    if (next >= 0 && made.includes(line, next)) return undefined;
    made = made.slice(0, from) + text + made.slice(next < 0 ? -1 : next - 1);
  }
  return made;
}
