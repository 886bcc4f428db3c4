// Of commits that write everything, the later one wins whole.

import { isDeepStrictEqual } from "node:util";
import type { Course } from "../protocol/course.ts";
import type { Outcome } from "./round.ts";
import { callsOf } from "./told.ts";

/** Demands that each session that is left holds what one request saw and made of it. */
export function demandWhole({ replay, told, courses }: Outcome): string[] {
  return replay.history.living().flatMap(([, { revision, values }]) => {
    const writer = told.findIndex((each) => callsOf(each).some(({ asked }) => asked.text.slice(3, 19) === revision));
    const course = courses[writer];
    if (course === undefined || isDeepStrictEqual(values, wholeOf(course))) return [];
    return [`MIXED: ${course.plan.name} wrote ${JSON.stringify(values)}, not ${JSON.stringify(wholeOf(course))}`];
  });
}

/** Gives all values as a request sees them in the end. */
function wholeOf({ read, changes }: Course): Record<string, unknown> {
  const values = { ...read };
  for (const { act } of changes) {
    if (act[0] === "set") values[act[1]] = act[2];
    else if (act[0] === "add") values[act[1]] = Number(values[act[1]] ?? 0) + 1;
    else if (act[0] === "clear") for (const key of Object.keys(values)) delete values[key];
  }
  return values;
}
