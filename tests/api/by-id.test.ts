// Sessions known by their id, without a request.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pairOf, World } from "./world.ts";

describe("openById", () => {
  test("loads leaving the time to live, and commits renewing it, without any cookie", async () => {
    const world = new World();
    const { cookie, id } = await world.begun();
    world.store.seconds.length = 0;
    const session = world.sessions.openById(id);
    assert.throws(() => session.get("a"), { code: "not-loaded" });
    await session.load();
    assert.deepEqual([session.id, session.get("a"), session.createdAt, session.isNew], [id, 1, world.now, false]);
    session.set("b", 2);
    await session.commit();
    assert.deepEqual(
      [world.store.taken(), world.store.seconds],
      [
        ["load", "update"],
        [0, 1200],
      ],
    );
    assert.deepEqual([session.setCookieHeaders(), session.cookies()], [[], []]);
    assert.deepEqual(await world.values(cookie), { a: 1, b: 2 });
  });

  test("does not keep a session alive by looking at it", async () => {
    const world = new World();
    const { id } = await world.begun();
    world.pass(1199);
    await world.sessions.openById(id).load();
    world.pass(1);
    const session = world.sessions.openById(id);
    await session.load();
    assert.equal(session.isNew, true);
  });

  test("ends a session, loaded or not, and sends no cookie", async () => {
    const world = new World();
    for (const loads of [true, false]) {
      const { cookie, id } = await world.begun();
      const session = world.sessions.openById(id);
      if (loads) await session.load();
      await session.destroy();
      assert.deepEqual([session.setCookieHeaders(), session.size], [[], 0]);
      assert.throws(() => session.set("a", 1), { code: "no-session" });
      assert.deepEqual(await world.values(cookie), {});
    }
  });

  test("never begins a session: what is absent, destroyed, expired or forwarded has nothing", async () => {
    const world = new World({ absoluteTimeoutSeconds: 1300 });
    const destroyed = await world.begun();
    await world.sessions.openById(destroyed.id).destroy();
    const forwarded = await world.begun();
    const login = await world.loaded(forwarded.cookie);
    login.regenerateId({ graceSeconds: 600 });
    await login.commit();
    const expired = await world.begun();
    const record = (await world.store.peek(expired.key)) ?? "";
    const old = record.replace(/\.\d+\.\{/, `.${world.now / 1000}.{`);
    await world.store.write(expired.key, old);
    for (const id of ["AAAAAAAAAAAAAAAAAAAAAA", destroyed.id, forwarded.id, expired.id]) {
      const session = world.sessions.openById(id);
      await session.load();
      assert.deepEqual([session.size, session.get("a"), session.createdAt], [0, undefined, undefined]);
      for (const change of [() => session.set("a", 1), () => session.update("a", () => 1), () => session.clear(), () => session.regenerateId()]) {
        assert.throws(change, { code: "no-session" });
      }
      world.store.taken();
      await session.commit();
      assert.deepEqual(world.store.taken(), []);
    }
  });

  test("follows a forwarding record when it destroys", async () => {
    const world = new World();
    const { cookie, id } = await world.begun();
    const login = await world.loaded(cookie);
    login.regenerateId();
    await login.commit();
    await world.sessions.openById(id).destroy();
    assert.deepEqual(await world.values(pairOf(login.setCookieHeaders()[0] ?? "")), {});
  });

  test("cannot regenerate, as the new id needs a cookie", async () => {
    const world = new World();
    const { id } = await world.begun();
    const session = world.sessions.openById(id);
    await session.load();
    assert.throws(() => session.regenerateId(), { code: "no-session" });
  });

  test("refuses what is no id, without showing it", () => {
    const world = new World();
    const wrong = [
      "",
      "canary",
      "A".repeat(21),
      "A".repeat(23),
      `${"A".repeat(21)}B`,
      `${"A".repeat(21)}=`,
      `${"A".repeat(21)}+`,
      "é".repeat(22),
      "A".repeat(22).concat("\n"),
      undefined,
      7,
      null,
    ];
    for (const id of wrong) {
      assert.throws(
        () => world.sessions.openById(id as string),
        (error: Error & { code?: string }) => error.code === "invalid-options" && !error.message.includes("canary"),
      );
    }
  });
});
