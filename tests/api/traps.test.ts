// A failed core fails one call; the next has a fresh instance.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createSessions, memoryStore, type Session, SessionError } from "edge-session";
import { instances, memory, pages } from "./instances.ts";
import { codeOf, type Data, NAME, request, SECRET, World } from "./world.ts";

/** Overwrites all of the live instance's memory, as a fault in it could. */
function overwrite(byte: number): void {
  new Uint8Array(memory().buffer).fill(byte);
}

/** Asks for something of the core until the broken instance failed; says how. */
async function failedOnce(work: () => unknown): Promise<void> {
  const before = instances();
  const error = await Promise.resolve()
    .then(work)
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  assert.ok(error instanceof SessionError, `no failure, or a raw one: ${error}`);
  assert.equal(error.code, "core-failed");
  assert.match(error.message, /^session: the compiled core failed/);
  assert.ok(instances() - before <= 1);
}

/** A `Cookie` header that is asked of the core each time, as it holds another name that begins alike. */
const forTheCore = (cookie: string) => `${cookie}; ${NAME}x=`;

describe("an instance whose memory was overwritten", () => {
  test("fails the call that meets it with core-failed, whichever it is, and the next call works", async () => {
    const world = new World();
    const { cookie: plain, id } = await world.begun();
    const cookie = forTheCore(plain);
    const loaded = () => world.loaded(cookie);
    const live = await loaded();
    live.set("b", 2);
    const calls: [name: string, work: () => unknown][] = [
      ["open", () => world.sessions.open(request({ cookie })).id],
      ["load", loaded],
      ["openById", () => world.sessions.openById(id)],
      ["commit", () => live.commit()],
      ["regenerateId", () => live.regenerateId()],
      ["createSessions", () => createSessions({ secrets: [SECRET, `${SECRET}${Math.random()}`], store: memoryStore() })],
      ["the same createSessions", () => world.deployed({})],
    ];
    for (const [name, work] of calls) {
      await loaded();
      overwrite(0xff);
      await failedOnce(work).catch((error: unknown) => {
        throw new Error(`${name}: ${error}`);
      });
      assert.deepEqual([(await loaded()).get("a"), (await loaded()).id], [1, id], name);
    }
    await live.commit();
    assert.deepEqual(await world.values(cookie), { a: 1, b: 2 });
  });

  test("makes no call to the store and sends no cookie", async () => {
    const world = new World();
    const cookie = forTheCore((await world.begun()).cookie);
    const login = await world.loaded(cookie);
    login.set("b", 2);
    const visitor = await world.loaded(undefined);
    for (const work of [() => login.commit(), () => visitor.set("a", 1), () => login.regenerateId(), () => world.loaded(cookie)]) {
      await world.loaded(cookie);
      world.store.taken();
      overwrite(0xff);
      await failedOnce(work);
      assert.deepEqual(world.store.taken(), []);
    }
    assert.deepEqual([login.setCookieHeaders(), visitor.setCookieHeaders(), visitor.id, visitor.size], [[], [], undefined, 0]);
  });

  test("is not met by a read whose cookie opened before, but by the commit after it", async () => {
    // Whoever listens is told hashes of ids, which the core makes.
    const world = new World({ onEvent: undefined });
    const { cookie } = await world.begun();
    await world.loaded(cookie);
    overwrite(0xff);
    const session = await world.loaded(cookie);
    session.set("a", 2);
    world.store.taken();
    await failedOnce(() => session.commit());
    assert.deepEqual([world.store.taken(), await world.values(cookie)], [[], { a: 1 }]);
    await session.commit();
    assert.deepEqual(await world.values(cookie), { a: 2 });
  });

  test("is not believed in what it said of cookies before", async () => {
    const world = new World();
    const [{ cookie, id }, other] = [await world.begun(), await world.begun()];
    const seen = () => world.sessions.open(request({ cookie })).id;
    const otherSeen = () => world.sessions.open(request({ cookie: other.cookie })).id;
    assert.deepEqual([seen(), otherSeen()], [id, other.id]);
    overwrite(0xff);
    await failedOnce(() => world.loaded(forTheCore(cookie)));
    const before = instances();
    assert.deepEqual([seen(), instances() - before], [id, 1]);
    overwrite(0xff);
    assert.deepEqual([seen(), instances() - before], [id, 1]);
    await failedOnce(otherSeen);
    assert.equal(otherSeen(), other.id);
  });

  test("is met again by a cookie whose configuration was dropped for others", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    await world.loaded(cookie);
    for (let other = 0; other < 16; other++) world.deployed({ applicationName: `app-${other}` });
    overwrite(0xff);
    await failedOnce(() => world.loaded(cookie));
    assert.deepEqual(await world.values(cookie), { a: 1 });
  });

  test("is told once, as core-restarted", async () => {
    const world = new World();
    const cookie = forTheCore((await world.begun()).cookie);
    const visit = () => world.sessions.handle(request({ cookie }), undefined, (session) => session.load().then(() => new Response()));
    await visit();
    world.told();
    overwrite(0xff);
    assert.equal(await codeOf(visit), "core-failed");
    await visit();
    await visit();
    assert.deepEqual(
      world.told().filter((name) => name === "core-restarted"),
      ["core-restarted"],
    );
  });

  test("is made good whatever the settings: many, and longer than the scratch", async () => {
    const secrets = Array.from({ length: 8 }, (_, index) => new Uint8Array(10_000).fill(index + 1));
    const worlds = [new World({ secrets }), ...Array.from({ length: 20 }, (_, index) => new World({ applicationName: `app-${index}` }))];
    const cookies = await Promise.all(worlds.map(async (world) => (await world.begun()).cookie));
    overwrite(0xff);
    await failedOnce(() => worlds[0]?.loaded(cookies[0]));
    for (const [index, world] of worlds.entries()) assert.deepEqual(await world.values(cookies[index] ?? ""), { a: 1 });
  });

  test("1,000 times over takes no more memory than once", async () => {
    const world = new World();
    const cookie = forTheCore((await world.begun()).cookie);
    const before = instances();
    for (let trap = 0; trap < 1000; trap++) {
      overwrite(trap % 2 === 0 ? 0xff : 0x41);
      await failedOnce(() => world.loaded(cookie));
      assert.equal((await world.loaded(cookie)).get("a"), 1);
    }
    assert.equal(instances() - before, 1000);
    const used = pages();
    for (let visit = 0; visit < 1000; visit++) await world.loaded(cookie);
    assert.equal(pages(), used);
    assert.ok(used < 64, `${used} pages`);
  });
});

describe("an exhausted stack", () => {
  test("fails the calls that meet its end; what comes after works", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    let failures = 0;
    const descend = (work: () => unknown): void => {
      try {
        descend(work);
      } catch {
        // On the way up each frame has a little more room.
      }
      try {
        work();
      } catch {
        failures += 1;
      }
    };
    for (const work of [() => world.sessions.open(request({ cookie })).id, () => world.sessions.openById("A".repeat(22))]) descend(work);
    assert.ok(failures > 0, "the stack did not end inside a call");
    assert.deepEqual(await world.values(cookie), { a: 1 });
    const session: Session<Data> = await world.loaded(cookie);
    session.set("b", 2);
    await session.commit();
    assert.deepEqual(await world.values(cookie), { a: 1, b: 2 });
  });
});
