// A visitor whose cookies are kept as a browser keeps them.

import { CookieJar } from "tough-cookie";

/** Follows redirects by hand, and keeps what each answer sets. */
export class Visitor {
  readonly jar = new CookieJar(undefined, { prefixSecurity: "strict" });
  /** The `Set-Cookie` lines of the last `get` or `post`, redirects included. */
  setCookieLines: string[] = [];
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Asks for a page, as a navigation. */
  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    this.setCookieLines = [];
    return this.#ask(path, { headers });
  }

  /** Sends a form from the page itself. */
  post(path: string, fields: Record<string, string> = {}, headers: Record<string, string> = {}): Promise<Response> {
    this.setCookieLines = [];
    return this.#ask(path, { method: "POST", body: new URLSearchParams(fields), headers: { Origin: this.#origin, ...headers } });
  }

  /** Sends a form with files from the page itself. */
  send(path: string, form: FormData): Promise<Response> {
    this.setCookieLines = [];
    return this.#ask(path, { method: "POST", body: form, headers: { Origin: this.#origin } });
  }

  /** The value of a cookie that the jar sends to the origin. */
  async cookie(name: string): Promise<string | undefined> {
    const cookies = await this.jar.getCookies(this.#place("/"));
    return cookies.find(({ key }) => key === name)?.value;
  }

  async #ask(path: string, init: RequestInit & { headers: Record<string, string> }): Promise<Response> {
    const cookie = await this.jar.getCookieString(this.#place(path));
    const headers = { ...(cookie === "" ? {} : { Cookie: cookie }), ...init.headers };
    const response = await fetch(this.#origin + path, { ...init, headers, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      this.setCookieLines.push(line);
      await this.jar.setCookie(line, this.#place(path));
    }
    const location = response.headers.get("Location");
    if (response.status !== 303 || location === null) return response;
    await response.body?.cancel();
    const next = new URL(location, this.#origin + path);
    return this.#ask(next.pathname + next.search, { headers: {} });
  }

  /** Browsers take loopback for secure; the jar is told so. */
  #place(path: string): string {
    return this.#origin.replace("http:", "https:") + path;
  }
}
