// A middleware of Nitro that makes the response itself.
// Its handlers return values.

import { defineMiddleware, toResponse } from "nitro/h3";
import { sessions } from "../utils/sessions.ts";

export default defineMiddleware((event, next) =>
  sessions.handle(event.req, event, async (session) => {
    event.context.session = session;
    return await toResponse(await next(), event);
  }),
);
