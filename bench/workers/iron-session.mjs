// The worker with iron-session: a sealed cookie.
import { getIronSession, webCookies } from "iron-session";
import { SECRET, values } from "./values.mjs";

const options = { password: SECRET, cookieName: "session" };

export default {
  async fetch(request) {
    const path = new URL(request.url).pathname;
    const headers = new Headers();
    const session = await getIronSession(webCookies(request, headers), options);
    if (path === "/none") return Response.json({ counter: 0 });
    if (path === "/read") return Response.json({ counter: session.counter });
    if (path !== "/seed" && path !== "/write") return new Response(null, { status: 404 });
    if (path === "/seed") Object.assign(session, values);
    if (path === "/write") session.counter += 1;
    await session.save();
    return Response.json({ counter: session.counter }, { headers });
  },
};
