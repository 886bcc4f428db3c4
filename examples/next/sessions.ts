// The sessions, and the three steps of a request.
// Next.js gives headers and cookies apart.

import { type CookieToSet, createSessions, type RequestLike, type Session } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";

export interface Data {
  visits: number;
  name: string;
}

export const sessions = createSessions<Data>(() => {
  const { SESSION_SECRET = "", REDIS_URL = "", REDIS_TOKEN = "" } = process.env;
  return { secrets: [SESSION_SECRET], store: upstashStore({ url: REDIS_URL, token: REDIS_TOKEN }) };
});

/** Opens and loads the session of `{ headers: await headers() }`. */
export async function loaded(request: RequestLike): Promise<Session<Data>> {
  const session = sessions.open(request);
  await session.load();
  return session;
}

/**
 * Commits, and sets the cookies with `await cookies()`: in a server action, before a `redirect()`, which throws.
 *
 * No `Cache-Control` is set here, and none can be: Next.js itself answers `no-store` to actions, and to pages that read `headers()`.
 */
export async function committed(
  session: Session<Data>,
  jar: { set(name: string, value: string, options: CookieToSet["options"]): unknown },
): Promise<void> {
  await session.commit();
  for (const { name, value, options } of session.cookies()) jar.set(name, value, options);
}
