// A page that counts, asks its own API, and has a form.

import { redirect } from "@sveltejs/kit";
import type { Actions, PageServerLoad } from "./$types";

export const load: PageServerLoad = async ({ locals, fetch }) => {
  await locals.session.load();
  locals.session.update("visits", (visits = 0) => visits + 1);
  const stored: number = await (await fetch("/api/visits")).json();
  return { visits: locals.session.get("visits"), stored };
};

export const actions: Actions = {
  signOut: async ({ locals }) => {
    await locals.session.destroy();
    redirect(303, "/");
  },
};
