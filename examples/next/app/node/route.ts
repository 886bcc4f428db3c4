// A route handler in the node runtime.

import { sessions } from "../../sessions";

export const runtime = "nodejs";
export const dynamic = "force-dynamic";

export function GET(request: Request) {
  return sessions.handle(request, undefined, async (session) => {
    await session.load();
    session.update("visits", (visits = 0) => visits + 1);
    return Response.json({ visits: session.get("visits") });
  });
}
