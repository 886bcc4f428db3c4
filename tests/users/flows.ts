// The flows of an application: forms, messages, sign in, sign out.
import { createSessions, SessionError, memoryStore, type Session } from "edge-session";
interface Data { userId?: string; cart: string[]; csrf?: true }
interface Flash { notice: string }
export const sessions = createSessions<Data, Flash>({ secrets: ["x".repeat(32)], store: memoryStore(), cookie: { maxAgeSeconds: 2_592_000 }, idleTimeoutSeconds: 2_592_000, absoluteTimeoutSeconds: 2_592_000 });
const csrf = sessions.protector<string>("csrf");
type S = Session<Data, Flash>;

export const post = (request: Request) => sessions.handle(request, undefined, async (session: S) => {
  await session.load();
  session.tempData.set("notice", "Saved.");
  return Response.redirect(new URL("/", request.url).href, 303);
});
export const page = (request: Request) => sessions.handle(request, undefined, async (session: S) => {
  await session.load();
  session.set("csrf", true);                                  // binds the form of a visitor who has nothing yet
  const token = csrf.protect("login", { boundTo: session });
  return new Response(`${session.tempData.get("notice") ?? ""}<input name=t value="${token}">`);
});
export const login = (request: Request) => sessions.handle(request, undefined, async (session: S) => {
  await session.load();
  const form = await request.formData();
  if (csrf.unprotect(String(form.get("t")), { boundTo: session }) !== "login") return new Response(null, { status: 403 });
  session.regenerateId({ graceSeconds: 10, persistent: form.get("remember") === "on" });
  session.set("userId", "u1");
  return Response.redirect(new URL("/", request.url).href, 303);
});
export const logout = (request: Request) => sessions.handle(request, undefined, async (session: S) => {
  await session.destroy();
  session.tempData.set("notice", "Signed out.");            // goes out after destroy()
  return Response.redirect(new URL("/", request.url).href, 303);
});
export const backChannelLogout = (ids: readonly string[]) => Promise.all(ids.map((id) => sessions.openById(id).destroy()));
export async function safe(session: S) { try { await session.commit(); } catch (error) { if (error instanceof SessionError && error.code === "conflict") return 409; throw error; } return 200; }

export const perUserEpoch = (request: Request, users: { validAfter(id: string): Promise<number> }) => sessions.handle(request, undefined, async (session: S) => {
  await session.load();
  const id = session.get("userId");
  if (id && (session.createdAt ?? 0) < await users.validAfter(id)) await session.destroy();
  return new Response();
});
