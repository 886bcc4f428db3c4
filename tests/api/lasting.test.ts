// Cookies that outlive the browser, and the change of secrets.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Sessions } from "edge-session";
import { dice, seedFor } from "./seeds.ts";
import { type Data, OLD_SECRET, pairOf, request, SECRET, type Sent, World } from "./world.ts";

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

  test("in three steps loses none of 1,000 sessions over isolates that update at different times", async (t) => {
    const roll = dice(seedFor(t));
    const world = new World({ secrets: [OLD_SECRET] });
    const steps = [[OLD_SECRET], [OLD_SECRET, SECRET], [SECRET, OLD_SECRET], [SECRET]].map((secrets) => world.deployed({ secrets }));
    const isolates = Array.from({ length: 5 }, () => 0);
    const any = () => steps[isolates[roll(5)] ?? 0] as Sessions<Data>;
    const first: string[] = [];
    for (let user = 0; user < 1000; user++) first.push((await world.begun((session) => session.set("user", user), any())).cookie);
    const cookies = [...first];
    const visit = async (user: number) => {
      const session = await world.loaded(cookies[user], any());
      assert.equal(session.get("user"), user, `user ${user} is signed out where the isolates are at ${isolates}`);
      const [line] = session.setCookieHeaders();
      if (line !== undefined) cookies[user] = pairOf(line);
    };
    for (let step = 1; step <= 3; step++) {
      // Everybody comes by, or has ended, before the old secret is taken away.
      if (step === 3) for (let user = 0; user < 1000; user++) await visit(user);
      for (let isolate = 0; isolate < 5; isolate++) {
        isolates[isolate] = step;
        for (let visits = 0; visits < 200; visits++) await visit(roll(1000));
      }
    }
    assert.ok(!world.told().includes("cookie-rejected"));
    for (const cookie of first) assert.deepEqual(await world.values(cookie, steps[3]), {});
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
