// The Hono worker without sessions.
import { Hono } from "hono";
import { values } from "./values.mjs";

const app = new Hono();
app.get("/none", (c) => c.json({ counter: 0 }));
app.get("/seed", (c) => c.json({ counter: values.counter }));
app.get("/read", (c) => c.json({ counter: values.counter }));
app.get("/write", (c) => c.json({ counter: values.counter + 1 }));

export default app;
