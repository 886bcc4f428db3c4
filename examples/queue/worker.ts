// A queue consumer that logs a user out everywhere.

import { env } from "cloudflare:workers";
import { createSessions } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";

const sessions = createSessions<{ user: string }>(() => ({
  secrets: [env.SESSION_SECRET],
  store: upstashStore({ url: env.REDIS_URL, token: env.REDIS_TOKEN }),
}));

export default {
  fetch: (request, { SIGN_INS, ENDINGS }, ctx) =>
    sessions.handle(request, ctx, async (session) => {
      const { pathname, searchParams } = new URL(request.url);
      await session.load();
      if (pathname === "/sign-in") {
        const user = searchParams.get("user") ?? "somebody";
        session.regenerateId();
        session.set("user", user);
        // The id is a new one after each regenerateId(). One key for each: no list that two sign-ins could write at once.
        await session.commit();
        await SIGN_INS.put(`${user}/${session.id}`, "", { expirationTtl: 86_400 });
        return new Response("ok");
      }
      const user = session.get("user");
      if (user === undefined) return new Response("nobody", { status: 401 });
      if (pathname === "/sign-out-everywhere") {
        const { keys } = await SIGN_INS.list({ prefix: `${user}/` });
        await ENDINGS.sendBatch(keys.map(({ name }) => ({ body: name })));
      }
      return new Response(user);
    }),

  async queue({ messages }, { SIGN_INS }) {
    for (const message of messages) {
      // Never an id that a user sent: these are the worker's own.
      await sessions.openById(message.body.slice(-22)).destroy();
      await SIGN_INS.delete(message.body);
      message.ack();
    }
  },
} satisfies ExportedHandler<Cloudflare.Env, string>;
