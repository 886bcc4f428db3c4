// What one request knows of its TempData.

import { find, keyOf, keyText, keyTexts } from "./values.ts";

/** One value of TempData. */
export interface TempEntry {
  /** As it was written first. */
  readonly key: string;
  /** Its value as JSON; `undefined` where it was deleted. */
  text: string | undefined;
  /** Whether it was read, so that it goes with the answer. */
  read: boolean;
  /** The text that the record has, under the provider "session". */
  stored: string | undefined;
  /** Whether the record was told that it is gone: what others read meanwhile does not come back. */
  spent: boolean;
}

/** Everything that one request knows of its TempData. */
export interface Temp {
  /** By key, in lower case: keys ignore case. */
  readonly entries: Map<string, TempEntry>;
  /** What `keep` was said of, also of what is not there. */
  readonly kept: Set<string>;
  /** Whether the answer redirects, as far as known: then what was read stays. */
  redirects: boolean;
  /** Which cookies of TempData the request has: bit 0 the named one, bits 1 to 10 the pieces. */
  seen: number;
  /** The text that the browser has; empty where it has something that must go. */
  before: string;
  /** The text that it will have by `lines`. */
  after: string;
  /** The text that it should have, as committed, where the answer redirects. */
  afterRedirect: string;
  /** The confirmed `Set-Cookie` lines. */
  lines: readonly string[];
}

/** No values. */
export function emptyTemp(): Temp {
  return { entries: new Map(), kept: new Set(), redirects: false, seen: 0, before: "{}", after: "{}", afterRedirect: "{}", lines: [] };
}

/** Gives the name by which entries are found; refuses what is no key. */
export function folded(key: string): string {
  keyText(key);
  return key.toLowerCase();
}

/** Takes up a value that is there; of two whose keys differ by case only, the later. */
export function takeUp(temp: Temp, key: string, text: string, stored: string | undefined): void {
  temp.entries.set(key.toLowerCase(), { key, text, read: false, stored, spent: false });
}

/** Takes up values that are written as a record's. */
export function takeUpAll(temp: Temp, values: string): void {
  for (const each of keyTexts(values)) {
    const key = keyOf(each);
    const text = find(values, each);
    if (key !== undefined && text !== undefined) takeUp(temp, key, text, undefined);
  }
}

/** Says whether an entry is there after this answer. */
export function survives(temp: Temp, name: string, entry: TempEntry, redirects = temp.redirects): boolean {
  return entry.text !== undefined && !entry.spent && (!entry.read || redirects || temp.kept.has(name));
}

/** Writes what is there after this answer, as a record's values. */
export function textAfterAnswer(temp: Temp, redirects = temp.redirects): string {
  const lines: string[] = [];
  for (const [name, entry] of temp.entries) if (survives(temp, name, entry, redirects)) lines.push(`\n${keyText(entry.key)}:${entry.text}`);
  return `{${lines.join(",")}}`;
}
