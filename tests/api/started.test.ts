// What may still be done once the response is made.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Session } from "edge-session";
import { codeOf, type Data, request, World } from "./world.ts";

/** Gives a session whose response is made, by `handle` or by `applyTo`. */
async function started(
  world: World,
  by: "handle" | "applyTo",
  cookie: string | undefined,
  use: (session: Session<Data>) => unknown,
): Promise<Session<Data>> {
  let left: Session<Data> | undefined;
  if (by === "handle") {
    await world.sessions.handle(request({ cookie }), undefined, async (session) => {
      left = session;
      await use(session);
      return new Response();
    });
  } else {
    left = world.sessions.open(request({ cookie }));
    await use(left);
    left.applyTo(new Headers());
  }
  assert.ok(left !== undefined);
  return left;
}

describe("after the response is made", () => {
  test("changes throw response-started, whose message says what to do", async () => {
    const world = new World();
    for (const by of ["handle", "applyTo"] as const) {
      const { cookie } = await world.begun();
      const session = await started(world, by, cookie, (each) => each.load());
      const changes: (() => unknown)[] = [
        () => session.set("a", 2),
        () => session.update("a", () => 2),
        () => session.delete("a"),
        () => session.clear(),
        () => session.regenerateId(),
        () => session.destroy(),
      ];
      for (const change of changes) {
        assert.equal(await codeOf(change), "response-started");
        await assert.rejects(async () => change(), /[Ll]oad and change before returning the Response; for later work use openById/);
      }
      assert.deepEqual(await world.values(cookie), { a: 1 });
    }
  });

  test("a first load throws, with a cookie and without, and one that was done does not", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    for (const by of ["handle", "applyTo"] as const) {
      for (const sent of [cookie, undefined]) {
        const late = await started(world, by, sent, () => undefined);
        world.store.taken();
        assert.equal(await codeOf(() => late.load()), "response-started");
        assert.deepEqual(world.store.taken(), []);
        const loaded = await started(world, by, sent, (session) => session.load());
        await loaded.load();
      }
    }
  });

  test("reads of what was loaded go on", async () => {
    const world = new World();
    const { cookie, id } = await world.begun();
    const session = await started(world, "handle", cookie, (each) => each.load());
    assert.deepEqual([session.get("a"), session.has("a"), session.size, [...session.keys()], session.id], [1, true, 1, ["a"], id]);
    assert.equal(session.items.set("b", 2).size, 1);
  });

  test("a commit that would need a cookie throws, and one that would not still stores", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const visitor = await started(world, "applyTo", undefined, async (session) => {
      await session.load();
      session.set("a", 1);
    });
    const login = await started(world, "applyTo", cookie, async (session) => {
      await session.load();
      session.regenerateId();
    });
    world.store.taken();
    for (const session of [visitor, login]) assert.equal(await codeOf(() => session.commit()), "response-started");
    assert.deepEqual(world.store.taken(), []);
    const changed = await started(world, "applyTo", cookie, async (session) => {
      await session.load();
      session.set("b", 2);
    });
    await changed.commit();
    assert.deepEqual(await world.values(cookie), { a: 1, b: 2 });
    const clean = await started(world, "handle", cookie, (session) => session.load());
    await clean.commit();
  });

  test("that a handler threw, the session is as closed", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    let left: Session<Data> | undefined;
    const handled = world.sessions.handle(request({ cookie }), undefined, async (session) => {
      left = session;
      await session.load();
      throw new RangeError("the application's own");
    });
    await assert.rejects(handled, RangeError);
    assert.throws(() => left?.set("a", 2), { code: "response-started" });
  });

  test("whose commit failed in place of the answer, the session is as closed", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    world.store.before = (operation) => {
      if (operation === "update") throw new Error("down");
    };
    let left: Session<Data> | undefined;
    const handled = world.sessions.handle(request({ cookie }), undefined, async (session) => {
      left = session;
      await session.load();
      session.set("a", 2);
      return new Response();
    });
    await assert.rejects(handled, { code: "store-unavailable" });
    assert.throws(() => left?.set("a", 3), { code: "response-started" });
  });

  test("later work goes through openById", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const session = await started(world, "handle", cookie, (each) => each.load());
    const later = world.sessions.openById(session.id ?? "");
    await later.load();
    later.set("b", 2);
    await later.commit();
    assert.deepEqual(await world.values(cookie), { a: 1, b: 2 });
  });
});

describe("what a handler leaves running", () => {
  test("of its own commits and destroys is awaited by handle", async () => {
    const world = new World();
    const created = await world.sessions.handle(request(), undefined, async (session) => {
      await session.load();
      session.set("a", 1);
      void session.commit();
      return new Response();
    });
    assert.equal(created.headers.getSetCookie().length, 1);
    const { cookie } = await world.begun();
    const ended = await world.sessions.handle(request({ cookie }), undefined, (session) => {
      void session.destroy();
      return new Response();
    });
    assert.match(ended.headers.getSetCookie()[0] ?? "", /Max-Age=0/);
    assert.deepEqual(await world.values(cookie), {});
  });
});
