// A store that cannot be reached, and that comes back.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { createSessions, type SessionEvent, type Store } from "edge-session";
import { type FaultProxy, startFaultProxy } from "../fault-proxy.ts";
import { fronts } from "../fronts.ts";
import { connectRedis, type RedisClient } from "../redis-client.ts";
import { type Server, startRedis } from "../servers.ts";
import { codeOf, pairOf, request, SECRET } from "./world.ts";

const operationTimeoutMs = 300;
const retryTimeoutMs = 200;
/** What a caller waits at most, with the 50 ms that a busy machine may take. */
const longest = operationTimeoutMs + retryTimeoutMs + 50;

for (const { name, start, open } of fronts) {
  describe(`a session in ${name} that cannot be reached`, () => {
    let redisServer: Server;
    let redis: RedisClient;
    let front: Server;
    let door: FaultProxy;
    let events: SessionEvent[] = [];
    let sessions: ReturnType<typeof createSessions<{ user: string }>>;
    let cookie = "";
    let storeAt: (circuitBreaker: boolean) => Store;

    before(async () => {
      redisServer = await startRedis();
      redis = await connectRedis(redisServer.port);
      front = await start(redisServer.port);
      door = await startFaultProxy(front.url);
      storeAt = (circuitBreaker) => open(door.url, { operationTimeoutMs, retryTimeoutMs, circuitBreaker });
      const store = storeAt(false);
      sessions = createSessions({ secrets: [SECRET], store, onEvent: (event) => events.push(event) });
    });
    beforeEach(async () => {
      await door.shut();
      await door.open();
      const answer = await sessions.handle(request(), undefined, async (session) => {
        await session.load();
        session.set("user", "Ada");
        return new Response();
      });
      cookie = pairOf(answer.headers.getSetCookie()[0] ?? "");
      events = [];
    });
    after(async () => {
      await door.stop();
      redis.close();
      await front.stop();
      await redisServer.stop();
    });

    const records = async () => {
      const keys = (await redis.send("KEYS", "*")) as string[];
      return await Promise.all(keys.sort().map(async (key) => [key, await redis.send("GET", key)]));
    };

    test("rejects the load in time, and leaves cookie and record alone", async () => {
      const before = await records();
      await door.shut();
      const session = sessions.open(request({ cookie }));
      const started = performance.now();
      assert.equal(await codeOf(() => session.load()), "store-unavailable");
      assert.ok(performance.now() - started <= longest, `${performance.now() - started} ms`);
      assert.deepEqual(session.applyTo(new Response()).headers.getSetCookie(), []);
      assert.equal(session.isLoaded, false);
      await door.open();
      assert.deepEqual(await records(), before);
      const [failed, ...others] = events;
      assert.ok(failed?.name === "store-failed" && failed.tries > 1);
      assert.deepEqual(others, []);
    });

    test("still knows its user when it is back", async () => {
      await door.shut();
      const answer = await sessions.handle(request({ cookie }), undefined, async (session) => {
        await session.load();
        return new Response();
      });
      assert.deepEqual([answer.status, answer.headers.getSetCookie()], [503, []]);
      await door.open();
      const session = sessions.open(request({ cookie }));
      await session.load();
      assert.equal(session.get("user"), "Ada");
    });

    test("loses no write that was made before: the next commit stores it", async () => {
      const session = sessions.open(request({ cookie }));
      await session.load();
      session.set("user", "Grace");
      await door.shut();
      assert.notEqual(await codeOf(() => session.commit()), "");
      await door.open();
      await session.commit();
      const again = sessions.open(request({ cookie }));
      await again.load();
      assert.equal(again.get("user"), "Grace");
    });

    test("is not signed out by a destroy that could not be confirmed", async () => {
      await door.shut();
      const session = sessions.open(request({ cookie }));
      assert.equal(await codeOf(() => session.destroy()), "store-unavailable");
      assert.deepEqual(session.setCookieHeaders(), []);
      await door.open();
      await session.destroy();
      assert.match(session.setCookieHeaders()[0] ?? "", /Max-Age=0/);
      const again = sessions.open(request({ cookie }));
      await again.load();
      assert.equal(again.get("user"), undefined);
    });

    test("is told once when it is asked no more, and once when it answers again", async () => {
      const told: string[] = [];
      const onEvent = ({ name: event }: SessionEvent) => {
        if (event.startsWith("breaker")) told.push(event);
      };
      const breaking = createSessions({ secrets: [SECRET], store: storeAt(true), onEvent });
      const loads = async () => (await codeOf(() => breaking.open(request({ cookie })).load())) === "";
      await door.shut();
      for (let failed = 0; failed < 7; failed++) assert.equal(await loads(), false);
      assert.deepEqual(told, ["breaker-opened"]);
      const started = performance.now();
      assert.equal(await loads(), false);
      // A call that asked would be tried again for as long as this.
      assert.ok(performance.now() - started < retryTimeoutMs);
      await door.open();
      while (!(await loads())) assert.ok(performance.now() - started < 5000, "it is never asked again");
      assert.deepEqual(told, ["breaker-opened", "breaker-closed"]);
    });

    test("is noticed by nobody who needs no session", async () => {
      await door.shut();
      const answer = await sessions.handle(request(), undefined, async (session) => {
        await session.load();
        return new Response(String(session.get("user")));
      });
      assert.equal(answer.status, 200);
      assert.deepEqual(events, []);
    });
  });
}
