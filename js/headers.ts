// What the answer's headers say of the session.

import { setCookieHeaders } from "./cookies.ts";
import { keepRead } from "./temp-cookie.ts";
import { tell, type Visit } from "./visit.ts";

/** They override `Cache-Control` for caches that many people share (RFC 9213), and would give one user's page to all. */
const cdnHeaders = [
  "cdn-cache-control",
  "cloudflare-cdn-cache-control",
  "vercel-cdn-cache-control",
  "netlify-cdn-cache-control",
  "surrogate-control",
  "edge-control",
] as const;

/** Applies the session to a response; an immutable one is copied. */
export function applyToResponse(visit: Visit, response: Response): Response {
  visit.started = true;
  if (visit.temp !== undefined && isRedirect(response)) keepRead(visit, visit.temp);
  const lines = setCookieHeaders(visit);
  if (lines.length === 0 && !isUsed(visit)) return response;
  try {
    applyLines(visit, response.headers, lines);
    return response;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  if (response.status === 0) return response;
  const copy = new Response(response.body, response);
  applyLines(visit, copy.headers, lines);
  return copy;
}

/** Says whether a response sends the browser on. */
export function isRedirect(response: Response): boolean {
  return response.status >= 300 && response.status < 400 && response.headers.has("location");
}

/** Says whether the answer is nobody else's. */
function isUsed(visit: Visit): boolean {
  return visit.used || visit.bound || visit.temp !== undefined;
}

/** Applies the session to headers. */
export function applyToHeaders(visit: Visit, headers: Headers): Headers {
  visit.started = true;
  const lines = setCookieHeaders(visit);
  if (lines.length > 0 || isUsed(visit)) applyLines(visit, headers, lines);
  return headers;
}

function applyLines(visit: Visit, headers: Headers, lines: readonly string[]): void {
  keepPrivate(headers, lines.length > 0);
  if (lines.length === 0) return;
  warnOfHttp(visit);
  const earlier = headers.has("set-cookie") ? headers.getSetCookie() : [];
  const others = earlier.filter((line) => !lines.some((ours) => sameCookie(ours, line)));
  if (others.length < earlier.length) {
    headers.delete("set-cookie");
    for (const line of others) headers.append("set-cookie", line);
  }
  for (const line of lines) headers.append("set-cookie", line);
}

/** Keeps the answer out of shared caches; what the handler said is left alone where it does that already. */
function keepPrivate(headers: Headers, setsCookie: boolean): void {
  const said = headers.get("cache-control");
  if (said === null) headers.set("cache-control", "private, no-store");
  else {
    const unquoted = said.includes('"') ? said.replace(/"(?:[^"\\]|\\.)*"?/g, '""') : said;
    const directives = unquoted
      .toLowerCase()
      .split(",")
      .map((directive) => directive.replace(/^[ \t]+|[ \t]+$/g, ""));
    const stores = !directives.includes("no-store") || directives.includes("must-understand");
    if (stores && !directives.includes("private")) headers.set("cache-control", "private, no-store");
    else if (setsCookie && !directives.includes("no-store")) headers.set("cache-control", `${said}, no-store`);
  }
  // What was just written to may be again, and a runtime takes longer to answer whether there is one.
  for (const name of cdnHeaders) if (said === null || headers.has(name)) headers.delete(name);
}

/** Says whether two lines set the same cookie: name, path and domain. */
function sameCookie(one: string, other: string): boolean {
  return identity(one) === identity(other);
}

function identity(line: string): string {
  const [pair = "", ...attributes] = line.split(";");
  const of = (name: string) => {
    const found = attributes.map((attribute) => attribute.trim()).findLast((attribute) => attribute.toLowerCase().startsWith(name));
    return found?.slice(name.length).replace(/^\./, "") ?? "";
  };
  return [pair.slice(0, pair.indexOf("=")).trim(), of("path="), of("domain=").toLowerCase()].join(";");
}

let warned = false;

/** Tells once that browsers drop a Secure cookie which came over http from another machine. */
function warnOfHttp(visit: Visit): void {
  if (warned || !visit.settings.cookie.secure) return;
  const { request } = visit;
  const url = (request as { url?: unknown } | undefined)?.url;
  if (typeof url !== "string" || !url.startsWith("http:") || request?.headers.get("x-forwarded-proto") === "https") return;
  const { hostname } = new URL(url);
  if (hostname === "localhost" || hostname.endsWith(".localhost") || hostname === "[::1]" || hostname.startsWith("127.")) return;
  warned = true;
  tell(visit, { name: "secure-cookie-over-http", level: "warning" });
}
