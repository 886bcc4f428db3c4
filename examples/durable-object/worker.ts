// A Durable Object with sockets that speak for a session.
// They go on long after its request.

import { DurableObject, env } from "cloudflare:workers";
import { createSessions, SessionError } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";

const sessions = createSessions<{ name: string; said: number }>(() => ({
  secrets: [env.SESSION_SECRET],
  store: upstashStore({ url: env.REDIS_URL, token: env.REDIS_TOKEN }),
}));

export class Room extends DurableObject {
  override fetch(request: Request): Promise<Response> {
    return sessions.handle(request, this.ctx, async (session) => {
      await session.load();
      if (!session.has("name")) return new Response("Sign in first.", { status: 401 });
      const { 0: client, 1: server } = new WebSocketPair();
      this.ctx.acceptWebSocket(server);
      // All that the socket keeps while the object sleeps.
      server.serializeAttachment(session.id);
      return new Response(null, { status: 101, webSocket: client });
    });
  }

  override async webSocketMessage(socket: WebSocket, text: string): Promise<void> {
    // Minutes later: there is no request, and the session may be over.
    const session = sessions.openById(socket.deserializeAttachment() as string);
    await session.load();
    try {
      session.update("said", (said = 0) => said + 1);
      await session.commit();
    } catch (error) {
      if (!(error instanceof SessionError) || !["no-session", "destroyed"].includes(error.code)) throw error;
      socket.close(1008, "Signed out.");
      return;
    }
    for (const other of this.ctx.getWebSockets()) other.send(`${session.get("name")} (${session.get("said")}): ${text}`);
  }
}

export default {
  async fetch(request, { ROOM }, ctx) {
    const { origin, pathname } = new URL(request.url);
    if (pathname === "/room") return ROOM.getByName("lobby").fetch(request);
    // A link must not sign anybody in or out, nor a form on another site.
    if (request.method !== "POST") return new Response("Only by POST.", { status: 405, headers: { Allow: "POST" } });
    if (request.headers.get("Origin") !== origin) return new Response("Only from our own pages.", { status: 403 });
    return await sessions.handle(request, ctx, async (session) => {
      await session.load();
      if (pathname === "/sign-out") await session.destroy();
      else {
        session.regenerateId();
        session.set("name", String((await request.formData()).get("name")));
      }
      return new Response("ok");
    });
  },
} satisfies ExportedHandler<Cloudflare.Env>;
