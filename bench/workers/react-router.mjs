// The worker with React Router storages: a signed id.
import { createMemorySessionStorage } from "react-router";
import { SECRET, values } from "./values.mjs";

const { getSession, commitSession } = createMemorySessionStorage({
  cookie: { name: "__session", path: "/", sameSite: "lax", httpOnly: true, secure: true, secrets: [SECRET] },
});

export default {
  async fetch(request) {
    const path = new URL(request.url).pathname;
    const session = await getSession(request.headers.get("Cookie"));
    if (path === "/none") return Response.json({ counter: 0 });
    if (path === "/read") return Response.json({ counter: session.get("counter") });
    if (path !== "/seed" && path !== "/write") return new Response(null, { status: 404 });
    if (path === "/seed") for (const [key, value] of Object.entries(values)) session.set(key, value);
    if (path === "/write") session.set("counter", session.get("counter") + 1);
    return Response.json({ counter: session.get("counter") }, { headers: { "Set-Cookie": await commitSession(session) } });
  },
};
