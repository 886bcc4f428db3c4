// The programs that every runtime and bundler is given.

/** Sets a value, commits, and reads it in the next request; \`tell\` is given what it read, as text. */
const visit = `
import { createSessions, memoryStore } from "edge-session";

const sessions = createSessions({ secrets: ["s".repeat(32)], store: memoryStore() });

export async function visits() {
  let cookie = null;
  const seen = [];
  for (let request = 0; request < 3; request++) {
    const session = sessions.open({ headers: { get: (name) => (name === "cookie" ? cookie : null) } });
    await session.load();
    session.update("visits", (visits = 0) => visits + 1);
    await session.commit();
    const [set] = session.cookies();
    if (set !== undefined) cookie = set.name + "=" + set.value;
    seen.push(session.get("visits"));
  }
  return seen.join();
}
`;

/** What a program says where sessions work. */
export const VISITS = "1,2,3";

/** For the command line. */
export const PROGRAM = `${visit}
console.log(await visits());
`;

/** For a page: its title. */
export const PAGE = `${visit}
document.title = await visits();
`;

/** For workers: each request is a visitor's. */
export const WORKER = `
import { createSessions, memoryStore } from "edge-session";

const sessions = createSessions({ secrets: ["s".repeat(32)], store: memoryStore() });

export default {
  fetch: (request, env, ctx) =>
    sessions.handle(request, ctx, async (session) => {
      await session.load();
      session.update("visits", (visits = 0) => visits + 1);
      return Response.json({ visits: session.get("visits") });
    }),
};
`;

/** Uses nothing that needs the compiled core. */
export const WITHOUT_CORE = {
  "one error class": `
import { SessionError } from "edge-session";
console.log(new SessionError("conflict", "x").code);
`,
  "the store for Upstash": `
import { upstashStore } from "edge-session/stores/upstash";
console.log(upstashStore({ url: "https://x.example", token: "t" }).name);
`,
  "the store for Webdis": `
import { webdisStore } from "edge-session/stores/webdis";
console.log(webdisStore({ url: "https://x.example" }).name);
`,
  "the memory store": `
import { memoryStore } from "edge-session";
console.log(memoryStore().name);
`,
};
