// What a request did to its values, and its replay.

import { find, keyTexts, tempPrefix, valueFrom, valueText } from "./values.ts";

/** One change: without a key it clears; with `compute` it is made anew on every replay; without a text it deletes. */
export interface Change {
  readonly key: string | undefined;
  readonly text: string | undefined;
  readonly compute: ((value: unknown) => unknown) | undefined;
  /** Where it deletes: the only text that it deletes. */
  readonly expected?: string | undefined;
}

/** What changes come to: whether all but TempData goes first, and then the text of each key, `undefined` where it goes. */
export interface Outcome {
  cleared: boolean;
  readonly texts: Map<string, string | undefined>;
}

/** Nothing changed. */
export function unchanged(): Outcome {
  return { cleared: false, texts: new Map() };
}

/** Gives the text of a key after the changes. */
export function textAfter(outcome: Outcome | undefined, values: string, key: string): string | undefined {
  if (outcome === undefined) return find(values, key);
  if (outcome.texts.has(key)) return outcome.texts.get(key);
  return outcome.cleared && !key.startsWith(tempPrefix) ? undefined : find(values, key);
}

/** Gives the keys after the changes, as text: those that stay in place, then the new ones. */
export function keysAfter(outcome: Outcome | undefined, values: string): string[] {
  if (outcome === undefined) return keyTexts(values);
  const stored = outcome.cleared ? keyTexts(values).filter((key) => key.startsWith(tempPrefix)) : keyTexts(values);
  const kept = stored.filter((key) => !outcome.texts.has(key) || outcome.texts.get(key) !== undefined);
  const known = new Set(kept);
  for (const [key, text] of outcome.texts) if (text !== undefined && !known.has(key)) kept.push(key);
  return kept;
}

/** Adds one change to what the changes before it came to. */
export function apply(outcome: Outcome, change: Change, values: string): void {
  if (change.key === undefined) {
    outcome.cleared = true;
    for (const key of outcome.texts.keys()) if (!key.startsWith(tempPrefix)) outcome.texts.delete(key);
    return;
  }
  if (change.expected !== undefined && textAfter(outcome, values, change.key) !== change.expected) return;
  if (change.compute === undefined) {
    outcome.texts.set(change.key, change.text);
    return;
  }
  const before = textAfter(outcome, values, change.key);
  outcome.texts.set(change.key, valueText(change.compute(before === undefined ? undefined : valueFrom(before))));
}

/** Makes all changes anew, on the values that are there now. */
export function replay(changes: readonly Change[], values: string): Outcome {
  const outcome = unchanged();
  for (const change of changes) apply(outcome, change, values);
  return outcome;
}

/** Says whether the changes leave any value where there was none. */
export function setsAnything(outcome: Outcome | undefined): boolean {
  if (outcome !== undefined) for (const text of outcome.texts.values()) if (text !== undefined) return true;
  return false;
}

/** Writes the outcome for the core, one change a line. */
export function outcomeText(outcome: Outcome): string {
  let text = outcome.cleared ? "!\n" : "";
  for (const [key, value] of outcome.texts) text += value === undefined ? `-${key}\n` : `+${key}:${value}\n`;
  return text;
}
