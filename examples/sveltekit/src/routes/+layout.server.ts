// Runs beside the page's own load: both may load the session.

import type { LayoutServerLoad } from "./$types";

export const load: LayoutServerLoad = async ({ locals }) => {
  await locals.session.load();
  return { isNew: locals.session.isNew };
};
