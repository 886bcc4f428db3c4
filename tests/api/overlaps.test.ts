// Commits of one session that meet each other.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Session } from "edge-session";
import { Context, type Data, request, World } from "./world.ts";

const more = (value: unknown) => Number(value) + 1;

/** Holds the answer to the first update back. */
function holdFirstUpdate(world: World): { readonly reached: Promise<void>; readonly release: () => void } {
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  let updates = 0;
  world.store.after = (operation) => {
    if (operation !== "update" || ++updates > 1) return undefined;
    reached.resolve();
    return released.promise;
  };
  return { reached: reached.promise, release: released.resolve };
}

describe("a commit() while handle commits", () => {
  for (const commit of ["background", "before-response"] as const) {
    test(`waits its turn under commit: "${commit}", so that no update counts twice`, async () => {
      const world = new World({ commit });
      const { cookie } = await world.begun((session) => session.set("n", 0));
      const { reached, release } = holdFirstUpdate(world);
      const context = new Context();
      const kept: Session<Data>[] = [];
      const answer = world.sessions.handle(request({ cookie }), context, async (session) => {
        await session.load();
        session.update("n", more);
        kept.push(session);
        return new Response();
      });
      await reached;
      const own = kept[0]?.commit();
      release();
      await Promise.all([own, answer]);
      await context.settled();
      assert.deepEqual(await world.values(cookie), { n: 1 });
      assert.deepEqual(world.store.taken(), ["load", "update", "load"]);
    });
  }
});

describe("an update() that came while a commit was under way, and throws when it is made anew", () => {
  test("fails the next commit and not the one that is done", async () => {
    const world = new World();
    const { cookie } = await world.begun((session) => session.set("n", 0));
    const session = await world.loaded(cookie);
    session.set("b", 1);
    const committing = session.commit();
    let made = 0;
    session.update("n", (value) => {
      if (++made > 1) throw new RangeError("only once");
      return more(value);
    });
    await committing;
    await assert.rejects(session.commit(), RangeError);
    assert.deepEqual(await world.values(cookie), { n: 0, b: 1 });
  });
});
