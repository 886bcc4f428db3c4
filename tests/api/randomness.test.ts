// Without randomness a call fails; nothing takes its place.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { holds, instances } from "./instances.ts";
import { codeOf, pairOf, request, World } from "./world.ts";

/** Runs something while the platform gives no randomness after the first `good` times. */
async function without<T>(good: number, work: () => T | Promise<T>): Promise<T> {
  const own = crypto.getRandomValues;
  let asked = 0;
  crypto.getRandomValues = ((array: Uint8Array<ArrayBuffer>) => {
    asked += 1;
    if (asked > good) throw new DOMException("no entropy", "OperationError");
    return own.call(crypto, array);
  }) as Crypto["getRandomValues"];
  try {
    return await work();
  } finally {
    Reflect.deleteProperty(crypto, "getRandomValues");
  }
}

describe("randomness", () => {
  /** Says of each bit how often it is set. */
  const counted = (all: readonly Buffer[]) =>
    Array.from({ length: (all[0]?.length ?? 0) * 8 }, (_, bit) => all.filter((bytes) => ((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1).length);

  test("of the platform is in every bit of an id and of a nonce, and none comes twice", async () => {
    const world = new World();
    const ids: Buffer[] = [];
    const nonces: Buffer[] = [];
    for (let made = 0; made < 4000; made++) {
      const { id, cookie } = await world.begun();
      ids.push(Buffer.from(id, "base64url"));
      nonces.push(Buffer.from(cookie.slice(cookie.indexOf("=") + 1), "base64url").subarray(5, 29));
    }
    for (const drawn of [ids, nonces]) {
      assert.equal(new Set(drawn.map((bytes) => bytes.toString("hex"))).size, 4000);
      // Seven standard deviations.
      for (const [bit, often] of counted(drawn).entries()) assert.ok(Math.abs(often - 2000) < 222, `bit ${bit} is set ${often} times of 4000`);
    }
  });
});

describe("a platform without randomness", () => {
  test("fails the set that would draw an id, which then never happened", async () => {
    const world = new World();
    const session = await world.loaded(undefined);
    assert.equal(await without(0, () => codeOf(() => session.set("a", 1))), "core-failed");
    assert.deepEqual([session.id, session.has("a"), session.size], [undefined, false, 0]);
    await session.commit();
    assert.deepEqual([world.store.taken(), session.setCookieHeaders()], [[], []]);
    session.set("a", 2);
    await session.commit();
    assert.deepEqual(await world.values(pairOf(session.setCookieHeaders()[0] ?? "")), { a: 2 });
  });

  test("fails commit, regenerateId and destroy without a call to the store", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const session = await world.loaded(cookie);
    session.set("b", 2);
    world.store.taken();
    for (const work of [() => session.commit(), () => session.regenerateId(), () => session.destroy()]) {
      assert.equal(await without(0, () => codeOf(work)), "core-failed");
    }
    assert.deepEqual([world.store.taken(), session.setCookieHeaders()], [[], []]);
    await session.commit();
    assert.deepEqual(await world.values(cookie), { a: 1, b: 2 });
  });

  test("leaves nothing of the values in linear memory", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const session = await world.loaded(cookie);
    session.set("b", `${"x".repeat(3000)}memory-canary`);
    const before = instances();
    assert.equal(await without(0, () => codeOf(() => session.commit())), "core-failed");
    assert.deepEqual([holds("memory-canary"), instances()], [false, before]);
  });

  test("fails handle in place of an answer, with no cookie", async () => {
    const world = new World();
    const handled = () =>
      world.sessions.handle(request(), undefined, async (session) => {
        await session.load();
        session.set("a", 1);
        return new Response();
      });
    assert.equal(await without(0, () => codeOf(handled)), "core-failed");
    assert.deepEqual(world.store.taken(), []);
    assert.equal((await handled()).headers.getSetCookie().length, 1);
  });

  test("that fails at any moment never leaves a weak cookie, and never sends one for nothing", async () => {
    let sent = 0;
    for (let good = 0; good < 8; good++) {
      const world = new World();
      const { cookie } = await world.begun();
      const lines = await without(good, async () => {
        const session = await world.loaded(cookie);
        try {
          session.set("b", 2);
          session.regenerateId();
          await session.commit();
        } catch (error) {
          assert.equal((error as { code?: string }).code, "core-failed");
        }
        return session.setCookieHeaders();
      });
      for (const line of lines) assert.deepEqual(await world.values(pairOf(line)), { a: 1, b: 2 });
      sent += lines.length;
    }
    assert.ok(sent > 0 && sent < 8, `${sent} of 8 had enough`);
  });

  test("still reads", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    assert.deepEqual(await without(0, () => world.values(cookie)), { a: 1 });
  });
});
