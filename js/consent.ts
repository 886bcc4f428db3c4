// Whether the visitor agreed to be remembered.

import { tell, type Visit } from "./visit.ts";

/** Says whether a cookie may be set for this visitor, and anything be stored behind it; asked anew each time, as an agreement may come late. */
export function mayKeep(visit: Visit): boolean {
  const { consent, cookie } = visit.settings;
  // True and nothing like it: a promise, of a function that was made async, is no agreement.
  return consent === undefined || cookie.isEssential || visit.request === undefined || consent(visit.request) === true;
}

/** Tells that something was not kept for want of consent; once a request. */
export function withhold(visit: Visit): void {
  if (visit.withheld) return;
  visit.withheld = true;
  tell(visit, { name: "cookie-withheld", level: "warning", reason: "consent" });
}
