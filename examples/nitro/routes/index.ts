// Counts visits.

import type { Session } from "edge-session";
import { defineHandler } from "nitro/h3";
import type { Data } from "../utils/sessions.ts";

export default defineHandler(async (event) => {
  const session = event.context.session as Session<Data>;
  await session.load();
  session.update("visits", (visits = 0) => visits + 1);
  return { visits: session.get("visits") };
});
