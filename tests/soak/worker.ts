// The worker of the soak, with each act of a user, and traps.

import { createSessions, type Session, type Sessions } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";
import { webdisStore } from "edge-session/stores/webdis";

interface Env {
  readonly SESSION_SECRET: string;
  readonly STORE: string;
  readonly STORE_URL: string;
}

interface Values {
  owner: string;
  count: number;
}

let memory: WebAssembly.Memory | undefined;
WebAssembly.Instance = class extends WebAssembly.Instance {
  constructor(module: WebAssembly.Module, imports?: WebAssembly.Imports) {
    super(module, imports);
    memory = this.exports.memory as WebAssembly.Memory;
  }
};

let sessions: Sessions<Values> | undefined;

function sessionsOf({ SESSION_SECRET, STORE, STORE_URL }: Env): Sessions<Values> {
  const store = STORE === "webdis" ? webdisStore({ url: STORE_URL }) : upstashStore({ url: STORE_URL, token: "soak" });
  return createSessions<Values>({ secrets: [SESSION_SECRET], store, onEvent: () => {} });
}

/** Overwrites the core's memory, as a fault in it could: its next call traps. */
function trap(): void {
  if (memory !== undefined) new Uint8Array(memory.buffer).fill(0xff);
}

async function act(name: string, owner: string, session: Session<Values>): Promise<void> {
  if (name === "begin" && session.isNew) {
    session.set("owner", owner);
    session.set("count", 0);
  }
  if (session.isNew) return;
  if (name === "count") session.update("count", (count = 0) => count + 1);
  if (name === "login") session.regenerateId();
  if (name === "logout") await session.destroy();
}

export default {
  async fetch(request: Request, env: Env, ctx: { waitUntil(work: Promise<unknown>): void }): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const trapped = searchParams.get("trap");
    sessions ??= sessionsOf(env);
    if (trapped === "open") trap();
    try {
      return await sessions.handle(request, ctx, async (session) => {
        if (pathname === "/pass") return Response.json({});
        await session.load();
        if (trapped === "act") trap();
        const { isNew } = session;
        await act(pathname.slice(1), searchParams.get("owner") ?? "", session);
        return Response.json({ isNew, owner: session.get("owner"), count: session.get("count") });
      });
    } catch (error) {
      return Response.json({ code: (error as { code?: unknown }).code ?? String(error) }, { status: 500 });
    }
  },
};
