// TempData in the session's record, each under its own key.

import { addChange, check, readable } from "./access.ts";
import { keysAfter, textAfter } from "./changes.ts";
import { emptyTemp, survives, type Temp, type TempEntry, takeUp } from "./temp-state.ts";
import { keyText, tempPrefix } from "./values.ts";
import type { Visit } from "./visit.ts";

/** Takes up the TempData of a loaded session. */
export function loadTemp(visit: Visit): Temp {
  const temp = emptyTemp();
  const { outcome, values } = check(readable(visit));
  for (const key of keysAfter(outcome, values)) {
    if (!key.startsWith(tempPrefix)) continue;
    const text = textAfter(outcome, values, key);
    if (text !== undefined) takeUp(temp, JSON.parse(`"${key.slice(tempPrefix.length)}`) as string, text, text);
  }
  return temp;
}

/** Makes what became of TempData changes of the session. */
export function changeRecord(visit: Visit, temp: Temp): void {
  for (const [name, entry] of temp.entries) change(visit, entry, survives(temp, name, entry));
}

function change(visit: Visit, entry: TempEntry, stays: boolean): void {
  const { text, stored } = entry;
  const key = tempPrefix + keyText(`t${entry.key}`).slice(2);
  if (stays && text !== stored) {
    addChange(visit, { key, text, compute: undefined });
    entry.stored = text;
  } else if (!stays && stored !== undefined) {
    // Another request may have set another message since: only what was read goes.
    const expected = text === undefined ? undefined : stored;
    addChange(visit, { key, text: undefined, compute: undefined, expected });
    entry.stored = undefined;
    entry.spent = true;
  }
}
