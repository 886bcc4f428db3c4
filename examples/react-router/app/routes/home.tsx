// Counts visits, beside the root's own loader; signs out.

import { Form, redirect } from "react-router";
import { sessionContext } from "../sessions.server";
import type { Route } from "./+types/home";

export function loader({ context }: Route.LoaderArgs) {
  const session = context.get(sessionContext);
  session.update("visits", (visits = 0) => visits + 1);
  return { visits: session.get("visits") };
}

export async function action({ context }: Route.ActionArgs) {
  await context.get(sessionContext).destroy();
  return redirect("/", 303);
}

export default function Home({ loaderData }: Route.ComponentProps) {
  return (
    <Form method="post">
      <p>{`visits: ${loaderData.visits}`}</p>
      <button type="submit">Sign out</button>
    </Form>
  );
}
