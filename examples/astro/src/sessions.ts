// The sessions, made at the first use.
// Pages are built without secrets.

import { env } from "cloudflare:workers";
import { createSessions } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";

export interface Data {
  visits: number;
}

export const sessions = createSessions<Data>(() => ({
  secrets: [env.SESSION_SECRET],
  store: upstashStore({ url: env.REDIS_URL, token: env.REDIS_TOKEN }),
}));
