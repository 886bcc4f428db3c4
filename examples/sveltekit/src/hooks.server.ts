// SvelteKit: one `handle` around every request of a browser.

import type { Handle } from "@sveltejs/kit";
import { sessions } from "$lib/server/sessions";

export const handle: Handle = async ({ event, resolve }) => {
  if (event.isSubRequest) {
    // An `event.fetch` to ourselves, within a page's request: that page commits, and its answer has the cookie. Here is only what was stored before.
    event.locals.session = sessions.open(event.request);
    return await resolve(event);
  }
  return await sessions.handle(event.request, event.platform?.ctx, async (session) => {
    event.locals.session = session;
    return await resolve(event);
  });
};
