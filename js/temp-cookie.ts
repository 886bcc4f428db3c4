// TempData in a cookie of its own.

import { mayKeep, withhold } from "./consent.ts";
import { isNavigation } from "./cookies.ts";
import { type Found, findValues } from "./core.ts";
import type { CookieRejection } from "./events.ts";
import type { Settings } from "./options.ts";
import { purposes } from "./results.ts";
import { emptyTemp, type Temp, takeUpAll, textAfterAnswer } from "./temp-state.ts";
import { now, tell, type Visit } from "./visit.ts";

/** Opens the request's TempData; what does not open is none, and is told. */
export function openTemp(visit: Visit): Temp {
  const { settings } = visit;
  const temp = emptyTemp();
  const { values, more } = valuesOf(visit, temp);
  let text: string | undefined;
  let why: CookieRejection | undefined;
  for (const value of values) {
    const opened = settings.core.openText(purposes.tempData, nameOf(settings), "", value, now(settings));
    if (typeof opened === "string") why ??= opened;
    else if (text === undefined) text = opened.text;
    else if (text !== opened.text) return rejected(visit, temp, "ambiguous");
  }
  // What is not looked at may open too.
  if (text !== undefined && more) return rejected(visit, temp, "ambiguous");
  // A number of pieces, without those.
  if ((temp.seen & 1) === 1) why ??= "malformed";
  if (text === undefined) return why === undefined ? temp : rejected(visit, temp, why);
  temp.before = temp.after = temp.afterRedirect = text;
  takeUpAll(temp, text);
  return temp;
}

/** Gives TempData once the session ended: no value, and whatever the browser has of it expired; `undefined` where nobody used it. */
export function endTemp(visit: Visit): Temp | undefined {
  const temp = emptyTemp();
  if (!visit.settings.tempInRecord) valuesOf(visit, temp);
  if (temp.seen === 0) return visit.temp === undefined ? undefined : temp;
  temp.before = "";
  temp.lines = linesFor(visit, temp, "{}");
  return temp;
}

/** Makes the lines that the browser needs, before anything is stored; `undefined` where consent is missing. */
export function sealTemp(visit: Visit, temp: Temp): Pick<Temp, "after" | "afterRedirect" | "lines"> | undefined {
  const after = textAfterAnswer(temp);
  const afterRedirect = textAfterAnswer(temp, true);
  if (after === temp.after) return { after, afterRedirect, lines: temp.lines };
  return mayHave(visit, temp, after) ? { after, afterRedirect, lines: linesFor(visit, temp, after) } : undefined;
}

/** Leaves what was read, as the answer redirects; where that does not fit beside what was set since, it goes. */
export function keepRead(visit: Visit, temp: Temp): void {
  const { after, afterRedirect } = temp;
  if (after === afterRedirect || !mayHave(visit, temp, afterRedirect)) return;
  try {
    temp.lines = linesFor(visit, temp, afterRedirect);
    temp.after = afterRedirect;
    temp.redirects = true;
  } catch {
    // The commit was confirmed with what was read gone: that stands.
  }
}

/** Says whether the browser may be made to have this text: to leave or expire what it has needs no consent. */
function mayHave(visit: Visit, temp: Temp, text: string): boolean {
  if (text === "{}" || text === temp.before || mayKeep(visit)) return true;
  withhold(visit);
  return false;
}

/** Writes the lines that make the browser have this text. */
function linesFor(visit: Visit, temp: Temp, text: string): readonly string[] {
  if (text === temp.before) return [];
  const { settings } = visit;
  const name = nameOf(settings);
  const at = now(settings);
  const value = text === "{}" ? "" : settings.core.sealText(purposes.tempData, name, "", text, at, at + settings.idleTimeoutSeconds);
  // Never with Max-Age: a message is for the next page, not for the next time that the browser is opened.
  return settings.core.lines(name, value, temp.seen, 0, at);
}

function valuesOf(visit: Visit, temp: Temp): Pick<Found, "values" | "more"> {
  const name = nameOf(visit.settings);
  const header = visit.request?.headers.get("cookie") ?? "";
  if (!header.includes(name)) return { values: [], more: false };
  const found = findValues(header, name);
  temp.seen = found.seen;
  return found;
}

/** Tells why nothing opened. What is merely over is expired with the page, so that it is told once. */
function rejected(visit: Visit, temp: Temp, reason: CookieRejection): Temp {
  tell(visit, { name: "cookie-rejected", level: "warning", reason });
  if (reason === "expired" && isNavigation(visit)) temp.before = temp.after = "";
  return temp;
}

function nameOf(settings: Settings): string {
  return `${settings.cookie.name}-temp`;
}
