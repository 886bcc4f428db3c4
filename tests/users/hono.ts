// Sessions by hand in a framework that sets cookies itself.

import { createSessions, memoryStore, type Session } from "edge-session";
import { Hono } from "hono";
import { setCookie } from "hono/cookie";

const sessions = createSessions<{ visits: number }>({ secrets: ["x".repeat(32)], store: memoryStore() });
const app = new Hono<{ Variables: { session: Session<{ visits: number }> } }>();
// by hand, with cookies()
app.use(async (c, next) => {
  const s = sessions.open(c.req.raw);
  await s.load();
  c.set("session", s);
  await next();
  if (c.error) return;
  await s.commit();
  for (const { name, value, options } of s.cookies()) setCookie(c, name, value, options);
  c.header("Cache-Control", "private, no-store");
});
app.get("/", (c) => c.text(c.var.session.id ?? ""));
export default app;
