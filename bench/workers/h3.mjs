// The h3 worker with useSession: a sealed cookie.
import { getSession, H3, useSession } from "h3";
import { SECRET, values } from "./values.mjs";

const config = { password: SECRET };
const app = new H3();
// useSession would seal a new session at once.
app.get("/none", async (event) => {
  await getSession(event, config);
  return { counter: 0 };
});
app.get("/seed", async (event) => {
  const session = await useSession(event, config);
  await session.update(values);
  return { counter: session.data.counter };
});
app.get("/read", async (event) => {
  const session = await useSession(event, config);
  return { counter: session.data.counter };
});
app.get("/write", async (event) => {
  const session = await useSession(event, config);
  await session.update((data) => ({ counter: data.counter + 1 }));
  return { counter: session.data.counter };
});

export default { fetch: (request) => app.fetch(request) };
