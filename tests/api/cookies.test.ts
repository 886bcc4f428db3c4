// The cookie's line, who believes it, and how long it lasts.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CookieJar } from "tough-cookie";
import type { SessionsOptions } from "edge-session";
import { dice, seedFor } from "./seeds.ts";
import { NAME, OLD_SECRET, pairOf, request, SECRET, type Sent, World } from "./world.ts";

const DAY = 86_400;

/** Loads a session as one request and gives the lines that its answer sets. */
async function sent(world: World, cookie: string, how: Sent = {}, sessions = world.sessions): Promise<string[]> {
  const answer = await sessions.handle(request({ ...how, cookie }), undefined, async (session) => {
    await session.load();
    return new Response();
  });
  return answer.headers.getSetCookie();
}

async function loginWith(world: World, cookie: string, persistent: boolean | undefined): Promise<string> {
  const session = await world.loaded(cookie);
  session.regenerateId({ persistent });
  await session.commit();
  return session.setCookieHeaders()[0] ?? "";
}

describe("the line", () => {
  test("is exactly this by default, and never the same twice", async () => {
    const world = new World();
    const lines = await Promise.all(Array.from({ length: 50 }, async () => (await world.begun()).line));
    for (const line of lines) assert.match(line, /^__Host-session=[A-Za-z0-9_-]{96}; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
    assert.equal(new Set(lines).size, 50);
  });

  test("has the attributes that were asked for", async () => {
    const all: [NonNullable<SessionsOptions["cookie"]>, string][] = [
      [{ name: "session", secure: false, httpOnly: false, sameSite: "strict" }, "; Path=/; SameSite=Strict"],
      [{ name: "s", domain: "example.com", path: "/app" }, "; Path=/app; Domain=example.com; Secure; HttpOnly; SameSite=Lax"],
      [{ sameSite: "none", partitioned: true }, "; Path=/; Secure; HttpOnly; SameSite=None; Partitioned"],
      [{ maxAgeSeconds: 60 }, "; Path=/; Max-Age=60; Expires=Tue, 01 Jan 2013 01:01:00 GMT; Secure; HttpOnly; SameSite=Lax"],
    ];
    for (const [cookie, attributes] of all) {
      const world = new World({ cookie });
      const { line } = await world.begun();
      assert.equal(line.slice(line.indexOf(";")), attributes);
      const session = await world.loaded(pairOf(line));
      await session.destroy();
      const forgotten = attributes.replace(/; Max-Age=60; Expires=[^;]*/, "").replace(/(; Domain=[^;]*|; Path=[^;]*(?!.*Domain))/, "$1; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
      assert.deepEqual(session.setCookieHeaders(), [`${cookie.name ?? NAME}=${forgotten}`]);
    }
  });

  test("and cookies() say the same", async () => {
    const world = new World({ cookie: { name: "s", domain: "example.com", path: "/app", sameSite: "none", partitioned: true, maxAgeSeconds: 60 } });
    const session = await world.loaded(undefined);
    assert.deepEqual([session.cookies(), session.setCookieHeaders()], [[], []]);
    session.set("a", 1);
    assert.deepEqual(session.cookies(), []);
    await session.commit();
    const [line = ""] = session.setCookieHeaders();
    const options = { path: "/app", domain: "example.com", maxAge: 60, httpOnly: true, secure: true, sameSite: "none", partitioned: true };
    assert.deepEqual(session.cookies(), [{ name: "s", value: pairOf(line).slice(2), options }]);
    await session.destroy();
    assert.deepEqual(session.cookies(), [{ name: "s", value: "", options: { ...options, maxAge: 0 } }]);
    const plain = new World();
    const other = await plain.loaded((await plain.begun()).cookie);
    other.regenerateId();
    await other.commit();
    assert.deepEqual(other.cookies()[0]?.options, { path: "/", httpOnly: true, secure: true, sameSite: "lax" });
  });

  test("is accepted by a browser's jar, and forgotten by it after destroy", async () => {
    const world = new World();
    const jar = new CookieJar(undefined, { prefixSecurity: "strict" });
    const url = "https://app.example/";
    await jar.setCookie((await world.begun()).line, url);
    const cookie = await jar.getCookieString(url);
    assert.deepEqual(await world.values(cookie), { a: 1 });
    const session = await world.loaded(cookie);
    await session.destroy();
    await jar.setCookie(session.setCookieHeaders()[0] ?? "", url);
    assert.equal(await jar.getCookieString(url), "");
  });
});

describe("a cookie that is not ours", () => {
  test("is no session and no error: altered, cut, longer, of another name or application", async (t) => {
    const roll = dice(seedFor(t));
    const world = new World();
    const { cookie } = await world.begun();
    const value = cookie.slice(NAME.length + 1);
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const altered = Array.from({ length: 2000 }, () => {
      const at = roll(96);
      return value.slice(0, at) + alphabet[(alphabet.indexOf(value[at] ?? "") + 1 + roll(63)) % 64] + value.slice(at + 1);
    });
    const others = [...altered, "", value.slice(1), `${value}A`, `${value}==`, `"${value}"`, value.toUpperCase(), "A".repeat(96), "é".repeat(96), "A".repeat(20_000)];
    for (const other of others) {
      const session = world.sessions.open({ headers: { get: () => `${NAME}=${other}` } });
      await session.load();
      assert.equal(session.id, undefined);
    }
    for (const name of ["__host-session", "x__Host-session", "__Host-session2"]) assert.deepEqual(await world.values(`${name}=${value}`), {});
    assert.deepEqual(await world.values(cookie, world.deployed({ applicationName: "other" })), {});
    assert.deepEqual(world.store.taken(), []);
  });

  test("is told with its one reason", async () => {
    const world = new World({ absoluteTimeoutSeconds: 3600 });
    const { cookie } = await world.begun();
    const { cookie: second } = await world.begun();
    const foreign = (await new World({ secrets: [OLD_SECRET] }).begun()).cookie;
    const reasons: [string, string][] = [
      [`${NAME}=short`, "malformed"],
      [foreign, "unknown-key"],
      [`${cookie.slice(0, 40)}${cookie[40] === "A" ? "B" : "A"}${cookie.slice(41)}`, "unauthentic"],
      [`${cookie}; ${second}`, "ambiguous"],
    ];
    for (const [sentCookie, reason] of reasons) {
      await world.loaded(sentCookie);
      assert.deepEqual(world.events.splice(0), [{ name: "cookie-rejected", level: "warning", reason }]);
    }
    world.pass(3600);
    await world.loaded(cookie);
    assert.deepEqual(world.events.splice(0), [{ name: "cookie-rejected", level: "warning", reason: "expired" }]);
  });

  test("beside ours does no harm, nor does ours twice", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    for (const header of [`a=b; ${cookie}`, `${cookie}; ${cookie}`, `${NAME}=garbage; ${cookie}`, `; ;${cookie};x`]) assert.deepEqual(await world.values(header), { a: 1 });
  });
});

describe("a persistent cookie", () => {
  const days30 = { cookie: { maxAgeSeconds: 30 * DAY }, idleTimeoutSeconds: 40 * DAY, absoluteTimeoutSeconds: 60 * DAY };

  test("is what maxAgeSeconds makes it, unless a login decides; it stays so until the next", async () => {
    const world = new World(days30);
    const { line } = await world.begun();
    assert.match(line, /; Max-Age=2592000;/);
    const session = await loginWith(world, pairOf(line), false);
    assert.doesNotMatch(session, /Max-Age/);
    const stays = await loginWith(world, pairOf(session), undefined);
    assert.doesNotMatch(stays, /Max-Age/);
    const remembered = await loginWith(world, pairOf(stays), true);
    assert.match(remembered, /; Max-Age=2592000;/);
    assert.match(await loginWith(world, pairOf(remembered), undefined), /; Max-Age=2592000;/);
  });

  test("that a visitor's login decided on is so from the first", async () => {
    const world = new World(days30);
    const session = await world.loaded(undefined);
    session.set("a", 1);
    session.regenerateId({ persistent: false });
    await session.commit();
    assert.doesNotMatch(session.setCookieHeaders()[0] ?? "", /Max-Age/);
    world.pass(20 * DAY);
    assert.deepEqual(await sent(world, pairOf(session.setCookieHeaders()[0] ?? "")), []);
  });

  test("is sent again after half of its life to a navigation that loads, with the same id and end", async () => {
    const world = new World(days30);
    const { cookie, id } = await world.begun();
    world.pass(15 * DAY);
    assert.deepEqual(await sent(world, cookie), []);
    world.pass(1);
    const [again = ""] = await sent(world, cookie);
    assert.match(again, /; Max-Age=2592000;/);
    assert.equal((await world.loaded(pairOf(again))).id, id);
    assert.deepEqual(await sent(world, pairOf(again)), []);
    world.pass(30 * DAY);
    const [last = ""] = await sent(world, pairOf(again));
    assert.match(last, new RegExp(`; Max-Age=${15 * DAY - 1};`));
    world.pass(15 * DAY - 1);
    assert.deepEqual(await world.values(pairOf(last)), {});
  });

  test("lives no longer than the session", async () => {
    const world = new World({ cookie: { maxAgeSeconds: 30 * DAY }, absoluteTimeoutSeconds: 7200 });
    assert.match((await world.begun()).line, /; Max-Age=7200;/);
  });

  test("is sent again in answer to a GET whose mode is navigate or absent, and to nothing else", async () => {
    const world = new World(days30);
    const { cookie } = await world.begun();
    world.pass(16 * DAY);
    const cases: [Sent, number][] = [
      [{}, 1],
      [{ mode: "navigate" }, 1],
      [{ mode: "cors" }, 0],
      [{ mode: "no-cors" }, 0],
      [{ mode: "same-origin" }, 0],
      [{ mode: "websocket" }, 0],
      [{ method: "POST" }, 0],
      [{ method: "POST", mode: "navigate" }, 0],
      [{ method: "HEAD" }, 0],
      [{ method: "PUT" }, 0],
    ];
    for (const [how, lines] of cases) assert.equal((await sent(world, cookie, how)).length, lines, JSON.stringify(how));
    const bare = world.sessions.open({ headers: new Headers({ cookie }) });
    await bare.load();
    assert.deepEqual(bare.setCookieHeaders(), []);
  });

  test("is not sent again where the session ended, moved, was not loaded, or the answer failed", async () => {
    const world = new World(days30);
    const { cookie, id } = await world.begun();
    world.pass(16 * DAY);
    const failed = await world.sessions.handle(request({ cookie }), undefined, async (session) => {
      await session.load();
      return new Response(null, { status: 500 });
    });
    const unloaded = await world.sessions.handle(request({ cookie }), undefined, () => new Response());
    const endedMeanwhile = await world.sessions.handle(request({ cookie }), undefined, async (session) => {
      await session.load();
      session.set("b", 2);
      const login = await world.loaded(cookie);
      login.regenerateId();
      await login.commit();
      return new Response();
    });
    for (const answer of [failed, unloaded, endedMeanwhile]) assert.deepEqual(answer.headers.getSetCookie(), []);
    assert.deepEqual(await sent(world, cookie), []);
    await world.sessions.openById(id).destroy();
    assert.deepEqual(await sent(world, cookie), []);
  });
});

describe("rotation of secrets", () => {
  test("in three steps loses nobody who comes by in between", async () => {
    const world = new World({ secrets: [OLD_SECRET] });
    const first = world.deployed({ secrets: [OLD_SECRET, SECRET] });
    const second = world.deployed({ secrets: [SECRET, OLD_SECRET] });
    const third = world.deployed({ secrets: [SECRET] });
    const { cookie, id } = await world.begun();
    assert.deepEqual(await sent(world, cookie, {}, first), []);
    assert.deepEqual(await world.values((await world.begun(undefined, second)).cookie, first), { a: 1 });
    const [again = ""] = await sent(world, cookie, {}, second);
    assert.match(again, /^__Host-session=[\w-]{96}; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
    assert.ok(world.told().includes("old-secret-seen"));
    assert.deepEqual(await sent(world, pairOf(again), {}, second), []);
    const session = await world.loaded(pairOf(again), third);
    assert.deepEqual([session.id, session.get("a")], [id, 1]);
    assert.deepEqual(await world.values(cookie, third), {});
  });

  test("seals anew for a page that does not load its session, and never for an image", async () => {
    const world = new World({ secrets: [OLD_SECRET] });
    const sessions = world.deployed({ secrets: [SECRET, OLD_SECRET] });
    const { cookie } = await world.begun();
    const image = await sessions.handle(request({ cookie, mode: "no-cors" }), undefined, () => new Response());
    assert.deepEqual([image.headers.getSetCookie(), world.store.taken()], [[], ["refresh"]]);
    const page = await sessions.handle(request({ cookie }), undefined, () => new Response());
    assert.deepEqual([page.headers.getSetCookie().length, world.store.taken()], [1, ["load"]]);
    assert.equal(page.headers.get("cache-control"), "private, no-store");
    await sessions.openById((await world.loaded(cookie)).id ?? "").destroy();
    const ended = await sessions.handle(request({ cookie }), undefined, () => new Response());
    assert.deepEqual(ended.headers.getSetCookie(), []);
  });

  test("keeps the time at which a persistent cookie was given", async () => {
    const life = { cookie: { maxAgeSeconds: 10 * DAY }, idleTimeoutSeconds: 40 * DAY, absoluteTimeoutSeconds: 60 * DAY };
    const world = new World({ secrets: [OLD_SECRET], ...life });
    const sessions = world.deployed({ secrets: [SECRET, OLD_SECRET] });
    const { cookie } = await world.begun();
    world.pass(4 * DAY);
    const [again = ""] = await sent(world, cookie, {}, sessions);
    assert.match(again, /; Max-Age=864000;/);
    world.pass(DAY + 1);
    assert.equal((await sent(world, pairOf(again), {}, sessions)).length, 1);
  });

  test("keeps the session's end", async () => {
    const world = new World({ secrets: [OLD_SECRET], absoluteTimeoutSeconds: 3000, idleTimeoutSeconds: 3000 });
    const sessions = world.deployed({ secrets: [SECRET, OLD_SECRET] });
    const { cookie } = await world.begun();
    world.pass(2999);
    const [again = ""] = await sent(world, cookie, {}, sessions);
    assert.deepEqual(await world.values(pairOf(again), sessions), { a: 1 });
    world.pass(1);
    world.told();
    await world.loaded(pairOf(again), sessions);
    assert.deepEqual(world.told(), ["cookie-rejected"]);
  });
});
