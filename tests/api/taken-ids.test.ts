// An id that was drawn anew, and that somebody else has.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { keyOf, World } from "./world.ts";

/** Makes the next id that is drawn another visitor's. */
async function takeNextId(world: World): Promise<void> {
  const other = await world.begun((session) => session.set("theirs", true));
  const exists = (await world.store.peek(other.key)) ?? "";
  const create = world.store.create.bind(world.store);
  world.store.create = () => {
    world.store.create = create;
    return Promise.resolve({ exists });
  };
}

describe("an id that is taken", () => {
  test("gives a visitor's first session another one, and nothing of what is there", async () => {
    const world = new World();
    await takeNextId(world);
    const session = await world.loaded(undefined);
    session.set("a", 1);
    const { id } = session;
    await session.commit();
    assert.notEqual(session.id, id);
    assert.deepEqual([...session.keys()], ["a"]);
    assert.doesNotMatch((await world.store.peek(keyOf(session.id ?? ""))) ?? "theirs", /theirs/);
  });

  test("gives a login another one, with the values of its own session", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const session = await world.loaded(cookie);
    await takeNextId(world);
    session.regenerateId();
    const { id } = session;
    await session.commit();
    assert.notEqual(session.id, id);
    assert.deepEqual([session.get("a"), session.size], [1, 1]);
    assert.doesNotMatch((await world.store.peek(keyOf(session.id ?? ""))) ?? "theirs", /theirs/);
  });
});
