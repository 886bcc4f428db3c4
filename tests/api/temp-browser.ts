// A browser of one visitor, for requests to one application.

import type { Sessions, TempData } from "edge-session";
import { CookieJar } from "tough-cookie";
import { type Data, type Handler, request, type Sent, type World } from "./world.ts";

export const PROVIDERS = ["cookie", "session"] as const;
export type Provider = (typeof PROVIDERS)[number];

const ORIGIN = "https://app.example/";

/** Keeps what answers set, as a browser does, and sends it along. */
export class Browser {
  readonly jar = new CookieJar(undefined, { prefixSecurity: "strict" });
  readonly world: World;
  /** The `Set-Cookie` lines of the last answer. */
  lines: string[] = [];

  constructor(world: World) {
    this.world = world;
  }

  /** Sends a request through `handle`. */
  async visit(handler: Handler, sent: Sent = {}, sessions: Sessions<Data> = this.world.sessions): Promise<Response> {
    const answer = await sessions.handle(request({ cookie: await this.cookie(), ...sent }), undefined, handler);
    await this.take(answer.headers.getSetCookie());
    return answer;
  }

  /** Sends a request whose session is loaded, and gives what `use` made of its TempData. */
  async use<T>(use: (tempData: TempData, session: Parameters<Handler>[0]) => T, answer: () => Response = () => new Response()): Promise<T> {
    let made: T | undefined;
    await this.visit(async (session) => {
      await session.load();
      made = await use(session.tempData, session);
      return answer();
    });
    return made as T;
  }

  /** The `Cookie` header that the next request has; `undefined` where there is no cookie. */
  async cookie(): Promise<string | undefined> {
    const header = await this.jar.getCookieString(ORIGIN);
    return header === "" ? undefined : header;
  }

  /** The names of the cookies that there are. */
  async names(): Promise<string[]> {
    return (await this.jar.getCookies(ORIGIN)).map(({ key }) => key).sort();
  }

  /** Takes what an answer sets. */
  async take(lines: string[]): Promise<void> {
    this.lines = lines;
    for (const line of lines) await this.jar.setCookie(line, ORIGIN);
  }
}

/** An answer that sends the browser on. */
export function redirect(status = 303): Response {
  return new Response(null, { status, headers: { Location: "/" } });
}
