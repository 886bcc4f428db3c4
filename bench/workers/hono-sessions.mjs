// The Hono worker with hono-sessions: a sealed id.
import { Hono } from "hono";
import { MemoryStore, sessionMiddleware } from "hono-sessions";
import { SECRET, values } from "./values.mjs";

const app = new Hono();
app.use("*", sessionMiddleware({ store: new MemoryStore(), encryptionKey: SECRET, expireAfterSeconds: 1200, cookieOptions: { sameSite: "Lax", path: "/", httpOnly: true, secure: true } }));
app.get("/none", (c) => c.json({ counter: 0 }));
app.get("/seed", (c) => {
  for (const [key, value] of Object.entries(values)) c.get("session").set(key, value);
  return c.json({ counter: c.get("session").get("counter") });
});
app.get("/read", (c) => c.json({ counter: c.get("session").get("counter") }));
app.get("/write", (c) => {
  const session = c.get("session");
  session.set("counter", session.get("counter") + 1);
  return c.json({ counter: session.get("counter") });
});

export default app;
