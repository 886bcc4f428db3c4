// How many visits are stored.

import { json } from "@sveltejs/kit";
import type { RequestHandler } from "./$types";

export const GET: RequestHandler = async ({ locals }) => {
  await locals.session.load();
  return json(locals.session.get("visits") ?? 0);
};
