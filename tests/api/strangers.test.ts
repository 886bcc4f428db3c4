// What strangers send costs nothing, and is never an error.

import assert from "node:assert/strict";
import { test } from "node:test";
import { dice, seedFor } from "./seeds.ts";
import { NAME, pairOf, request, World } from "./world.ts";

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

test("1,000 ids and tokens in urls, bodies and other headers are not looked at", async (t) => {
  const roll = dice(seedFor(t));
  const world = new World();
  const { cookie, id, key } = await world.begun();
  const token = cookie.slice(NAME.length + 1);
  const places: ((text: string) => Request)[] = [
    (text) => request({ url: `https://app.example/?${NAME}=${text}&session=${text}&sid=${text}` }),
    (text) => request({ url: `https://app.example/${text};jsessionid=${text}#${NAME}=${text}` }),
    (text) => request({ headers: { authorization: `Bearer ${text}`, "x-session-id": text, [NAME]: text, cookie2: `${NAME}=${text}` } }),
    (text) =>
      request({ headers: { "set-cookie": `${NAME}=${text}`, "x-cookie": `${NAME}=${text}`, referer: `https://app.example/?${NAME}=${text}` } }),
    (text) => request({ cookie: `session=${text}; sid=${text}; ${NAME}2=${text}; ${NAME.toLowerCase()}=${text}` }),
    (text) => new Request("https://app.example/", { method: "POST", body: new URLSearchParams({ [NAME]: text, session: text }) }),
    (text) => new Request("https://app.example/", { method: "POST", body: JSON.stringify({ [NAME]: text, id: text }) }),
  ];
  for (let visitor = 0; visitor < 1000; visitor++) {
    const sent = places[roll(places.length)]?.([id, token, key][roll(3)] ?? "") ?? request();
    const answer = await world.sessions.handle(sent, undefined, async (session) => {
      await session.load();
      assert.deepEqual([session.id, session.isNew, session.size], [undefined, true, 0]);
      if (visitor % 100 === 0) session.set("b", 2);
      if (visitor % 100 === 0) assert.notEqual(session.id, id);
      return new Response();
    });
    assert.equal(answer.headers.getSetCookie().length, visitor % 100 === 0 ? 1 : 0);
  }
  assert.deepEqual(world.store.taken(), Array<string>(10).fill("create"));
  assert.deepEqual(await world.values(cookie), { a: 1 });
});

test("an id or a store's key in place of the cookie's value is no session", async () => {
  const world = new World();
  const { id, key } = await world.begun();
  const hex = Buffer.from(id, "base64url").toString("hex");
  for (const value of [id, key, hex, id.padEnd(96, "A"), Buffer.from(key.padEnd(72)).toString("base64url")]) {
    const session = await world.loaded(`${NAME}=${value}`);
    assert.deepEqual([session.id, session.isNew, session.size], [undefined, true, 0], value);
  }
  assert.deepEqual(world.store.taken(), []);
});

test("of a request only its cookie, its kind and how it came are read, and an id is in no answer", async () => {
  const world = new World();
  const { cookie, id } = await world.begun();
  const asked = new Set<string>();
  const headers = {
    get(name: string) {
      asked.add(name.toLowerCase());
      return name.toLowerCase() === "cookie" ? cookie : null;
    },
  };
  const answer = await world.sessions.handle({ headers }, undefined, async (session) => {
    await session.load();
    session.regenerateId();
    return new Response();
  });
  const known = new Set(["cookie", "sec-fetch-mode", "x-forwarded-proto"]);
  assert.deepEqual(
    [...asked].filter((name) => !known.has(name)),
    [],
  );
  const [line = ""] = answer.headers.getSetCookie();
  const moved = (await world.loaded(pairOf(line))).id ?? "";
  const text = JSON.stringify([...answer.headers]);
  assert.ok(moved !== "" && moved !== id && !text.includes(id) && !text.includes(moved));
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
