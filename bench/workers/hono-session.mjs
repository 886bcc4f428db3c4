// The Hono worker with @hono/session: an encrypted id.
import { useSession, useSessionStorage } from "@hono/session";
import { Hono } from "hono";
import { values } from "./values.mjs";

const kept = new Map();
const app = new Hono();
app.use(
  useSessionStorage({ get: (id) => kept.get(id) ?? null, set: (id, data) => kept.set(id, data), delete: (id) => kept.delete(id) }),
  useSession({ secret: "5".repeat(64), duration: { absolute: 86_400, inactivity: 1200 } }),
);
app.get("/none", (c) => c.json({ counter: 0 }));
app.get("/seed", async (c) => {
  await c.var.session.update(values);
  return c.json({ counter: c.var.session.data.counter });
});
app.get("/read", async (c) => {
  const data = await c.var.session.get();
  return c.json({ counter: data.counter });
});
app.get("/write", async (c) => {
  await c.var.session.update((data) => ({ ...data, counter: data.counter + 1 }));
  return c.json({ counter: c.var.session.data.counter });
});

export default app;
