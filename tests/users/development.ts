// Settings for development, for a shared domain, for tests.
import { createSessions, memoryStore } from "edge-session";

declare const env: { DEV?: string; SECRET: string; COOKIE_DOMAIN?: string };
export const local = createSessions<{ a: number }>({
  secrets: [env.SECRET],
  store: memoryStore(),
  cookie: env.DEV ? { name: "session", secure: false } : {},
});
export const shared = createSessions<{ a: number }>({
  secrets: [env.SECRET],
  store: memoryStore(),
  cookie: { name: "__Secure-session", domain: env.COOKIE_DOMAIN },
});
let now = Date.now();
export const tested = createSessions<{ a: number }>({
  secrets: [env.SECRET],
  store: memoryStore({ clock: () => now, isolated: true }),
  clock: () => now,
});
now += 1_200_000;
