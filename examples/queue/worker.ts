// A queue consumer that ends the sessions listed for a user.
//
// It ends only those: an id is new after every regenerateId(), and a list of KV may lack the newest keys for a minute.
// The complete answer to "log out everywhere" is createdAt: "Sign out everywhere" in the README.

import { env } from "cloudflare:workers";
import { createSessions } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";

const sessions = createSessions<{ user: string }>(() => ({
  secrets: [env.SESSION_SECRET],
  store: upstashStore({ url: env.REDIS_URL, token: env.REDIS_TOKEN }),
}));

/** What the keys of a user begin with, and nobody else's: no encoded name has a slash in it. */
const prefixOf = (user: string) => `${encodeURIComponent(user)}/`;

/** Asks for the end of each session; a page of the list is as long as a batch may be. */
async function endAll(user: string, signIns: KVNamespace, endings: Queue<string>): Promise<void> {
  let cursor: string | undefined;
  do {
    const page = await signIns.list({ prefix: prefixOf(user), limit: 100, cursor: cursor ?? null });
    if (page.keys.length > 0) await endings.sendBatch(page.keys.map(({ name }) => ({ body: name })));
    cursor = page.list_complete ? undefined : page.cursor;
  } while (cursor !== undefined);
}

export default {
  fetch: (request, { SIGN_INS, ENDINGS }, ctx) =>
    sessions.handle(request, ctx, async (session) => {
      const { origin, pathname } = new URL(request.url);
      if (pathname !== "/") {
        // A link must not act, nor a form on another site.
        if (request.method !== "POST") return new Response("Only by POST.", { status: 405, headers: { Allow: "POST" } });
        if (request.headers.get("Origin") !== origin) return new Response("Only from our own pages.", { status: 403 });
      }
      await session.load();
      if (pathname === "/sign-in") {
        const user = String((await request.formData()).get("user"));
        session.regenerateId();
        session.set("user", user);
        await session.commit();
        // One key for each: no list that two sign-ins could write at once.
        await SIGN_INS.put(prefixOf(user) + session.id, "", { expirationTtl: 86_400 });
        return new Response("ok");
      }
      const user = session.get("user");
      if (user === undefined) return new Response("nobody", { status: 401 });
      if (pathname === "/sign-out-everywhere") await endAll(user, SIGN_INS, ENDINGS);
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
