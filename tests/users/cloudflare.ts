// What Cloudflare offers beside a fetch handler.
import { DurableObject, WorkerEntrypoint, waitUntil } from "cloudflare:workers";
import { sessions } from "./flows.js";
export class Room extends DurableObject<Cloudflare.Env> {
  override fetch(request: Request) {
    return sessions.handle(request, this.ctx, async (session) => {
      await session.load();
      if (session.isNew || session.id === undefined) return new Response(null, { status: 401 });
      const pair = new WebSocketPair();
      this.ctx.acceptWebSocket(pair[1]);
      pair[1].serializeAttachment(session.id);
      return new Response(null, { status: 101, webSocket: pair[0] });
    });
  }
  override async webSocketMessage(socket: WebSocket) {
    // minutes later: there is no Request
    const session = sessions.openById(socket.deserializeAttachment() as string);
    await session.load();
    session.set("cart", []);
    await session.commit();
  }
}
export class Api extends WorkerEntrypoint<Cloudflare.Env> {
  override fetch(request: Request) {
    return sessions.handle(request, this.ctx, () => this.env.ASSETS.fetch(request));
  }
}
export default {
  fetch: (request, env) => sessions.handle(request, { waitUntil }, () => env.ASSETS.fetch(request)),
  async queue(batch) {
    for (const m of batch.messages) await sessions.openById((m.body as { sid: string }).sid).destroy();
  },
} satisfies ExportedHandler<Cloudflare.Env>;
declare global {
  namespace Cloudflare {
    interface Env {
      ASSETS: Fetcher;
    }
  }
}
