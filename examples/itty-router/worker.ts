// A worker of itty-router, with one `handle` around it.
// The router passes the session on.

import { env } from "cloudflare:workers";
import { createSessions, type Session } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";
import { type IRequest, json, Router } from "itty-router";

interface Data {
  visits: number;
}

const sessions = createSessions<Data>(() => ({
  secrets: [env.SESSION_SECRET],
  store: upstashStore({ url: env.REDIS_URL, token: env.REDIS_TOKEN }),
}));

const router = Router<IRequest, [Session<Data>]>({ finally: [json] });

router.get("/", async (_request, session) => {
  await session.load();
  session.update("visits", (visits = 0) => visits + 1);
  return { visits: session.get("visits") };
});

router.post("/sign-out", async (request, session) => {
  await session.destroy();
  return Response.redirect(new URL("/", request.url).href, 303);
});

export default {
  fetch: (request, _env, ctx) => sessions.handle(request, ctx, (session) => router.fetch(request, session)),
} satisfies ExportedHandler<Cloudflare.Env>;
