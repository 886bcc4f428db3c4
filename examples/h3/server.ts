// A server of h3 whose middleware makes the response itself.
// Its handlers return values.

import { createSessions, type Session } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";
import { H3, type H3Event, redirect, serve, toResponse } from "h3";

interface Data {
  visits: number;
}

const { SESSION_SECRET = "", REDIS_URL = "", REDIS_TOKEN = "", PORT } = process.env;
const sessions = createSessions<Data>({ secrets: [SESSION_SECRET], store: upstashStore({ url: REDIS_URL, token: REDIS_TOKEN }) });
const sessionOf = (event: H3Event) => event.context.session as Session<Data>;

const app = new H3()
  .use((event, next) =>
    sessions.handle(event.req, event, async (session) => {
      event.context.session = session;
      return await toResponse(await next(), event);
    }),
  )
  .get("/", async (event) => {
    const session = sessionOf(event);
    await session.load();
    session.update("visits", (visits = 0) => visits + 1);
    event.res.headers.append("Set-Cookie", "theirs=1; Path=/");
    return { visits: session.get("visits") };
  })
  .post("/sign-out", async (event) => {
    await sessionOf(event).destroy();
    return redirect("/", 303);
  });

serve(app, { hostname: "127.0.0.1", port: Number(PORT ?? 3000) });
