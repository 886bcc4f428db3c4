// The cookie that is due, and its text.

import { mayKeep } from "./consent.ts";
import type { Opened } from "./opened.ts";
import type { SameSite } from "./options.ts";
import { type DueCookie, now, type Visit } from "./visit.ts";

/** A cookie in the form that Next.js `cookies()`, SvelteKit `cookies`, Astro `cookies` and Hono `setCookie` take. */
export interface CookieToSet {
  readonly name: string;
  readonly value: string;
  readonly options: {
    path: string;
    domain?: string;
    maxAge?: number;
    httpOnly: boolean;
    secure: boolean;
    sameSite: SameSite;
    partitioned?: boolean;
  };
}

/** Makes the cookie due that names a record which was just confirmed. */
export function sealNew(visit: Visit, id: string, deadline: number): void {
  const persistent = visit.persistent ?? visit.cookie?.persistent ?? visit.settings.cookie.maxAgeSeconds !== undefined;
  seal(visit, id, now(visit.settings), deadline, persistent, false);
}

/** Makes the cookie due again where it was sealed by an older secret, or is persistent and past half of its life. */
export function sealAgain(visit: Visit, cookie: Opened): void {
  const { settings } = visit;
  const { maxAgeSeconds } = settings.cookie;
  const halfLived = cookie.persistent && maxAgeSeconds !== undefined && now(settings) - cookie.issued > maxAgeSeconds / 2;
  if ((cookie.secret === 0 && !halfLived) || !isNavigation(visit) || !mayKeep(visit)) return;
  seal(visit, cookie.id, halfLived ? now(settings) : cookie.issued, cookie.expires, cookie.persistent, true);
}

/** Says whether the answer is to a GET that shows a page: only then may a cookie be sent again. */
export function isNavigation(visit: Visit): boolean {
  const { request } = visit;
  if ((request as { method?: unknown } | undefined)?.method !== "GET") return false;
  const mode = request?.headers.get("sec-fetch-mode") ?? null;
  return mode === null || mode === "navigate";
}

function seal(visit: Visit, id: string, issued: number, expires: number, persistent: boolean, again: boolean): void {
  const { core, clock, cookie } = visit.settings;
  const left = expires - Math.floor(clock() / 1000);
  const maxAgeSeconds = persistent && cookie.maxAgeSeconds !== undefined ? Math.max(1, Math.min(cookie.maxAgeSeconds, left)) : undefined;
  visit.due = { forget: false, value: core.seal(id, issued, expires, persistent), maxAgeSeconds, again };
}

/** Gives the cookie that may leave with the answer now. */
export function dueCookie(visit: Visit): DueCookie | undefined {
  const { due } = visit;
  return due !== undefined && !due.forget && due.again && (visit.failed || visit.outdated) ? undefined : due;
}

/** Gives the `Set-Cookie` lines that are due: the session's, then those of TempData. */
export function setCookieHeaders(visit: Visit): string[] {
  const due = dueCookie(visit);
  const { temp } = visit;
  if (due === undefined) return temp === undefined ? [] : [...temp.lines];
  if (due.lines !== undefined) return temp === undefined ? [...due.lines] : [...due.lines, ...temp.lines];
  const { core } = visit.settings;
  const line = due.forget ? core.line("", 0, now(visit.settings)) : core.line(due.value, due.maxAgeSeconds ?? 0, now(visit.settings));
  return temp === undefined ? [line] : [line, ...temp.lines];
}

/** Gives the same as values for a framework's own cookie setter. */
export function cookies(visit: Visit): CookieToSet[] {
  const due = dueCookie(visit);
  const temp = (visit.temp?.lines ?? []).map((line) => cookieOf(visit, line, undefined));
  if (due === undefined) return temp;
  const maxAge = due.forget ? 0 : due.maxAgeSeconds;
  if (due.lines !== undefined) return [...due.lines.map((line) => cookieOf(visit, line, maxAge)), ...temp];
  return [cookie(visit, visit.settings.cookie.name, due.forget ? "" : due.value, maxAge), ...temp];
}

/** Gives what a `Set-Cookie` line sets; one without a value expires what is left over. */
function cookieOf(visit: Visit, line: string, maxAge: number | undefined): CookieToSet {
  const [pair = ""] = line.split(";", 1);
  const at = pair.indexOf("=");
  const value = pair.slice(at + 1);
  return cookie(visit, pair.slice(0, at), value, value === "" ? 0 : maxAge);
}

function cookie(visit: Visit, name: string, value: string, maxAge: number | undefined): CookieToSet {
  const { path, domain, httpOnly, secure, sameSite, partitioned } = visit.settings.cookie;
  const options: CookieToSet["options"] = { path, httpOnly, secure, sameSite };
  if (domain !== "") options.domain = domain;
  if (maxAge !== undefined) options.maxAge = maxAge;
  if (partitioned) options.partitioned = true;
  return { name, value, options };
}
