// The sessions, made at the first use.
// Bindings exist only inside a request.

import { createSessions } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";

export interface Data {
  visits: number;
}

export const sessions = createSessions<Data>(() => {
  const { SESSION_SECRET = "", REDIS_URL = "", REDIS_TOKEN = "" } = process.env;
  return { secrets: [SESSION_SECRET], store: upstashStore({ url: REDIS_URL, token: REDIS_TOKEN }) };
});
