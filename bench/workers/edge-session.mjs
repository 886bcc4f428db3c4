// The worker with edge-session.
import { createSessions, memoryStore } from "edge-session";
import { SECRET, values } from "./values.mjs";

const sessions = createSessions({ secrets: [SECRET], store: memoryStore() });

export default {
  fetch: (request, _env, ctx) =>
    sessions.handle(request, ctx, async (session) => {
      const path = new URL(request.url).pathname;
      if (path === "/none") return Response.json({ counter: 0 });
      if (path !== "/seed" && path !== "/read" && path !== "/write") return new Response(null, { status: 404 });
      await session.load();
      if (path === "/seed") for (const [key, value] of Object.entries(values)) session.set(key, value);
      if (path === "/write") session.set("counter", session.get("counter") + 1);
      return Response.json({ counter: session.get("counter") });
    }),
};
