// A body that goes on after the handler returned.
import { sessions } from "./flows.js";
export const stream = (request: Request, ctx?: { waitUntil(p: Promise<unknown>): void }) =>
  sessions.handle(request, ctx, async (session) => {
    await session.load();
    const body = new ReadableStream<Uint8Array>({
      async start(c) {
        await new Promise((r) => setTimeout(r, 10));
        session.get("cart");
        session.set("cart", []);
        c.close();
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream", "cache-control": "private, no-store, no-transform" } });
  });
