// The sessions, and the middleware that all routes run below.

import { createSessions, type Session } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";
import { createContext, type MiddlewareFunction } from "react-router";

interface Data {
  visits: number;
  pages: number;
}

const sessions = createSessions<Data>(() => {
  const { SESSION_SECRET = "", REDIS_URL = "", REDIS_TOKEN = "" } = process.env;
  return { secrets: [SESSION_SECRET], store: upstashStore({ url: REDIS_URL, token: REDIS_TOKEN }) };
});

export const sessionContext = createContext<Session<Data>>();

export const sessionMiddleware: MiddlewareFunction<Response> = ({ request, context }, next) =>
  sessions.handle(request, undefined, async (session) => {
    // Loaders run side by side: loaded once here, none of them waits.
    await session.load();
    context.set(sessionContext, session);
    return await next();
  });
