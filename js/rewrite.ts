// Begins the commit that nearly all are: values of a living record are set.
// It begins as the core's own does, at a third of the price: of the values only their check is the core's.

import type { Outcome } from "./changes.ts";
import type { Flow } from "./flow.ts";
import { revise } from "./records.ts";
import { flags, type Step } from "./results.ts";

/** Where the parts of a session's header begin that its next one keeps. */
const header = { revision: 3, behindRevision: 19, previous: 37 } as const;
/** A commit that has met nobody, as the core writes it. */
const fresh = "w@0.";

/** Begins a commit, and makes its changes; `undefined` where it is another one, or there is nothing left to live: the core begins those. */
export function rewrite(flow: Flow, nowMs: number): Step | undefined {
  const { visit, outcome, base } = flow;
  const { id, header: seen, settings } = visit;
  if (id === undefined || outcome === undefined || flow.flags !== (flags.compares | flags.wasLive) || !seen.startsWith("1j.")) return undefined;
  const secondsToLive = Math.min(settings.idleTimeoutSeconds, deadlineOf(seen) - Math.floor(nowMs / 1000));
  if (!(secondsToLive > 0 && nowMs >= 0)) return undefined;
  const text = withValues(base, outcome);
  const revision = text === undefined ? undefined : revise(base);
  if (revision === undefined) return undefined;
  flow.text = text;
  const expected = seen.slice(header.revision, header.behindRevision);
  const kept = seen.slice(header.behindRevision, header.previous);
  const next = `1j.${revision}${kept}${expected}${seen.slice(seen.indexOf(".", header.previous))}`;
  return {
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
}

/** Unix seconds; for ever where a header ends with none. */
function deadlineOf(seen: string): number {
  const text = seen.slice(seen.lastIndexOf(".", seen.length - 2) + 1, -1);
  return text === "-" ? Number.POSITIVE_INFINITY : Number(text);
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
