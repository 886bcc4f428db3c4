// The sessions, made at the first use.
// Modules are imported at build time too, without secrets.

import { createSessions } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";
import { env } from "$env/dynamic/private";

export interface Data {
  visits: number;
}

export const sessions = createSessions<Data>(() => ({
  secrets: [env.SESSION_SECRET ?? ""],
  store: upstashStore({ url: env.REDIS_URL ?? "", token: env.REDIS_TOKEN ?? "" }),
}));
