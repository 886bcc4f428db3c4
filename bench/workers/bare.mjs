// The worker without sessions.
import { values } from "./values.mjs";

export default {
  fetch(request) {
    const path = new URL(request.url).pathname;
    if (path === "/none") return Response.json({ counter: 0 });
    if (path === "/seed" || path === "/read") return Response.json({ counter: values.counter });
    if (path === "/write") return Response.json({ counter: values.counter + 1 });
    return new Response(null, { status: 404 });
  },
};
