// Protected text: what opens it, and everything that does not.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createSessions, type Session, type SessionsOptions } from "edge-session";
import { pages } from "./instances.ts";
import { dice, seedFor } from "./seeds.ts";
import { Context, codeOf, type Data, OLD_SECRET, request, SECRET, World } from "./world.ts";

/** Loads a visitor's session and sets its first value. */
async function visitor(world: World): Promise<Session<Data>> {
  const session = await world.loaded(undefined);
  session.set("a", 1);
  return session;
}

describe("a protected text", () => {
  test("gives back every kind of value that a session can hold", () => {
    const protector = new World().sessions.protector<unknown>("any");
    const values = ["", "caf\u00e9 \u{1f36a}", 0, -1.5, true, null, [], {}, { a: [1, { b: null }] }, { "\u0000b": "x" }, Uint8Array.of(0, 255)];
    for (const value of values) assert.deepEqual(protector.unprotect(protector.protect(value)), value);
  });

  test("is safe in a URL, hides its value, and is never the same twice", () => {
    const protector = new World().sessions.protector("any");
    const [one, other] = [protector.protect("canary"), protector.protect("canary")];
    assert.match(one, /^[A-Za-z0-9_-]+$/);
    assert.notEqual(one, other);
    assert.ok(!Buffer.from(one, "base64url").includes("canary"));
  });

  test("needs no session, no request and no store", () => {
    const world = new World();
    const token = world.sessions.protector("reset").protect("user 7");
    assert.equal(world.deployed({}).protector("reset").unprotect(token), "user 7");
    assert.deepEqual([world.store.taken(), world.told()], [[], []]);
  });

  test("opens for its own purpose and application only", () => {
    const world = new World();
    const token = world.sessions.protector("reset").protect("x");
    for (const purpose of ["rese", "reset ", "Reset", "resetx"]) assert.equal(world.sessions.protector(purpose).unprotect(token), undefined);
    assert.equal(world.deployed({ applicationName: "other" }).protector("reset").unprotect(token), undefined);
    assert.equal(
      world
        .deployed({ cookie: { name: "session" } })
        .protector("reset")
        .unprotect(token),
      "x",
    );
  });

  test("opens until the second of its end, and for ever where it has none", () => {
    const world = new World();
    const protector = world.sessions.protector("reset");
    const token = protector.protect("x", { expiresInSeconds: 600 });
    const endless = protector.protect("x", { expiresInSeconds: undefined });
    world.pass(599);
    assert.equal(protector.unprotect(token), "x");
    world.pass(1);
    assert.equal(protector.unprotect(token), undefined);
    world.pass(1e9);
    assert.equal(protector.unprotect(endless), "x");
  });

  test("lives as long as its secret", () => {
    const world = new World({ secrets: [OLD_SECRET] });
    const token = world.sessions.protector("reset").protect("x");
    const unprotect = (...secrets: string[]) => world.deployed({ secrets }).protector("reset").unprotect(token);
    assert.deepEqual([unprotect(SECRET, OLD_SECRET), unprotect(OLD_SECRET, SECRET), unprotect(SECRET)], ["x", "x", undefined]);
  });

  test("does not open when any character of it is another, is missing or is added", () => {
    const protector = new World().sessions.protector("reset");
    const token = protector.protect("x");
    for (let at = 0; at < token.length; at++) {
      const other = token[at] === "A" ? "B" : "A";
      assert.equal(protector.unprotect(token.slice(0, at) + other + token.slice(at + 1)), undefined);
      assert.equal(protector.unprotect(token.slice(0, at)), undefined);
      assert.equal(protector.unprotect(token.slice(0, at) + other + token.slice(at)), undefined);
    }
  });

  test("is no session cookie, and a session cookie is none", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const protector = world.sessions.protector("session");
    assert.equal(protector.unprotect(cookie.slice(cookie.indexOf("=") + 1)), undefined);
    const session = await world.loaded(`__Host-session=${protector.protect("x")}`);
    assert.equal(session.id, undefined);
  });
});

describe("unprotect of what is no text of ours", () => {
  test("is undefined and throws nothing, whatever it is", () => {
    const protector = new World().sessions.protector<unknown>("any");
    const lone = String.fromCharCode(0xd800);
    const foreign = [
      undefined,
      null,
      0,
      Number.NaN,
      true,
      {},
      [],
      () => 0,
      Symbol("x"),
      1n,
      new Date(),
      "",
      " ",
      "\u0000",
      lone,
      "\u00e9".repeat(60),
      "eyJhbGciOiJub25lIn0.e30.",
    ];
    for (const token of foreign) assert.equal(protector.unprotect(token as string), undefined);
  });

  test("is undefined for megabytes, without memory for them", () => {
    const protector = new World().sessions.protector("any");
    const token = protector.protect("x");
    const before = pages();
    for (const long of ["A".repeat(8_000_000), token + "A".repeat(8_000_000), "\u{1f36a}".repeat(2_000_000)]) {
      assert.equal(protector.unprotect(long), undefined);
    }
    assert.equal(pages(), before);
    assert.equal(protector.unprotect(token), "x");
  });

  test("is undefined for random text behind a true beginning", (t) => {
    const below = dice(seedFor(t));
    const protector = new World().sessions.protector("any");
    const beginning = protector.protect("x").slice(0, 6);
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (let count = 0; count < 2000; count++) {
      const text = Array.from({ length: below(200) }, () => letters[below(64)]).join("");
      assert.equal(protector.unprotect(count % 2 === 0 ? text : beginning + text), undefined);
    }
  });
});

describe("protect refuses", () => {
  test("what would not come back equal", () => {
    const protector = new World().sessions.protector<unknown>("any");
    for (const value of [undefined, () => 0, Symbol("x"), 1n, Number.NaN, new Date(), new Map(), [undefined], String.fromCharCode(0xd800)]) {
      assert.throws(() => protector.protect(value), { code: "value-not-serializable" });
    }
  });

  test("what is longer than a record may be", () => {
    const protector = new World({ maxRecordBytes: 100 }).sessions.protector("any");
    assert.equal(protector.unprotect(protector.protect("x".repeat(98)))?.length, 98);
    assert.throws(() => protector.protect("x".repeat(99)), { code: "record-too-large" });
  });

  test("times that are no whole seconds", () => {
    const protector = new World().sessions.protector("any");
    for (const expiresInSeconds of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 10_000_000_001, "60" as unknown as number]) {
      assert.throws(() => protector.protect("x", { expiresInSeconds }), { code: "invalid-options" });
    }
    for (const expiresInSeconds of [1, 10_000_000_000]) assert.equal(protector.unprotect(protector.protect("x", { expiresInSeconds })), "x");
  });

  test("what is no purpose, at once", () => {
    const { sessions } = new World();
    for (const purpose of ["", "x".repeat(1001), String.fromCharCode(0xd800), undefined, null, 7, {}]) {
      assert.throws(() => sessions.protector(purpose as string), { code: "invalid-options" });
    }
    for (const purpose of ["a", "\u{1f36a}".repeat(500)]) {
      const protector = sessions.protector(purpose);
      assert.equal(protector.unprotect(protector.protect("x")), "x");
    }
  });

  test("to be bound to what is no session of ours", async () => {
    const world = new World();
    const protector = world.sessions.protector("csrf");
    for (const boundTo of [null, {}, "session", Object.create(await visitor(world))]) {
      assert.throws(() => protector.protect("x", { boundTo: boundTo as Session }), { code: "invalid-options" });
      assert.throws(() => protector.unprotect("x", { boundTo: boundTo as Session }), { code: "invalid-options" });
    }
  });
});

describe("options as a function", () => {
  test("are not called by protector itself, but at its first use, and once", () => {
    let calls = 0;
    const world = new World();
    const options = (): SessionsOptions => {
      calls += 1;
      if (calls === 1) throw new Error("no secrets yet");
      return world.options;
    };
    const protector = createSessions(options).protector("csrf");
    assert.equal(calls, 0);
    assert.throws(() => protector.protect("x"), /no secrets yet/);
    assert.equal(protector.unprotect(protector.protect("x")), "x");
    assert.equal(calls, 2);
  });
});

describe("a text bound to a session", () => {
  test("opens for that session, in this request and in later ones", async () => {
    const world = new World();
    const protector = world.sessions.protector("csrf");
    const { cookie } = await world.begun();
    const session = await world.loaded(cookie);
    const token = protector.protect("x", { boundTo: session });
    assert.equal(protector.unprotect(token, { boundTo: session }), "x");
    assert.equal(protector.unprotect(token, { boundTo: await world.loaded(cookie) }), "x");
    assert.equal(protector.unprotect(token, { boundTo: await byId(world, session.id ?? "") }), "x");
  });

  test("opens for no other session, and not without one; nor does one that is not bound with one", async () => {
    const world = new World();
    const protector = world.sessions.protector("csrf");
    const [mine, other] = [await world.begun(), await world.begun()];
    const token = protector.protect("x", { boundTo: await world.loaded(mine.cookie) });
    assert.equal(protector.unprotect(token, { boundTo: await world.loaded(other.cookie) }), undefined);
    assert.equal(protector.unprotect(token), undefined);
    assert.equal(protector.unprotect(protector.protect("x"), { boundTo: await world.loaded(mine.cookie) }), undefined);
  });

  test("may be made from the first set on, before anything is stored", async () => {
    const world = new World();
    const protector = world.sessions.protector("csrf");
    const session = await world.loaded(undefined);
    assert.throws(() => protector.protect("x", { boundTo: session }), { code: "no-session" });
    session.set("a", 1);
    const token = protector.protect("x", { boundTo: session });
    assert.equal(protector.unprotect(token, { boundTo: session }), "x");
    await session.commit();
    assert.equal(protector.unprotect(token, { boundTo: session }), "x");
    const cookie = session.setCookieHeaders()[0]?.split(";")[0];
    assert.equal(protector.unprotect(token, { boundTo: await world.loaded(cookie) }), "x");
  });

  test("needs a session that is loaded", async () => {
    const world = new World();
    const protector = world.sessions.protector("csrf");
    const { cookie } = await world.begun();
    const token = protector.protect("x", { boundTo: await world.loaded(cookie) });
    for (const sent of [cookie, undefined]) {
      const session = world.sessions.open(request({ cookie: sent }));
      assert.throws(() => protector.protect("x", { boundTo: session }), { code: "not-loaded" });
      assert.equal(protector.unprotect(token, { boundTo: session }), undefined);
    }
  });

  test("binds to the new session after regenerateId(), and opens no more what was bound before", async () => {
    const world = new World();
    const protector = world.sessions.protector("csrf");
    const { cookie } = await world.begun();
    const session = await world.loaded(cookie);
    const before = protector.protect("x", { boundTo: session });
    session.regenerateId();
    const after = protector.protect("x", { boundTo: session });
    assert.deepEqual(opened(protector, session, before, after), [undefined, "x"]);
    await session.commit();
    assert.deepEqual(opened(protector, session, before, after), [undefined, "x"]);
    const next = session.setCookieHeaders()[0]?.split(";")[0];
    assert.deepEqual(opened(protector, await world.loaded(next), before, after), [undefined, "x"]);
    const left = await world.loaded(cookie);
    assert.deepEqual(opened(protector, left, before, after), [undefined, undefined]);
    assert.throws(() => protector.protect("x", { boundTo: left }), { code: "no-session" });
  });

  test("does not open for the session that begins anew under the id of an expired one", async () => {
    const world = new World();
    const protector = world.sessions.protector("csrf");
    const { cookie, id } = await world.begun();
    const token = protector.protect("x", { boundTo: await world.loaded(cookie) });
    world.pass(1200);
    const session = await world.loaded(cookie);
    assert.equal(session.id, id);
    assert.throws(() => protector.protect("x", { boundTo: session }), { code: "no-session" });
    assert.equal(protector.unprotect(token, { boundTo: session }), undefined);
    session.set("a", 1);
    assert.equal(protector.unprotect(token, { boundTo: session }), undefined);
    await session.commit();
    assert.equal(session.id, id);
    assert.equal(protector.unprotect(token, { boundTo: session }), undefined);
  });

  test("does not open once the session is destroyed, nor for the one that begins after it", async () => {
    const world = new World();
    const protector = world.sessions.protector("csrf");
    const { cookie } = await world.begun();
    const session = await world.loaded(cookie);
    const token = protector.protect("x", { boundTo: session });
    await session.destroy();
    assert.throws(() => protector.protect("x", { boundTo: session }), { code: "no-session" });
    assert.equal(protector.unprotect(token, { boundTo: session }), undefined);
    session.set("a", 1);
    assert.equal(protector.unprotect(token, { boundTo: session }), undefined);
  });

  test("does not open for a session that ended while the request ran", async () => {
    const world = new World();
    const protector = world.sessions.protector("csrf");
    const { cookie } = await world.begun();
    const session = await world.loaded(cookie);
    const token = protector.protect("x", { boundTo: session });
    await (await world.loaded(cookie)).destroy();
    session.set("a", 2);
    assert.equal(await codeOf(() => session.commit()), "destroyed");
    assert.throws(() => protector.protect("x", { boundTo: session }), { code: "no-session" });
    assert.equal(protector.unprotect(token, { boundTo: session }), undefined);
  });

  test("does not open for a session that ended before it began", async () => {
    const world = new World();
    const protector = world.sessions.protector("csrf");
    const { cookie } = await world.begun();
    world.pass(1200);
    const [late, quick] = [await world.loaded(cookie), await world.loaded(cookie)];
    late.set("a", 1);
    const token = protector.protect("x", { boundTo: late });
    quick.set("a", 2);
    await quick.commit();
    await quick.destroy();
    assert.equal(await codeOf(() => late.commit()), "destroyed");
    assert.throws(() => protector.protect("x", { boundTo: late }), { code: "no-session" });
    assert.equal(protector.unprotect(token, { boundTo: late }), undefined);
  });

  test("is bound to what was stored: of two requests that begin a session at once, to the one that won", async () => {
    const world = new World();
    const protector = world.sessions.protector("csrf");
    const { cookie } = await world.begun();
    world.pass(1200);
    const [winner, loser] = [await world.loaded(cookie), await world.loaded(cookie)];
    winner.set("a", 1);
    loser.set("b", 1);
    const [won, lost] = [winner, loser].map((session) => protector.protect("x", { boundTo: session }));
    await winner.commit();
    await loser.commit();
    for (const session of [winner, loser, await world.loaded(cookie)]) {
      assert.deepEqual(opened(protector, session, won ?? "", lost ?? ""), ["x", undefined]);
    }
    assert.equal(protector.unprotect(protector.protect("x", { boundTo: loser }), { boundTo: winner }), "x");
  });

  test("has nothing to be bound to where the load failed", async () => {
    const world = new World({ throwOnError: false });
    const protector = world.sessions.protector("csrf");
    const { cookie } = await world.begun();
    world.store.before = () => Promise.reject(new Error("down"));
    const session = await world.loaded(cookie);
    assert.throws(() => protector.protect("x", { boundTo: session }), { code: "store-unavailable" });
    assert.equal(protector.unprotect("x", { boundTo: session }), undefined);
  });

  test("has nothing to be bound to until the visitor agreed", async () => {
    let agreed = false;
    const world = new World({ consent: () => agreed });
    const protector = world.sessions.protector("csrf");
    const session = await visitor(world);
    assert.throws(() => protector.protect("x", { boundTo: session }), { code: "no-session" });
    agreed = true;
    const token = protector.protect("x", { boundTo: session });
    await session.commit();
    agreed = false;
    assert.equal(protector.unprotect(token, { boundTo: session }), "x");
    session.regenerateId();
    assert.throws(() => protector.protect("x", { boundTo: session }), { code: "no-session" });
  });

  test("makes the answer private, also where the handler only looks at one", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const response = await world.sessions.handle(request({ cookie }), undefined, async (session) => {
      await session.load({ readOnly: true });
      return new Response(String(world.sessions.protector("csrf").unprotect("x", { boundTo: session })));
    });
    assert.equal(response.headers.get("cache-control"), "private, no-store");
  });

  test("makes the answer private also where the session was not loaded, which is renewed as ever", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const protector = world.sessions.protector("csrf");
    const asks = [
      (session: Session<Data>) => assert.equal(protector.unprotect("x", { boundTo: session }), undefined),
      (session: Session<Data>) => assert.throws(() => protector.protect("x", { boundTo: session }), { code: "not-loaded" }),
    ];
    for (const sent of [cookie, undefined]) {
      for (const ask of asks) {
        const context = new Context();
        const response = await world.sessions.handle(request({ cookie: sent }), context, (session) => {
          ask(session);
          return new Response();
        });
        await context.settled();
        assert.equal(response.headers.get("cache-control"), "private, no-store");
        assert.deepEqual(world.store.taken(), sent === undefined ? [] : ["refresh"]);
      }
    }
  });

  test("leaves the answer alone where no session is asked", async () => {
    const world = new World();
    const response = await world.sessions.handle(request(), undefined, () => new Response(world.sessions.protector("reset").protect("x")));
    assert.equal(response.headers.get("cache-control"), null);
  });
});

async function byId(world: World, id: string): Promise<Session<Data>> {
  const session = world.sessions.openById(id);
  await session.load();
  return session;
}

type Protector = ReturnType<World["sessions"]["protector"]>;

function opened(protector: Protector, boundTo: Session<Data>, ...tokens: string[]): unknown[] {
  return tokens.map((token) => protector.unprotect(token, { boundTo }));
}
