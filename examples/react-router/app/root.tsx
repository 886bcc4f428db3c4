// The document, below the session's middleware.

import { Meta, Outlet, Scripts } from "react-router";
import type { Route } from "./+types/root";
import { sessionContext, sessionMiddleware } from "./sessions.server";

export const middleware = [sessionMiddleware];

export function loader({ context }: Route.LoaderArgs) {
  const session = context.get(sessionContext);
  session.update("pages", (pages = 0) => pages + 1);
  return { pages: session.get("pages") };
}

export default function Root({ loaderData }: Route.ComponentProps) {
  return (
    <html lang="en">
      <head>
        <Meta />
      </head>
      <body>
        <p>{`pages: ${loaderData.pages}`}</p>
        <Outlet />
        <Scripts />
      </body>
    </html>
  );
}
