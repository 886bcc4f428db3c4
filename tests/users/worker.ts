// A worker as its author writes it, and what its types refuse.
import { env } from "cloudflare:workers";
import { createSessions, memoryStore, type Session, type Sessions } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";
import { webdisStore } from "edge-session/stores/webdis";

declare global {
  namespace Cloudflare {
    interface Env {
      SESSION_SECRET: string;
      REDIS_URL: string;
      REDIS_TOKEN: string;
      COOKIE_DOMAIN?: string;
      WEBDIS_PASSWORD?: string;
      DEV?: string;
    }
  }
}

const sessions = createSessions<{ visits: number }>({
  secrets: [env.SESSION_SECRET],
  store: upstashStore({ url: env.REDIS_URL, token: env.REDIS_TOKEN }),
});

export default {
  fetch: (request, _env, ctx) =>
    sessions.handle(request, ctx, async (session) => {
      await session.load();
      session.update("visits", (visits = 0) => visits + 1);
      return Response.json({ visits: session.get("visits") });
    }),
} satisfies ExportedHandler<Cloudflare.Env>;

// bindings only inside the request
let later: Sessions<{ visits: number }> | undefined;
export const inRequest = {
  fetch(request, env, ctx) {
    later ??= createSessions<{ visits: number }>({
      secrets: [env.SESSION_SECRET],
      store: webdisStore({ url: env.REDIS_URL, username: "edge", password: env.WEBDIS_PASSWORD }),
      concurrency: "last-write-wins",
    });
    return later.handle(request, ctx, async (s) => {
      await s.load();
      return new Response(String(s.get("visits") ?? 0));
    });
  },
} satisfies ExportedHandler<Cloudflare.Env>;

const base = { secrets: [env.SESSION_SECRET], store: memoryStore() };

// typing
interface User {
  id: number;
  name?: string;
}
interface Data {
  visits: number;
  user?: User;
  picture: Uint8Array;
}
const typed = createSessions<Data>(base);
const untyped = createSessions(base);
untyped.open(new Request("http://x")).set("anything", [1, { a: "b" }]);
// @ts-expect-error a Date does not come back
createSessions<{ at: Date }>(base);
// @ts-expect-error nor inside
createSessions<{ user: { seen: Map<string, number> } }>(base);
createSessions<{ a: number }>({ ...base, cookie: { name: "__Secure-session", domain: env.COOKIE_DOMAIN } });
createSessions<{ a: number }>({ ...base, cookie: env.DEV ? { name: "session", secure: false } : {} });
createSessions<{ a: number }>(() => ({ ...base }));
const s = typed.open(new Request("http://x"));
// @ts-expect-error unknown key
s.get("visit");
// @ts-expect-error wrong value
s.set("visits", "1");
s.update("visits", (n = 0) => n + 1);
const narrow: Session<{ user?: User }> = s; // a helper that knows less
function requireUser(session: Session<{ user?: User }>): User {
  const user = session.get("user");
  if (!user) throw new Response(null, { status: 401 });
  return user;
}
requireUser(s);
requireUser(narrow);
