// The middleware for Hono, without an execution context.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import type { Session } from "edge-session";
import { session } from "edge-session/hono";
import { type Context, Hono } from "hono";
import { setCookie } from "hono/cookie";
import { HTTPException } from "hono/http-exception";
import { stream, streamSSE } from "hono/streaming";
import { codeOf, type Data, Context as ExecutionContext, NAME, pairOf, World } from "../api/world.ts";

type Env = { Variables: { session: Session<Data> } };

/** An application below the middleware. */
function appOf(world: World): Hono<Env> {
  return new Hono<Env>().use(session(world.sessions));
}

async function count(c: Context<Env>): Promise<number> {
  await c.var.session.load();
  c.var.session.update("visits", (visits) => Number(visits ?? 0) + 1);
  return Number(c.var.session.get("visits"));
}

function ours(response: Response): string[] {
  return response.headers.getSetCookie().filter((line) => line.startsWith(NAME));
}

const sent = (cookie: string): RequestInit => ({ headers: { cookie } });

describe("a handler below session()", () => {
  test("keeps a visitor's values from request to request", async () => {
    const world = new World();
    const app = appOf(world).get("/", async (c) => c.json({ visits: await count(c) }));
    const first = await app.request("/");
    assert.deepEqual(await first.json(), { visits: 1 });
    assert.equal(ours(first).length, 1);
    assert.equal(first.headers.get("cache-control"), "private, no-store");
    const second = await app.request("/", sent(pairOf(ours(first)[0] ?? "")));
    assert.deepEqual(await second.json(), { visits: 2 });
    assert.deepEqual(ours(second), []);
  });

  test("sets a message before a redirect, keeps it over another, and shows it once", async () => {
    const world = new World();
    const app = appOf(world)
      .post("/", (c) => {
        c.var.session.tempData.set("notice", "Saved.");
        return c.redirect("/", 303);
      })
      .get("/moved", (c) => {
        c.var.session.tempData.get("notice");
        return c.redirect("/");
      })
      .get("/fails", (c) => {
        c.var.session.tempData.get("notice");
        throw new Error("the application's own");
      })
      .get("/", (c) => c.text(String(c.var.session.tempData.get("notice"))))
      .onError((_, c) => c.text("failed", 500));
    const [line = ""] = ours(await app.request("/", { method: "POST" }));
    assert.match(line, /^__Host-session-temp=[\w-]+; /);
    for (const path of ["/moved", "/fails"]) assert.deepEqual(ours(await app.request(path, sent(pairOf(line)))), []);
    const shown = await app.request("/", sent(pairOf(line)));
    assert.equal(await shown.text(), "Saved.");
    assert.match(ours(shown)[0] ?? "", /^__Host-session-temp=; Path=\/; Max-Age=0; /);
    assert.equal(shown.headers.get("cache-control"), "private, no-store");
  });

  test("that leaves the session alone answers as without it, and asks the store nothing", async () => {
    const world = new World();
    const app = appOf(world).get("/", (c) => c.text(String(c.var.session.isNew)));
    const response = await app.request("/");
    assert.deepEqual([...response.headers.keys()], ["content-type"]);
    assert.deepEqual(world.store.taken(), []);
  });

  test("that never loads renews the session, behind the answer where there is a context", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const app = appOf(world).get("/", (c) => c.text("image"));
    const ctx = new ExecutionContext();
    await app.request("/", sent(cookie), {}, ctx as never);
    await ctx.settled();
    assert.equal(ctx.promises.length, 1);
    assert.deepEqual(world.store.taken(), ["refresh"]);
    await app.request("/", sent(cookie));
    assert.deepEqual(world.store.taken(), ["refresh"]);
  });

  test("has sessions made from the bindings of its request", async () => {
    const world = new World();
    const app = new Hono<Env & { Bindings: { SECRET: string } }>()
      .use(session((c) => world.deployed({ secrets: [c.env.SECRET] })))
      .get("/", async (c) => {
        await c.var.session.load();
        c.var.session.update("visits", (visits) => Number(visits ?? 0) + 1);
        return c.json(c.var.session.get("visits"));
      });
    const env = { SECRET: "s".repeat(32) };
    const cookie = pairOf(ours(await app.request("/", {}, env))[0] ?? "");
    assert.equal(await (await app.request("/", sent(cookie), env)).json(), 2);
    assert.equal(await (await app.request("/", sent(cookie), { SECRET: "t".repeat(32) })).json(), 1);
  });

  test("reaches the session from a route of another application", async () => {
    const world = new World();
    const inner = new Hono<Env>().get("/", async (c) => c.json(await count(c)));
    const response = await appOf(world).route("/inner", inner).request("/inner");
    assert.equal(await response.json(), 1);
    assert.equal(ours(response).length, 1);
  });

  test("may be a whole application that is mounted", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const app = appOf(world).mount("/old", () => new Response("mounted", { headers: { "Set-Cookie": "theirs=1" } }));
    app.use(async (c, next) => {
      await c.var.session.load();
      await next();
    });
    const response = await new Hono<Env>()
      .use(session(world.sessions))
      .use(loads)
      .mount("/old", (request) => app.fetch(request))
      .request("/old/old", sent(cookie));
    assert.equal(await response.text(), "mounted");
    assert.deepEqual(response.headers.getSetCookie(), ["theirs=1"]);
    assert.equal(response.headers.get("cache-control"), "private, no-store");
  });

  test("that is none, as no route fits, is committed all the same", async () => {
    const world = new World();
    const app = appOf(world).use(async (c, next) => {
      await count(c);
      await next();
    });
    const response = await app.request("/nowhere");
    assert.equal(response.status, 404);
    assert.equal(ours(response).length, 1);
  });
});

const loads = async (c: Context<Env>, next: () => Promise<void>) => {
  await c.var.session.load();
  await next();
};

describe("an answer", () => {
  test("with cookies of its own keeps them beside ours", async () => {
    const app = appOf(new World()).get("/", async (c) => {
      await count(c);
      setCookie(c, "theirs", "1");
      setCookie(c, "own", "1");
      return c.text("ok");
    });
    const response = await app.request("/");
    assert.deepEqual(response.headers.getSetCookie().map(pairOf).slice(0, 2), ["theirs=1", "own=1"]);
    assert.equal(ours(response).length, 1);
  });

  test("that redirects carries our cookie, though its headers are immutable", async () => {
    const app = appOf(new World()).get("/", async (c) => {
      await count(c);
      return Response.redirect("https://app.example/next", 303);
    });
    const response = await app.request("/");
    assert.deepEqual([response.status, response.headers.get("location")], [303, "https://app.example/next"]);
    assert.equal(ours(response).length, 1);
    assert.equal(response.headers.get("cache-control"), "private, no-store");
  });

  test("that was fetched carries our cookie beside those of its origin, and loses what CDNs would keep", async (context) => {
    const server = createServer((_, response) => {
      response.setHeader("Set-Cookie", ["a=1", `${NAME}=planted; Path=/`]);
      response.setHeader("CDN-Cache-Control", "max-age=60");
      response.end("fetched");
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    context.after(() => server.close().closeAllConnections());
    const app = appOf(new World()).get("/", async (c) => {
      await count(c);
      return fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    });
    const response = await app.request("/");
    assert.equal(await response.text(), "fetched");
    assert.equal(response.headers.has("cdn-cache-control"), false);
    assert.deepEqual(response.headers.getSetCookie().map(pairOf)[0], "a=1");
    assert.equal(ours(response).length, 1);
    assert.doesNotMatch(ours(response)[0] ?? "", /planted/);
  });

  test("that another middleware replaces keeps our cookie", async () => {
    const app = new Hono<Env>()
      .use(async (c, next) => {
        await next();
        c.res = new Response(`<${await c.res.text()}>`, { headers: { "Set-Cookie": "late=1" } });
      })
      .route(
        "/",
        appOf(new World()).get("/", async (c) => c.text(String(await count(c)))),
      );
    const response = await app.request("/");
    assert.equal(await response.text(), "<1>");
    assert.equal(ours(response).length, 1);
  });

  test("that is an error of the network goes out as it is", async () => {
    const app = appOf(new World()).get("/", async (c) => {
      await count(c);
      return Response.error();
    });
    const response = await app.request("/");
    assert.equal(response.status, 0);
    assert.deepEqual(ours(response), []);
  });

  test("that streams has its cookie before its body, and may read on", async () => {
    const world = new World();
    const app = appOf(world).get("/", async (c) => {
      await count(c);
      return stream(c, async (body) => {
        await body.write(`visits: ${String(c.var.session.get("visits"))}`);
      });
    });
    const response = await app.request("/");
    assert.equal(ours(response).length, 1);
    assert.equal(await response.text(), "visits: 1");
  });

  test("that sends events is kept out of caches, and cannot change the session any more", async () => {
    const world = new World();
    const answered = Promise.withResolvers<void>();
    let late = "";
    const app = appOf(world).get("/", async (c) => {
      await count(c);
      return streamSSE(c, async (events) => {
        await answered.promise;
        late = await codeOf(() => c.var.session.set("late", true));
        await events.writeSSE({ data: "1" });
      });
    });
    const response = await app.request("/");
    answered.resolve();
    assert.equal(await response.text(), "data: 1\n\n");
    assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
    assert.equal(response.headers.get("cache-control"), "private, no-store");
    assert.equal(ours(response).length, 1);
    assert.equal(late, "response-started");
  });
});

describe("a handler that throws", () => {
  const fails = (c: Context<Env>) => {
    c.var.session.set("b", 2);
    throw new HTTPException(403, { message: "no" });
  };

  test("begins no session and sets no cookie, whatever Hono answers for it", async () => {
    const world = new World();
    const app = appOf(world).use(loads).get("/", fails);
    const response = await app.request("/");
    assert.equal(response.status, 403);
    assert.deepEqual(ours(response), []);
    assert.deepEqual(world.store.taken(), []);
    assert.deepEqual(world.told(), ["cookie-withheld"]);
  });

  test("is one too where onError answers with a page", async () => {
    const world = new World();
    const app = appOf(world).use(loads).get("/", fails);
    app.onError((_, c) => c.text("sorry", 200));
    const response = await app.request("/");
    assert.deepEqual([response.status, ours(response)], [200, []]);
    assert.deepEqual(world.store.taken(), []);
  });

  test("is one too in a route with error handling of its own", async () => {
    const world = new World();
    const inner = new Hono<Env>().get("/", fails);
    inner.onError((_, c) => c.text("sorry", 200));
    const response = await appOf(world).use(loads).route("/inner", inner).request("/inner");
    assert.deepEqual([response.status, ours(response)], [200, []]);
    assert.deepEqual(world.store.taken(), []);
  });

  test("still changes a session that has a record", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    await appOf(world).use(loads).get("/", fails).request("/", sent(cookie));
    assert.deepEqual(await world.values(cookie), { a: 1, b: 2 });
  });

  test("signs nobody in", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const app = appOf(world)
      .use(loads)
      .get("/", (c) => {
        c.var.session.regenerateId();
        return fails(c);
      });
    assert.deepEqual(ours(await app.request("/", sent(cookie))), []);
    assert.deepEqual(await world.values(cookie), { a: 1 });
  });

  test("sends no cookie that was confirmed before, as below handle", async () => {
    const world = new World();
    const app = appOf(world)
      .use(loads)
      .get("/", async (c) => {
        c.var.session.set("a", 1);
        await c.var.session.commit();
        return fails(c);
      });
    assert.deepEqual(ours(await app.request("/")), []);
    assert.deepEqual(world.store.taken(), ["create", "update"]);
  });

  test("has the page of its error kept out of caches, where the session was used", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const app = appOf(world).use(loads).get("/", fails);
    app.onError((_, c) => c.text(`sorry, ${String(c.var.session.get("a"))}`, 500, { "CDN-Cache-Control": "max-age=60" }));
    const used = await app.request("/", sent(cookie));
    assert.deepEqual([used.headers.get("cache-control"), used.headers.has("cdn-cache-control")], ["private, no-store", false]);
    const unused = await appOf(world)
      .get("/", () => {
        throw new HTTPException(403);
      })
      .request("/", sent(cookie));
    assert.equal(unused.headers.get("cache-control"), null);
  });

  test("a Response has it committed, and thrown on with our cookie", async () => {
    const world = new World();
    const app = appOf(world).get("/", async (c) => {
      await count(c);
      throw new Response("early", { status: 401 });
    });
    const thrown: unknown = await Promise.resolve(app.request("/")).catch((error: unknown) => error);
    assert.ok(thrown instanceof Response);
    assert.equal(ours(thrown).length, 1);
    assert.deepEqual(world.store.taken(), ["create"]);
  });
});

describe("a store that fails", () => {
  test("is an error for onError where a load meets it, and loses no cookie", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    world.store.before = () => {
      throw new Error("down");
    };
    const app = appOf(world)
      .use(loads)
      .get("/", (c) => c.text("ok"));
    app.onError((error, c) => c.text((error as { code?: string }).code ?? "", 503, { "Retry-After": "5" }));
    const response = await app.request("/", sent(cookie));
    assert.deepEqual([response.status, await response.text(), response.headers.get("retry-after")], [503, "store-unavailable", "5"]);
    assert.equal(response.headers.get("cache-control"), "private, no-store");
    assert.deepEqual(ours(response), []);
  });
});

describe("a commit that fails", () => {
  test("is an error for onError, and its page is kept out of caches", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    world.store.before = (operation) => {
      if (operation === "update") throw new Error("down");
    };
    const app = appOf(world).get("/", async (c) => c.text(String(await count(c))));
    app.onError((error, c) => c.text((error as { code?: string }).code ?? "", 503));
    const response = await app.request("/", sent(cookie));
    assert.deepEqual([response.status, await response.text()], [503, "store-unavailable"]);
    assert.equal(response.headers.get("cache-control"), "private, no-store");
    assert.deepEqual(ours(response), []);
  });

  test("is an event where throwOnError is false", async () => {
    const world = new World({ throwOnError: false });
    const { cookie } = await world.begun();
    world.store.before = (operation) => {
      if (operation === "update") throw new Error("down");
    };
    const response = await appOf(world)
      .get("/", async (c) => c.text(String(await count(c))))
      .request("/", sent(cookie));
    assert.equal(response.status, 200);
    assert.ok(world.told().includes("store-failed"));
  });
});
