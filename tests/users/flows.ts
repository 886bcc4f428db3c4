// The flows of an application: forms, sign in, sign out.
import { createSessions, memoryStore, type Session, SessionError } from "edge-session";

interface Data {
  userId?: string;
  cart: string[];
  csrf?: true;
}
export const sessions = createSessions<Data>({
  secrets: ["x".repeat(32)],
  store: memoryStore(),
  cookie: { maxAgeSeconds: 2_592_000 },
  idleTimeoutSeconds: 2_592_000,
  absoluteTimeoutSeconds: 2_592_000,
});
type S = Session<Data>;

export const post = (request: Request) =>
  sessions.handle(request, undefined, async (session: S) => {
    await session.load();
    return Response.redirect(new URL("/", request.url).href, 303);
  });
export const login = (request: Request) =>
  sessions.handle(request, undefined, async (session: S) => {
    await session.load();
    const form = await request.formData();
    session.regenerateId({ graceSeconds: 10, persistent: form.get("remember") === "on" });
    session.set("userId", "u1");
    return Response.redirect(new URL("/", request.url).href, 303);
  });
export const logout = (request: Request) =>
  sessions.handle(request, undefined, async (session: S) => {
    await session.destroy();
    return Response.redirect(new URL("/", request.url).href, 303);
  });
export const backChannelLogout = (ids: readonly string[]) => Promise.all(ids.map((id) => sessions.openById(id).destroy()));
export async function safe(session: S) {
  try {
    await session.commit();
  } catch (error) {
    if (error instanceof SessionError && error.code === "conflict") return 409;
    throw error;
  }
  return 200;
}

export const perUserEpoch = (request: Request, users: { validAfter(id: string): Promise<number> }) =>
  sessions.handle(request, undefined, async (session: S) => {
    await session.load();
    const id = session.get("userId");
    if (id && (session.createdAt ?? 0) < (await users.validAfter(id))) await session.destroy();
    return new Response();
  });
