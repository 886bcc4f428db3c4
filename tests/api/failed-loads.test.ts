// A load that failed, and what the request may still do.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { createSessions, type SessionEvent } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";
import { memory } from "./instances.ts";
import { codeOf, request, SECRET, World } from "./world.ts";

describe("a load that failed in the core", () => {
  test("leaves the visitor's id known, so that the next load finds the session", async () => {
    const world = new World();
    const { cookie, id } = await world.begun();
    const session = world.sessions.open(request({ cookie }));
    new Uint8Array(memory().buffer).fill(0xff);
    assert.equal(await codeOf(() => session.load()), "core-failed");
    await session.load();
    assert.deepEqual([session.id, session.isNew, session.get("a")], [id, false, 1]);
  });

  test("gives an empty session that cannot be written where throwOnError is false", async () => {
    const world = new World({ throwOnError: false });
    const { cookie } = await world.begun();
    const session = world.sessions.open(request({ cookie }));
    new Uint8Array(memory().buffer).fill(0xff);
    await session.load();
    assert.deepEqual([session.isAvailable, session.isLoaded, session.get("a")], [false, false, undefined]);
    assert.equal(await codeOf(() => session.set("a", 2)), "store-unavailable");
  });
});

describe("a load that failed while it followed a login", () => {
  test("may be tried again, and then shows what grace shows", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const login = await world.loaded(cookie);
    login.regenerateId({ graceSeconds: 60 });
    await login.commit();
    let loads = 0;
    world.store.before = (operation) => {
      if (operation === "load" && ++loads === 2) throw new Error("down for a moment");
    };
    const session = world.sessions.open(request({ cookie }));
    assert.equal(await codeOf(() => session.load()), "store-unavailable");
    assert.equal(session.isLoaded, false);
    await session.load();
    assert.equal(session.get("a"), 1);
  });
});

describe("a load that its caller gave up", () => {
  test("rejects with the signal's reason though it only shares another's call", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const held = Promise.withResolvers<void>();
    world.store.before = () => held.promise;
    const session = world.sessions.open(request({ cookie }));
    const first = session.load();
    const caller = new AbortController();
    const second = session.load({ signal: caller.signal });
    caller.abort(new RangeError("enough"));
    await assert.rejects(second, RangeError);
    held.resolve();
    await first;
    assert.equal(session.get("a"), 1);
  });

  test("by a time limit of its own rejects with that, also from a store over HTTP and where throwOnError is false", async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const store = upstashStore({ url, token: "canary" });
      const sessions = createSessions({ secrets: [SECRET], store, throwOnError: false, onEvent: () => undefined });
      const session = sessions.openById("A".repeat(22));
      await assert.rejects(session.load({ signal: AbortSignal.timeout(10) }), { name: "TimeoutError" });
      assert.equal(session.isAvailable, true);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

describe("a load that failed after a while", () => {
  test("is told with the time it took, to the console too", async (t) => {
    const world = new World();
    const { cookie } = await world.begun();
    let now = 1000;
    t.mock.method(Date, "now", () => now);
    const told = t.mock.method(console, "error", () => undefined);
    world.store.before = () => {
      now += 40;
      throw new Error("down");
    };
    await codeOf(() => world.loaded(cookie, world.deployed({ onEvent: undefined })));
    const events = told.mock.calls.map((call) => (call.arguments as unknown as [string, SessionEvent])[1]);
    assert.deepEqual(
      events.map((event) => event.name === "store-failed" && event.durationMs),
      [40],
    );
  });
});
