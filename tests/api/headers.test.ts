// What an answer's headers say where a session was used.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import type { Session } from "edge-session";
import { type Data, OLD_SECRET, pairOf, request, SECRET, World } from "./world.ts";

const cdnHeaders = [
  "CDN-Cache-Control",
  "Cloudflare-CDN-Cache-Control",
  "Vercel-CDN-Cache-Control",
  "Netlify-CDN-Cache-Control",
  "Surrogate-Control",
  "Edge-Control",
];

/** Answers one request with a response that says how it may be cached. */
function answered(
  world: World,
  cookie: string | undefined,
  use: (session: Session<Data>) => unknown,
  response = new Response("body"),
): Promise<Response> {
  return world.sessions.handle(request({ cookie }), undefined, async (session) => {
    await use(session);
    return response;
  });
}

const load = (session: Session<Data>) => session.load();
const set = async (session: Session<Data>) => {
  await session.load();
  session.set("b", 2);
};

describe("Cache-Control", () => {
  test("is set where the session was used, and only there", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const uses: [name: string, cookie: string | undefined, use: (session: Session<Data>) => unknown, used: boolean][] = [
      ["a load", cookie, load, true],
      ["a load that finds no cookie", undefined, load, true],
      ["a load of a foreign cookie", "__Host-session=x", load, true],
      ["a set", undefined, set, true],
      ["a destroy", (await world.begun()).cookie, (session) => session.destroy(), true],
      ["nothing", cookie, () => undefined, false],
      ["nothing, without a cookie", undefined, () => undefined, false],
      ["reading the id", cookie, (session) => session.id, false],
      ["reading isNew and items", cookie, (session) => [session.isNew, session.isLoaded, session.items], false],
    ];
    for (const [name, sent, use, used] of uses) {
      const response = new Response("body", { headers: Object.fromEntries(cdnHeaders.map((header) => [header, "max-age=60"])) });
      const answer = await answered(world, sent, use, response);
      assert.equal(answer.headers.get("cache-control"), used ? "private, no-store" : null, name);
      for (const header of cdnHeaders) assert.equal(answer.headers.has(header), !used, `${name}: ${header}`);
    }
  });

  test("is set where a load failed and the handler answered all the same", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    world.store.before = () => {
      throw new Error("down");
    };
    const answer = await answered(world, cookie, (session) => session.load().catch(() => undefined));
    assert.equal(answer.headers.get("cache-control"), "private, no-store");
    assert.deepEqual(answer.headers.getSetCookie(), []);
  });

  test("that keeps the answer private is left alone; anything else is replaced", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const strict = "private, no-store";
    const cases: [said: string, read: string, withCookie: string][] = [
      ["private", "private", "private, no-store"],
      ["PRIVATE, max-age=60", "PRIVATE, max-age=60", "PRIVATE, max-age=60, no-store"],
      ["no-store", "no-store", "no-store"],
      ["no-cache, no-store", "no-cache, no-store", "no-cache, no-store"],
      ["no-transform, no-store", "no-transform, no-store", "no-transform, no-store"],
      ["no-transform", strict, strict],
      ["no-store, must-understand", strict, strict],
      ["private, no-store, must-understand", "private, no-store, must-understand", "private, no-store, must-understand"],
      ['private="set-cookie"', strict, strict],
      ['private="x, private, y"', strict, strict],
      ['public, no-cache="x, private, y"', strict, strict],
      ['public, other="no-store, no-store, z"', strict, strict],
      ["public", strict, strict],
      ["public, max-age=3600", strict, strict],
      ["max-age=3600, s-maxage=10", strict, strict],
      ["no-cache", strict, strict],
      ["", strict, strict],
      ["x-private", strict, strict],
      ["max-age=1,\t private", "max-age=1,\t private", "max-age=1,\t private, no-store"],
      ["max-age=1,\u00a0private", strict, strict],
    ];
    for (const [said, read, withCookie] of cases) {
      const reading = await answered(world, cookie, load, new Response("", { headers: { "cache-control": said } }));
      assert.equal(reading.headers.get("cache-control"), read, said);
      const setting = await answered(world, undefined, set, new Response("", { headers: { "cache-control": said } }));
      assert.equal(setting.headers.get("cache-control"), withCookie, said);
    }
  });

  test("is not touched by a renewal, but is when the renewal sends a cookie", async () => {
    const world = new World({ secrets: [OLD_SECRET] });
    const { cookie } = await world.begun();
    const cached = () => new Response("", { headers: { "cache-control": "public" } });
    const renewed = await answered(world, cookie, () => undefined, cached());
    assert.equal(renewed.headers.get("cache-control"), "public");
    const rotated = await world.deployed({ secrets: [SECRET, OLD_SECRET] }).handle(request({ cookie }), undefined, cached);
    assert.deepEqual([rotated.headers.get("cache-control"), rotated.headers.getSetCookie().length], ["private, no-store", 1]);
  });
});

describe("Set-Cookie", () => {
  test("is appended to others, and takes the place of an earlier line of the same name, path and domain", async () => {
    const world = new World();
    const others = [
      "a=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT; Path=/",
      "__Host-session2=x; Path=/",
      "__Host-session=other-path; Path=/app",
      "__Host-session=other-domain; Path=/; Domain=example.com",
      "b=2; Path=/; Comment=__Host-session=x",
    ];
    const ours = ["__Host-session=x; Path=/; Secure", "__Host-session=; Max-Age=0; path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"];
    const headers = new Headers();
    for (const line of [...others, ...ours]) headers.append("set-cookie", line);
    const answer = await answered(world, undefined, set, new Response("", { headers }));
    const lines = answer.headers.getSetCookie();
    assert.deepEqual(lines.slice(0, -1), others);
    assert.deepEqual(await world.values(pairOf(lines.at(-1) ?? "")), { b: 2 });
  });

  test("is one line however often it is applied", async () => {
    const world = new World();
    const answer = await answered(world, undefined, async (session) => {
      await set(session);
      await session.commit();
    });
    assert.equal(answer.headers.getSetCookie().length, 1);
    const session = await world.loaded(undefined);
    session.set("a", 1);
    await session.commit();
    const response = session.applyTo(session.applyTo(new Response("")));
    session.applyTo(response.headers);
    assert.equal(response.headers.getSetCookie().length, 1);
    assert.equal(response.headers.get("cache-control"), "private, no-store");
  });

  test("is not there before the commit was confirmed", async () => {
    const world = new World();
    const session = await world.loaded(undefined);
    session.set("a", 1);
    const headers = session.applyTo(new Headers());
    assert.deepEqual(headers.getSetCookie(), []);
    assert.equal(headers.get("cache-control"), "private, no-store");
    assert.deepEqual([session.setCookieHeaders(), session.cookies()], [[], []]);
    assert.deepEqual(world.store.taken(), []);
  });
});

describe("a response", () => {
  test("whose headers are immutable is copied: fetched, or made by Response.redirect", async () => {
    const world = new World();
    const server = createServer((_request, reply) => {
      reply.writeHead(201, { "set-cookie": ["a=1; Path=/", "b=2"], "cache-control": "public", "x-origin": "yes" });
      reply.end("from the origin");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const fetched = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      const answer = await answered(world, undefined, set, fetched);
      assert.deepEqual([answer.status, await answer.text(), answer.headers.get("x-origin")], [201, "from the origin", "yes"]);
      assert.equal(answer.headers.getSetCookie().length, 3);
      assert.equal(answer.headers.get("cache-control"), "private, no-store");
    } finally {
      server.close();
    }
    const redirected = await answered(world, undefined, set, Response.redirect("https://app.example/next", 303));
    assert.deepEqual([redirected.status, redirected.headers.get("location")], [303, "https://app.example/next"]);
    assert.equal(redirected.headers.getSetCookie().length, 1);
  });

  test("is the handler's own object where nothing is to be said, or where it can be said", async () => {
    const world = new World();
    for (const use of [() => undefined, set]) {
      const response = new Response("body");
      assert.equal(await answered(world, undefined, use, response), response);
    }
    const redirect = Response.redirect("https://app.example/next");
    assert.equal(await answered(world, undefined, () => undefined, redirect), redirect);
  });

  test("that is Response.error() comes back as it is, also from applyTo", async () => {
    const world = new World();
    const failed = Response.error();
    assert.equal(await answered(world, undefined, load, failed), failed);
    const session = await world.loaded(undefined);
    assert.equal(session.applyTo(failed), failed);
  });

  test("that has no body stays without one", async () => {
    const world = new World();
    for (const status of [204, 205, 304]) {
      const answer = await answered(world, undefined, set, new Response(null, { status }));
      assert.deepEqual([answer.status, answer.body, answer.headers.getSetCookie().length], [status, null, 1]);
    }
  });

  test("that streams is not touched, and its stream may read the session on", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    let pulled = 0;
    const answer = await world.sessions.handle(request({ cookie }), undefined, async (session) => {
      await session.load();
      const source = {
        pull(controller: ReadableStreamDefaultController<Uint8Array>) {
          pulled += 1;
          controller.enqueue(new TextEncoder().encode(`${session.get("a")}`));
          if (pulled === 3) controller.close();
        },
      };
      return new Response(new ReadableStream(source, { highWaterMark: 0 }));
    });
    assert.equal(pulled, 0);
    assert.equal(await answer.text(), "111");
  });
});
