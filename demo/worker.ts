// A small shop that keeps each visitor's cart in a session.

import { env } from "cloudflare:workers";
import { createSessions, memoryStore, type Session, SessionError, type Store } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";
import { webdisStore } from "edge-session/stores/webdis";
import { type Cart, type Product, page, products } from "./page.ts";

declare global {
  namespace Cloudflare {
    interface Env {
      SESSION_SECRET: string;
      STORE?: "memory" | "upstash" | "webdis";
      STORE_URL?: string;
      STORE_TOKEN?: string;
    }
  }
}

interface Data {
  visits: number;
  cart: Cart;
  user: { name: string };
}

/** What the next page shows once. */
interface Flash {
  notice: string;
}

type ShopSession = Session<Data, Flash>;

const idleTimeoutSeconds = 1200;
const absoluteTimeoutSeconds = 86_400;
const store = chooseStore();
const sessions = createSessions<Data, Flash>({ secrets: [env.SESSION_SECRET], store, idleTimeoutSeconds, absoluteTimeoutSeconds });

/** What a form may do; each ends with a redirect to the page. */
const actions: Record<string, (session: ShopSession, form: FormData) => void | Promise<void>> = {
  "/cart/add": (session, form) => changeCart(session, productIn(form), 1),
  "/cart/remove": (session, form) => changeCart(session, productIn(form), -1),
  "/sign-in": (session, form) => {
    session.regenerateId(); // at every change of privilege: an id that somebody else knows stays worthless
    session.set("user", { name: nameIn(form) });
  },
  "/sign-out": async (session) => {
    await session.destroy();
    session.tempData.set("notice", "Signed out."); // goes out after the session
  },
};

export default {
  async fetch(request, _env, ctx): Promise<Response> {
    const { pathname } = new URL(request.url);
    try {
      if (pathname === "/") return await sessions.handle(request, ctx, show);
      if (pathname === "/api/visits") return await sessions.handle(request, ctx, count);
      if (pathname === "/health") return new Response("ok\n");
      if (actions[pathname]) return await sessions.handle(request, ctx, (session) => act(session, request));
      return new Response("There is nothing here.\n", { status: 404 });
    } catch (error) {
      if (error instanceof Response) return error;
      if (!(error instanceof SessionError)) throw error;
      return new Response(`The session cannot be kept now (${error.code}). Nothing of it is lost: try again.\n`, { status: 503 });
    }
  },
} satisfies ExportedHandler<Cloudflare.Env>;

async function show(session: ShopSession): Promise<Response> {
  await session.load();
  session.update("visits", (visits = 0) => visits + 1); // two tabs at once: both count
  const now = Date.now();
  const html = page({
    visits: session.get("visits") ?? 0,
    cart: session.get("cart") ?? {},
    userName: session.get("user")?.name,
    notice: session.tempData.get("notice"),
    values: [...session.keys()].map((key) => [key, session.get(key as keyof Data)]),
    store: store.name,
    now,
    idleEnd: now + idleTimeoutSeconds * 1000,
    absoluteEnd: (session.createdAt ?? now) + absoluteTimeoutSeconds * 1000,
  });
  const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
  return new Response(html, { headers: { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy } });
}

async function count(session: ShopSession): Promise<Response> {
  await session.load();
  session.update("visits", (visits = 0) => visits + 1);
  return Response.json({ visits: session.get("visits") });
}

async function act(session: ShopSession, request: Request): Promise<Response> {
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "POST") return new Response("Only by POST.\n", { status: 405, headers: { Allow: "POST" } });
  if (request.headers.get("Origin") !== origin) return new Response("Only from the page itself.\n", { status: 403 });
  const form = await request.formData().catch(() => new FormData());
  await session.load();
  await actions[pathname]?.(session, form);
  return new Response(null, { status: 303, headers: { Location: "/" } });
}

/** Adds to the cart what is in it when it is stored, so that no click is lost to another. */
function changeCart(session: ShopSession, product: Product, by: number): void {
  session.update("cart", (cart = {}) => {
    const { [product]: amount = 0, ...others } = cart;
    return amount + by > 0 ? { ...others, [product]: amount + by } : others;
  });
}

function productIn(form: FormData): Product {
  const product = products.find((name) => name === form.get("product"));
  if (product === undefined) throw new Response("There is no such product.\n", { status: 400 });
  return product;
}

function nameIn(form: FormData): string {
  const name = String(form.get("name") ?? "").trim();
  if (name === "" || name.length > 40) throw new Response("A name has 1 to 40 characters.\n", { status: 400 });
  return name;
}

function chooseStore(): Store {
  const { STORE = "memory", STORE_URL: url = "", STORE_TOKEN: token = "" } = env;
  if (STORE === "upstash") return upstashStore({ url, token });
  if (STORE === "webdis") return webdisStore({ url });
  return memoryStore();
}
