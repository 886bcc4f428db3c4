// ASP.NET Core's portable session tests, by their names.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore, type Session, type SessionsOptions } from "edge-session";
import { UnreliableStore } from "./unreliable-store.ts";
import { type Data, pairOf, request, World } from "./world.ts";

/** Runs one request; gives its answer. `load` comes first, as nothing blocks at the edge. */
function run(world: World, cookie: string | undefined, handler: (session: Session<Data>) => unknown): Promise<Response> {
  return world.sessions.handle(request({ cookie }), undefined, async (session) => {
    await session.load();
    return Response.json((await handler(session)) ?? null);
  });
}

/** Runs the first request, which sets a value; gives the cookie. */
async function first(world: World, key = "key", value: unknown = "value"): Promise<string> {
  const answer = await run(world, undefined, (session) => session.set(key, value));
  world.told();
  return cookieOf(answer);
}

function cookieOf(answer: Response): string {
  return pairOf(answer.headers.getSetCookie()[0] ?? "");
}

/** A world over an unreliable store. */
function unreliable(options: Partial<SessionsOptions> = {}): { world: World; store: UnreliableStore } {
  let world: World | undefined;
  const store = new UnreliableStore(memoryStore({ clock: () => world?.now ?? 0, isolated: true }));
  world = new World({ ...options, store });
  return { world, store };
}

test("ReadingEmptySessionDoesNotCreateCookie (LoadAsync required)", async () => {
  const world = new World();
  const answer = await run(world, undefined, (session) => session.get("NotFound"));
  assert.equal(await answer.json(), null);
  assert.deepEqual(answer.headers.getSetCookie(), []);
});

test("SettingAValueCausesTheCookieToBeCreated (LoadAsync required)", async () => {
  const world = new World();
  const answer = await run(world, undefined, (session) => {
    assert.equal(session.get("Key"), undefined);
    session.set("Key", "Value");
    return session.get("Key");
  });
  assert.equal(await answer.json(), "Value");
  const cookies = answer.headers.getSetCookie();
  assert.equal(cookies.length, 1);
  assert.notEqual(cookies[0]?.trim(), "");
});

test("SecureSessionBasedOnHttpsAndSecurePolicy (SecurePolicy maps to `secure`, never decided from the URL)", async () => {
  const secure = new World();
  const plain = new World({ cookie: { name: "session", secure: false } });
  for (const url of ["http://localhost/foo", "https://localhost/foo"]) {
    for (const [world, expected] of [
      [secure, true],
      [plain, false],
    ] as const) {
      const answer = await world.sessions.handle(request({ url }), undefined, async (session) => {
        await session.load();
        session.set("Key", "Value");
        return new Response();
      });
      assert.equal((answer.headers.getSetCookie()[0] ?? "").includes("; Secure"), expected);
    }
  }
});

test("SessionCanBeAccessedOnTheNextRequest (counts with the first response's cookie)", async () => {
  const world = new World();
  const count = (session: Session<Data>) => {
    const value = session.get("value") as number | undefined;
    session.set("value", (value ?? 0) + 1);
    return value ?? 0;
  };
  const answer = await run(world, undefined, count);
  const cookie = cookieOf(answer);
  const counted = [await answer.json()];
  for (let visit = 1; visit < 4; visit++) {
    const next = await run(world, cookie, count);
    assert.deepEqual(next.headers.getSetCookie(), []);
    counted.push(await next.json());
  }
  assert.deepEqual(counted, [0, 1, 2, 3]);
});

test("RemovedItemCannotBeAccessedAgain", async () => {
  const world = new World();
  const cookie = await first(world);
  await run(world, cookie, (session) => {
    assert.equal(session.get("key"), "value");
    session.delete("key");
    assert.equal(session.get("key"), undefined);
  });
  const answer = await run(world, cookie, (session) => session.has("key"));
  assert.equal(await answer.json(), false);
});

test("ClearedItemsCannotBeAccessedAgain", async () => {
  const world = new World();
  const cookie = await first(world);
  await run(world, cookie, (session) => session.clear());
  const answer = await run(world, cookie, (session) => [...session.keys()]);
  assert.deepEqual(await answer.json(), []);
});

test("SessionStart_LogsInformation (events in place of logs)", async () => {
  const world = new World();
  await run(world, undefined, (session) => session.set("key", "value"));
  assert.deepEqual(world.told(), ["session-created", "session-committed"]);
});

test("ExpiredSession_LogsInfo (expiry is silent: a load that finds nothing; the id is used again)", async () => {
  const world = new World({ idleTimeoutSeconds: 30 });
  const cookie = await first(world);
  world.pass(50);
  const answer = await run(world, cookie, (session) => {
    assert.equal(session.get("key"), undefined);
    assert.equal(session.isNew, true);
    session.set("key", "2");
    return session.get("key");
  });
  assert.equal(await answer.json(), "2");
  assert.deepEqual(world.told(), ["session-loaded", "session-created", "session-committed"]);
});

test("RefreshesSession_WhenSessionData_IsNotModified", async () => {
  const world = new World({ idleTimeoutSeconds: 20 * 60 });
  const cookie = await first(world, "a", 10);
  for (let visit = 0; visit < 5; visit++) {
    world.pass(10 * 60);
    await world.sessions.handle(request({ cookie }), undefined, () => new Response());
  }
  const answer = await run(world, cookie, (session) => session.get("a"));
  assert.equal(await answer.json(), 10);
});

test("SessionFeature_IsUnregistered_WhenResponseGoingOut (what is left refuses changes, and reads on)", async () => {
  const world = new World();
  let left: Session<Data> | undefined;
  await run(world, undefined, (session) => {
    left = session;
    session.set("key", "value");
  });
  assert.throws(() => left?.set("key", "late"), { code: "response-started" });
  assert.equal(left?.get("key"), "value");
});

test("SessionFeature_IsUnregistered_WhenResponseGoingOut_AndAnUnhandledExcetionIsThrown", async () => {
  const world = new World();
  let left: Session<Data> | undefined;
  const handled = run(world, undefined, (session) => {
    left = session;
    session.set("key", "value");
    throw new RangeError("unhandled");
  });
  await assert.rejects(handled, { message: "unhandled" });
  assert.throws(() => left?.set("key", "late"), { code: "response-started" });
});

test("SessionKeys_AreCaseSensitive", async () => {
  const world = new World();
  const cookie = await first(world, "KEY", 1);
  await run(world, cookie, (session) => session.set("key", 2));
  assert.deepEqual(await world.values(cookie), { KEY: 1, key: 2 });
});

test("SessionLogsCacheReadException (throwOnError: false gives ASP.NET Core's empty session)", async () => {
  const { world, store } = unreliable({ throwOnError: false });
  const cookie = await first(world);
  store.throwsOnRead = true;
  const answer = await run(world, cookie, (session) => {
    assert.equal(session.get("key"), undefined);
    assert.deepEqual([...session.keys()], []);
    assert.equal(session.isAvailable, false);
  });
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.headers.getSetCookie(), []);
  assert.deepEqual(world.told(), ["store-failed"]);
});

test("SessionLogsCacheLoadAsyncException (our error with a code; the store's stays out of it)", async () => {
  const { world, store } = unreliable();
  const cookie = await first(world);
  store.throwsOnRead = true;
  assert.equal((await run(world, cookie, () => undefined)).status, 503);
  await assert.rejects(world.loaded(cookie), { code: "store-unavailable" });
  assert.deepEqual(world.told(), ["store-failed", "store-failed"]);
});

test("SessionLogsCacheLoadAsyncTimeoutException", async () => {
  const { world, store } = unreliable({ ioTimeoutMs: 20 });
  const cookie = await first(world);
  store.delaysReads = true;
  assert.equal((await run(world, cookie, () => undefined)).status, 503);
  assert.deepEqual(
    world.events.map((event) => [event.name, (event as { code?: string }).code]),
    [["store-failed", "timeout"]],
  );
});

test("SessionLoadAsyncCanceledException", async () => {
  const { world, store } = unreliable();
  const cookie = await first(world);
  store.calls.length = 0;
  const session = world.sessions.open(request({ cookie }));
  await assert.rejects(session.load({ signal: AbortSignal.abort() }), { name: "AbortError" });
  assert.deepEqual(world.told(), []);
  assert.deepEqual(store.taken(), []);
});

test("SessionLogsCacheCommitException (throwOnError: false; else the failure is the answer's)", async () => {
  const { world, store } = unreliable({ throwOnError: false });
  store.throwsOnWrite = true;
  const answer = await run(world, undefined, (session) => session.set("key", "value"));
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.headers.getSetCookie(), []);
  assert.deepEqual(world.told(), ["store-failed"]);
});

test("SessionLogsCacheCommitTimeoutException (throwOnError: false)", async () => {
  const { world, store } = unreliable({ throwOnError: false, ioTimeoutMs: 20 });
  store.delaysWrites = true;
  const answer = await run(world, undefined, (session) => session.set("key", "value"));
  assert.equal(answer.status, 200);
  assert.ok(world.events.some((event) => event.name === "store-failed" && event.code === "timeout"));
});

test("SessionLogsCacheCommitCanceledException", async () => {
  const { world } = unreliable();
  let cookie = "";
  const answer = await run(world, undefined, async (session) => {
    session.set("key", "value");
    await assert.rejects(session.commit({ signal: AbortSignal.abort() }), { name: "AbortError" });
  });
  cookie = cookieOf(answer);
  assert.deepEqual(world.told(), ["session-created", "session-committed"]);
  assert.deepEqual(await world.values(cookie), { key: "value" });
});

test("RequestAbortedIgnored", async () => {
  const { world } = unreliable();
  const gone = new Request("https://app.example/", { signal: AbortSignal.abort() });
  const answer = await world.sessions.handle(gone, undefined, async (session) => {
    await session.load();
    session.set("key", "value");
    return new Response();
  });
  assert.deepEqual(world.told(), ["session-created", "session-committed"]);
  assert.deepEqual(await world.values(cookieOf(answer)), { key: "value" });
});

test("SessionLogsCacheRefreshException", async () => {
  const { world, store } = unreliable();
  const cookie = await first(world);
  store.throwsOnRefresh = true;
  const answer = await world.sessions.handle(request({ cookie }), undefined, () => new Response());
  assert.equal(answer.status, 200);
  assert.deepEqual(world.told(), ["store-failed"]);
});
