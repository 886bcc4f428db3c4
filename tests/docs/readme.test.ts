// The README's examples compile, run, and do what it says.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server as NodeServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, mock, test } from "node:test";
import { memoryStore, type Session, type Sessions } from "edge-session";
import { type Server, startRedis, startUpstash, startWebdis } from "../servers.ts";
import { examplesIn, modulesOf, runnable } from "./examples.ts";
import { readProjectFile } from "./markdown.ts";
import { complaintsAbout } from "./typescript.ts";

interface Data {
  userId: string;
  cart: string[];
}
interface Users {
  end(id: string, at: number): void;
}
type Handler = (request: Request, ctx: Context) => Promise<Response>;

const examples = examplesIn(readProjectFile("README.md"));
const LINE = /^__Host-session=[A-Za-z0-9_-]{96}; Path=\/; Secure; HttpOnly; SameSite=Lax$/;
const SECRET = "a secret of this test, of 32 bytes or more";
const URL = "https://app.example/";

/** Remembers what goes on behind an answer. */
class Context {
  readonly promises: Promise<unknown>[] = [];
  waitUntil(promise: Promise<unknown>): void {
    this.promises.push(promise);
  }
  passThroughOnException(): void {}
}

function get(cookie = ""): Request {
  return new Request(URL, { headers: cookie === "" ? {} : { cookie } });
}

function post(fields: Record<string, string>, cookie = ""): Request {
  return new Request(URL, { method: "POST", body: new URLSearchParams(fields), headers: cookie === "" ? {} : { cookie } });
}

function lineOf(response: Response): string {
  return response.headers.getSetCookie()[0] ?? "";
}

function cookieOf(response: Response): string {
  return lineOf(response).split(";")[0] ?? "";
}

/** The examples below each heading, run. */
const scenarios: Record<string, () => Promise<void>> = {
  "The first five minutes": async () => {
    const { default: worker } = await load<{ default: { fetch(request: Request, env: object, ctx: Context): Promise<Response> } }>(
      "the-first-five-minutes.ts",
    );
    const first = await worker.fetch(get(), {}, new Context());
    assert.deepEqual(await first.json(), { visits: 1 });
    assert.match(lineOf(first), LINE);
    const both = await Promise.all([1, 2].map(() => worker.fetch(get(cookieOf(first)), {}, new Context())));
    assert.deepEqual(both.map(lineOf), ["", ""]);
    const last = await worker.fetch(get(cookieOf(first)), {}, new Context());
    assert.deepEqual(await last.json(), { visits: 4 });
  },

  Recipes: async () => {
    const { cookie } = await shopper(["bread"]);
    const session = (await recipes()).open(get(cookie));
    await session.load();
    assert.deepEqual(session.get("cart"), ["bread"]);
  },

  "Sign in, remember me": async () => {
    const { signIn } = await load<{ signIn: Handler }>("sign-in-remember-me.ts");
    const before = await shopper(["bread"]);
    const wrong = await signIn(post({ name: "ann", password: "wrong" }, before.cookie), new Context());
    assert.deepEqual([wrong.status, lineOf(wrong)], [403, ""]);
    const right = await signIn(post({ name: "ann", password: "right", remember: "on" }, before.cookie), new Context());
    assert.deepEqual([right.status, right.headers.get("location")], [303, URL]);
    assert.match(lineOf(right), /; Max-Age=2592000; /);
    const user = (await recipes()).open(get(cookieOf(right)));
    const planted = (await recipes()).open(get(before.cookie));
    await Promise.all([user.load(), planted.load()]);
    assert.deepEqual([user.get("userId"), user.get("cart")], ["ann", ["bread"]]);
    assert.deepEqual([planted.get("userId"), planted.get("cart")], [undefined, ["bread"]]);
    const forgotten = await signIn(post({ name: "ann", password: "right" }), new Context());
    assert.match(lineOf(forgotten), LINE);
  },

  "A form that only your pages send": async () => {
    const { signInForm, signInWithForm } = await load<{ signInForm: Handler; signInWithForm: Handler }>("a-form-that-only-your-pages-send.ts");
    const page = await signInForm(get(), new Context());
    assert.equal(page.headers.get("cache-control"), "private, no-store");
    const token = / name="csrf" value="([\w-]+)"/.exec(await page.text())?.[1] ?? "";
    const send = async (csrf: string, origin: string) => {
      const request = post({ csrf, name: "ann", password: "right" }, cookieOf(page));
      request.headers.set("origin", origin);
      return (await signInWithForm(request, new Context())).status;
    };
    const statuses = [await send(token, "https://evil.example"), await send("", "https://app.example"), await send(token, "https://app.example")];
    assert.deepEqual(statuses, [403, 403, 303]);
  },

  "Links that nobody can change": async () => {
    const { resetLink, userToReset } = await load<{ resetLink(userId: string): string; userToReset(link: globalThis.URL): string | undefined }>(
      "links-that-nobody-can-change.ts",
    );
    const link = resetLink("ann");
    assert.equal(userToReset(new globalThis.URL(link)), "ann");
    assert.equal(userToReset(new globalThis.URL(link.replace("to=A", "to=B"))), undefined);
    assert.equal(userToReset(new globalThis.URL("https://app.example/reset")), undefined);
  },

  "Flash message": async () => {
    const { save, page } = await load<{ save: Handler; page: Handler }>("flash-message.ts");
    const saved = await save(post({}), new Context());
    assert.deepEqual([saved.status, saved.headers.get("location")], [303, URL]);
    const line = lineOf(saved);
    assert.match(line, /^__Host-session-temp=[\w-]+; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
    const shown = await page(get(cookieOf(saved)), new Context());
    assert.equal(await shown.text(), "Saved.");
    assert.match(lineOf(shown), /^__Host-session-temp=; Path=\/; Max-Age=0; /);
    assert.equal(await (await page(get(), new Context())).text(), "Nothing new.");
  },

  "Without a server": async () => {
    const { preferences } = await load<{ preferences: Sessions<{ theme: string; seen: string[] }> }>("without-a-server.ts");
    const answer = await preferences.handle(get(), new Context(), async (session) => {
      await session.load();
      session.set("theme", "dark");
      return new Response();
    });
    const session = preferences.open(get(cookieOf(answer)));
    await session.load();
    assert.equal(session.get("theme"), "dark");
  },

  "Sign out": async () => {
    const { signOut } = await load<{ signOut: Handler }>("sign-out.ts");
    const { cookie } = await shopper(["bread"]);
    const answer = await signOut(post({}, cookie), new Context());
    assert.match(lineOf(answer), /^__Host-session=; Path=\/; Max-Age=0; /);
    const session = (await recipes()).open(get(cookie));
    await session.load();
    assert.deepEqual([session.isNew, session.get("cart")], [true, undefined]);
  },

  "Sign out everywhere": async () => {
    const { account } = await load<{ account: Handler }>("sign-out-everywhere.ts");
    const { endSessions } = await load<{ endSessions(ids: readonly string[]): Promise<unknown> }>("sign-out-everywhere-2.ts");
    const { users } = await load<{ users: Users }>("users.ts");
    const { signIn } = await load<{ signIn: Handler }>("sign-in-remember-me.ts");
    assert.equal((await account(get(), new Context())).status, 401);
    const phone = cookieOf(await signIn(post({ name: "bob", password: "right" }), new Context()));
    const laptop = cookieOf(await signIn(post({ name: "bob", password: "right" }), new Context()));
    assert.equal(await (await account(get(phone), new Context())).text(), "Hello, bob.");
    await endSessions([(await recipes()).open(get(laptop)).id ?? ""]);
    assert.equal((await account(get(laptop), new Context())).status, 401);
    assert.equal((await account(get(phone), new Context())).status, 200);
    users.end("bob", Date.now() + 1);
    assert.equal(await (await account(get(phone), new Context())).text(), "Sign in again.");
  },

  Streaming: async () => {
    const { stream } = await load<{ stream: Handler }>("streaming.ts");
    const { cookie } = await shopper(["bread", "dates"]);
    const answer = await stream(get(cookie), new Context());
    assert.equal(answer.headers.get("cache-control"), "private, no-store, no-transform");
    assert.equal(await answer.text(), "data: bread\n\ndata: dates\n\n");
  },

  "The cache": async () => {
    const { rates } = await load<{ rates(): Promise<unknown> }>("the-cache.ts");
    const { cache } = await recipes();
    assert.deepEqual(await Promise.all([rates(), rates()]), Array(2).fill({ EUR: 1, USD: 1.09 }));
    await cache.set("rates", "from the store");
    assert.equal(await rates(), "from the store");
    await cache.remove("rates");
  },

  Consent: async () => {
    const { careful } = await load<{ careful: Sessions<{ theme: string }> }>("consent.ts");
    const told = mock.method(console, "warn", () => {});
    const visit = async (cookie: string) =>
      await careful.handle(get(cookie), new Context(), async (session) => {
        await session.load();
        session.set("theme", "dark");
        return new Response();
      });
    assert.deepEqual([lineOf(await visit("")), lineOf(await visit("consent=no"))], ["", ""]);
    told.mock.restore();
    assert.equal(told.mock.callCount(), 2);
    assert.match(lineOf(await visit("a=b; consent=yes")), LINE);
  },

  "Commit in the background": async () => {
    const { fast } = await load<{ fast: Sessions<{ lastPage: string }> }>("commit-in-the-background.ts");
    const visit = async (page: string, cookie: string, ctx: Context) =>
      await fast.handle(get(cookie), ctx, async (session) => {
        await session.load();
        session.set("lastPage", page);
        return new Response();
      });
    const cookie = cookieOf(await visit("/a", "", new Context()));
    const ctx = new Context();
    await visit("/b", cookie, ctx);
    assert.equal(ctx.promises.length, 1);
    await Promise.all(ctx.promises);
    const session = fast.open(get(cookie));
    await session.load();
    assert.equal(session.get("lastPage"), "/b");
  },

  "Development over http": async () => {
    const { makeSessions } = await load<{ makeSessions(env: object): Sessions<{ visits: number }> }>("development-over-http.ts");
    for (const [env, line] of [
      [{ SESSION_SECRET: SECRET, DEV: "1" }, /^session=[\w-]{96}; Path=\/; HttpOnly; SameSite=Lax$/],
      [{ SESSION_SECRET: SECRET }, LINE],
    ] as const) {
      const session = makeSessions(env).open(get());
      await session.load();
      session.set("visits", 1);
      await session.commit();
      assert.match(session.setCookieHeaders()[0] ?? "", line);
    }
  },

  Hono: async () => {
    const { app } = await load<{ app: { request(path: string, init: RequestInit): Promise<Response> } }>("hono.ts");
    const first = await app.request("/cart/bread", { method: "POST" });
    assert.deepEqual([await first.json(), first.headers.get("cache-control")], [["bread"], "private, no-store"]);
    const second = await app.request("/cart/dates", { method: "POST", headers: { cookie: cookieOf(first) } });
    assert.deepEqual([await second.json(), lineOf(second)], [["bread", "dates"], ""]);
  },

  "Other frameworks": async () => {
    const { addToCart } = await load<{ addToCart(event: object, item: string): Promise<string[]> }>("other-frameworks.ts");
    const set = new Map<string, string>();
    const event = (headers: Headers) => ({
      headers,
      setCookie: (name: string, value: string) => set.set("cookie", `${name}=${value}`),
      setHeader: (name: string, value: string) => set.set(name, value),
    });
    assert.deepEqual(await addToCart(event(new Headers()), "bread"), ["bread"]);
    assert.equal(set.get("Cache-Control"), "private, no-store");
    const cookie = set.get("cookie") ?? "";
    set.clear();
    assert.deepEqual(await addToCart(event(new Headers({ cookie })), "dates"), ["bread", "dates"]);
    assert.deepEqual([...set.keys()], ["Cache-Control"]);
  },

  "Node servers": async () => {
    const { start } = await load<{ start(port: number): NodeServer }>("node-servers.ts");
    const { addItem } = await load<{ addItem: (request: IncomingMessage, response: ServerResponse) => Promise<void> }>("node-servers-2.ts");
    const failures: unknown[] = [];
    const plain = createServer((request, response) => {
      addItem(request, response).catch((error) => {
        failures.push(error);
        response.writeHead(503).end();
      });
    });
    const servers = [start(0), plain.listen(0, "127.0.0.1")];
    const urlOf = (server: NodeServer) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const shared = memoryStore() as { create?: unknown };
    try {
      for (const server of servers) {
        if (!server.listening) await once(server, "listening");
        const first = await fetch(urlOf(server), { method: "POST" });
        assert.deepEqual([await first.json(), first.headers.get("cache-control")], [["bread"], "private, no-store"]);
        assert.match(lineOf(first), /^__Host-session=[\w-]{96}; Path=\/; Max-Age=2592000; /);
        const second = await fetch(urlOf(server), { method: "POST", headers: { cookie: cookieOf(first) } });
        assert.deepEqual([await second.json(), lineOf(second)], [["bread", "bread"], ""]);
      }
      const told = mock.method(console, "error", () => {});
      shared.create = () => Promise.reject(new Error("down"));
      const failed = await fetch(urlOf(plain));
      told.mock.restore();
      assert.deepEqual([failed.status, lineOf(failed), failures.length], [503, "", 1]);
    } finally {
      delete shared.create;
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
    }
  },

  "Bindings that exist only inside the request": async () => {
    const { handler } = await load<{ handler: { fetch(request: Request, env: object, ctx: Context): Promise<Response> } }>(
      "bindings-that-exist-only-inside-the-request.ts",
    );
    const env = { SESSION_SECRET: SECRET, WEBDIS_URL: webdis.url, WEBDIS_PASSWORD: "PASSWORD" };
    const answers = await Promise.all([1, 2].map(() => handler.fetch(get(), env, new Context())));
    assert.deepEqual(await Promise.all(answers.map((answer) => answer.json())), [{ visits: 0 }, { visits: 0 }]);
  },

  "Options as a function": async () => {
    delete process.env.SESSION_SECRET;
    const { lateSessions } = await load<{ lateSessions: Sessions<{ visits: number }> }>("options-as-a-function.ts");
    assert.throws(() => lateSessions.open(get()), { code: "invalid-options" });
    process.env.SESSION_SECRET = SECRET;
    assert.equal(lateSessions.open(get()).id, undefined);
    delete process.env.SESSION_SECRET;
    assert.equal(lateSessions.open(get()).id, undefined);
  },

  "When the store is down": async () => {
    const { withCare } = await load<{ withCare: Handler }>("when-the-store-is-down.ts");
    const { cookie } = await shopper(["dates"]);
    const shared = memoryStore() as { load?: unknown; update?: unknown };
    const told = mock.method(console, "error", () => {});
    const without = async (operation: "load" | "update") => {
      shared[operation] = () => Promise.reject(new Error("down"));
      const answer = await withCare(get(cookie), new Context()).finally(() => delete shared[operation]);
      return [answer.status, answer.headers.get("retry-after"), lineOf(answer), await answer.text()];
    };
    const answers = [await without("load"), await without("update")];
    told.mock.restore();
    assert.equal(told.mock.callCount(), 2);
    assert.deepEqual(answers, [
      [503, "1", "", "The shop is open, but carts are not to be had now."],
      [503, "1", "", "Try again in a moment (store-unavailable)."],
    ]);
    assert.equal((await withCare(get(cookie), new Context())).status, 200);
    const session = (await recipes()).open(get(cookie));
    await session.load();
    assert.deepEqual(session.get("cart"), ["dates", "bread"]);
  },

  "Tests of a store of your own": async () => {
    const laws = new Map<string, () => Promise<void>>();
    Object.assign(globalThis, { test: (name: string, keep: () => Promise<void>) => laws.set(name, keep) });
    await load("tests-of-a-store-of-your-own.ts");
    assert.ok(laws.size > 40);
    for (const [name, keep] of laws) await assert.doesNotReject(keep, name);
  },

  "Tests that move the clock": async () => {
    const { expired } = await load<{ expired: boolean }>("tests-that-move-the-clock.ts");
    assert.equal(expired, true);
  },
};

let webdis: Server;
let running: ReturnType<typeof runnable>;
const load = <Module>(name: string): Promise<Module> => running.load<Module>(name);
const recipes = async () => (await load<{ sessions: Sessions<Data> }>("recipes.ts")).sessions;

/** A visitor with a cart. */
async function shopper(cart: string[]): Promise<{ cookie: string }> {
  const session: Session<Data> = (await recipes()).open(get());
  await session.load();
  session.set("cart", cart);
  await session.commit();
  return { cookie: session.setCookieHeaders()[0]?.split(";")[0] ?? "" };
}

describe("the README's examples", () => {
  const servers: Server[] = [];

  before(async () => {
    const redis = await startRedis();
    servers.push(redis);
    const acl = [{ disabled: ["*"] }, { http_basic_auth: "edge:PASSWORD", enabled: ["GETEX", "EVAL", "EXPIRE", "DEL"] }];
    webdis = await startWebdis({ redisPort: redis.port, acl });
    const upstash = await startUpstash({ redisPort: redis.port, token: "token" });
    servers.push(webdis, upstash);
    running = runnable(examples, { SESSION_SECRET: SECRET, REDIS_URL: upstash.url, REDIS_TOKEN: "token" });
  });

  after(async () => {
    running.remove();
    for (const server of servers.reverse()) await server.stop();
  });

  const forNode = ({ heading }: { heading: string }) => heading === "Node servers";

  test("compile as a worker's author compiles", async () => {
    assert.deepEqual(await complaintsAbout(modulesOf(examples.filter((example) => !forNode(example))), "worker"), []);
  });

  test("compile as the author of a Node server compiles, where they are for one", async () => {
    const needed = examples.filter((example) => forNode(example) || example.heading === "Recipes");
    assert.deepEqual(await complaintsAbout(modulesOf(needed), "node"), []);
  });

  test("would not compile with a fault in them", async () => {
    const faulty = examples.map((example) => ({ ...example, text: example.text.replaceAll(`"userId"`, `"userID"`) }));
    assert.ok((await complaintsAbout(modulesOf(faulty), "worker")).length > 1);
  });

  test("are all run here", () => {
    assert.deepEqual(Object.keys(scenarios).sort(), [...new Set(examples.map(({ heading }) => heading))].sort());
  });

  for (const [heading, run] of Object.entries(scenarios)) test(`do what is said under "${heading}"`, run);
});

describe("the other documents", () => {
  for (const file of ["ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"]) {
    test(`${file} has no example that nobody runs`, () => {
      assert.deepEqual(examplesIn(readProjectFile(file)), []);
    });
  }
});
