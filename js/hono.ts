// The middleware for Hono.

import type { Context, MiddlewareHandler } from "hono";
import type { Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";
import type { Background } from "./visit.ts";

/**
 * Gives every handler below it the request's session, as `c.var.session`; commits it after them, and puts the cookie and `Cache-Control` on their answer.
 *
 * It does what `Sessions.handle` does, but that a store which fails is a matter for `app.onError`. A handler that threw is one that threw, whatever `app.onError` made of it: no session begins and no cookie is set.
 *
 * @param sessions the sessions, or a function that gives them where bindings exist only inside the request
 * @throws {SessionError} to `app.onError`: what a load or the commit failed with
 *
 * @example
 * const app = new Hono()
 *   .use(session(sessions))
 *   .get("/", async (c) => {
 *     await c.var.session.load();
 *     c.var.session.update("visits", (visits = 0) => visits + 1);
 *     return c.json({ visits: c.var.session.get("visits") });
 *   });
 */
export function session<Data extends object, Temp extends object>(
  sessions: Sessions<Data, Temp> | ((c: Context) => Sessions<Data, Temp>),
): MiddlewareHandler<{ Variables: { session: Session<Data, Temp> } }> {
  return async (c, next) => {
    const known = typeof sessions === "function" ? sessions(c) : sessions;
    const answer = new Answer(c, true) as unknown as Response;
    let opened: Session<Data, Temp> | undefined;
    let answered: Response | undefined;
    try {
      answered = await known.handle(c.req.raw, contextOf(c), async (session) => {
        opened = session;
        c.set("session", session);
        await next();
        // Hono's own error handling has answered for it already.
        if (c.error !== undefined) throw c.error;
        return answer;
      });
    } catch (error) {
      if (c.error === undefined || error !== c.error) throw error;
    } finally {
      // The page of an error may show what was loaded; one that is still to be made takes over these headers.
      if (answered !== answer && c.finalized) opened?.applyTo(new Answer(c, false) as unknown as Response);
    }
  };
}

function contextOf(c: Context): Background | undefined {
  try {
    return c.executionCtx;
  } catch {
    return undefined; // `app.request()`, and runtimes without one
  }
}

/** The answer that Hono holds, as far as a session is applied to a response. */
class Answer {
  readonly headers: AnswerHeaders;
  readonly #c: Context;

  constructor(c: Context, setsCookies: boolean) {
    this.#c = c;
    this.headers = new AnswerHeaders(c, setsCookies);
  }

  get status(): number {
    return this.#c.res.status;
  }
}

/**
 * Its headers. They are written where they are, as `c.header` copies the response at each call, and through `c.header` where they are immutable:
 * fetched and redirected answers. Never by setting `c.res`, which loses a `Set-Cookie` line.
 */
class AnswerHeaders {
  readonly #c: Context;
  readonly #setsCookies: boolean;

  constructor(c: Context, setsCookies: boolean) {
    this.#c = c;
    this.#setsCookies = setsCookies;
  }

  get(name: string): string | null {
    return this.#c.res.headers.get(name);
  }

  has(name: string): boolean {
    return this.#c.res.headers.has(name);
  }

  getSetCookie(): string[] {
    return this.#c.res.headers.getSetCookie();
  }

  set(name: string, value: string): void {
    try {
      this.#c.res.headers.set(name, value);
    } catch {
      if (this.#isCopied()) this.#c.header(name, value);
    }
  }

  append(name: string, value: string): void {
    if (!this.#setsCookies) return;
    try {
      this.#c.res.headers.append(name, value);
    } catch {
      if (this.#isCopied()) this.#c.header(name, value, { append: true });
    }
  }

  delete(name: string): void {
    try {
      this.#c.res.headers.delete(name);
    } catch {
      if (this.#isCopied()) this.#c.header(name);
    }
  }

  /** Whether `c.header` can copy the answer: a `Response.error()` has no copy. */
  #isCopied(): boolean {
    return this.#c.res.status !== 0;
  }
}
