// What strangers send costs nothing, and is never an error.

import assert from "node:assert/strict";
import { test } from "node:test";
import { dice, seedFor } from "./seeds.ts";
import { NAME, request, World } from "./world.ts";

test("10,000 anonymous requests make no store call and get no cookie", async () => {
  const world = new World();
  for (let visitor = 0; visitor < 10_000; visitor++) {
    const loads = visitor % 2 === 0;
    const answer = await world.sessions.handle(
      request({ cookie: visitor % 3 === 0 ? "theme=dark; lang=en" : undefined }),
      undefined,
      async (session) => {
        if (loads) await session.load();
        assert.equal(session.id, undefined);
        return new Response();
      },
    );
    assert.deepEqual(answer.headers.getSetCookie(), []);
  }
  assert.deepEqual([world.store.taken(), world.told()], [[], []]);
});

test("10,000 garbage cookies make no store call, get no cookie, and are told once each", async (t) => {
  const roll = dice(seedFor(t));
  const world = new World();
  const { cookie } = await world.begun();
  const bytes = () => String.fromCharCode(...Array.from({ length: roll(200) }, () => roll(256)));
  const base64url = () => Buffer.from(bytes(), "latin1").toString("base64url");
  const garbage = [
    () => `${NAME}=${bytes()}`,
    () => `${NAME}=${base64url()}`,
    () => `${NAME}=${Buffer.from(Array.from({ length: 72 }, () => roll(256))).toString("base64url")}`,
    () => `${cookie.slice(0, 20 + roll(80))}${base64url()}`,
    () => `${NAME}=AQ${"A".repeat(roll(20_000))}`,
    () => `${NAME}${"=".repeat(roll(9))};${NAME}=;${NAME}=${base64url()}`,
    () => `${NAME}=%00%0a; ${NAME}="${base64url()}"`,
    () => Array.from({ length: roll(50) }, () => `${NAME}=${base64url()}`).join("; "),
  ];
  let rejected = 0;
  for (let visitor = 0; visitor < 10_000; visitor++) {
    const header = garbage[roll(garbage.length)]?.() ?? "";
    const answer = await world.sessions.handle({ headers: { get: (name) => (name === "cookie" ? header : null) } }, undefined, async (session) => {
      if (visitor % 2 === 0) await session.load();
      assert.equal(session.id, undefined);
      return new Response();
    });
    assert.deepEqual(answer.headers.getSetCookie(), []);
    const told = world.told();
    assert.match(told.join(), /^(cookie-rejected)?$/);
    rejected += told.length;
  }
  assert.ok(rejected > 9000, `${rejected} were told`);
  assert.deepEqual(world.store.taken(), []);
});

test("a first write, a read and a write of a session make 1, 1 and 2 calls; a login 3, a renewal 1", async () => {
  const world = new World();
  const counted: string[][] = [];
  const visit = async (cookie: string | undefined, change: (session: Awaited<ReturnType<World["loaded"]>>) => void) => {
    const session = await world.loaded(cookie);
    change(session);
    await session.commit();
    counted.push(world.store.taken());
    return session;
  };
  await visit(undefined, (session) => session.set("a", 1));
  const { cookie } = await world.begun();
  await visit(cookie, (session) => session.get("a"));
  await visit(cookie, (session) => session.set("a", 2));
  await visit(cookie, (session) => session.regenerateId());
  const { cookie: other } = await world.begun();
  await world.sessions.handle(request({ cookie: other }), undefined, () => new Response());
  counted.push(world.store.taken());
  assert.deepEqual(counted, [["create"], ["load"], ["load", "update"], ["load", "create", "update"], ["refresh"]]);
});
