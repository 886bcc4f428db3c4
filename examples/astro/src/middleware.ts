// Astro: one `handle` around every page and endpoint.

import { defineMiddleware } from "astro:middleware";
import { sessions } from "./sessions";

export const onRequest = defineMiddleware((context, next) => {
  // A page that is built once has no visitor.
  if (context.isPrerendered) return next();
  return sessions.handle(context.request, context.locals.cfContext, async (session) => {
    context.locals.session = session;
    return await next();
  });
});
