// The proxy, which keeps a session alive.
// It lets nobody below /private who is not signed in.

import { type NextFetchEvent, type NextRequest, NextResponse } from "next/server";
import { sessions } from "./sessions";

export const config = { matcher: ["/private/:path*"] };

export function proxy(request: NextRequest, event: NextFetchEvent) {
  return sessions.handle(request, event, async (session) => {
    await session.load({ readOnly: true });
    return session.has("name") ? NextResponse.next() : NextResponse.redirect(new URL("/", request.url), 303);
  });
}
