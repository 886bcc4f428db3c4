// The cache in a real Redis, as redis-cli sees it.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, beforeEach, describe, it } from "node:test";
import { type Cache, createSessions, type Store } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";
import { webdisStore } from "edge-session/stores/webdis";
import { connectRedis, passTime, type RedisClient } from "../redis-client.ts";
import { freePort, type Server, startRedis, startUpstash, startWebdis } from "../servers.ts";

const token = randomBytes(32).toString("base64url");
const fronts: Record<string, (redisPort: number) => Promise<{ server: Server; store: Store }>> = {
  async webdis(redisPort) {
    const server = await startWebdis({ redisPort });
    return { server, store: webdisStore({ url: server.url }) };
  },
  async upstash(redisPort) {
    const server = await startUpstash({ redisPort, token });
    return { server, store: upstashStore({ url: server.url, token }) };
  },
};

for (const [name, start] of Object.entries(fronts)) {
  describe(`the cache on ${name}`, () => {
    const stops: (() => unknown)[] = [];
    let redis: RedisClient;
    let cache: Cache;

    before(async () => {
      const redisServer = await startRedis();
      const { server, store } = await start(redisServer.port);
      redis = await connectRedis(redisServer.port);
      stops.push(redis.close, server.stop, redisServer.stop);
      ({ cache } = createSessions({ secrets: [randomBytes(32)], store, applicationName: "shop", onEvent: () => {} }));
    });
    after(async () => {
      for (const stop of stops) await stop();
    });
    beforeEach(() => redis.send("FLUSHALL"));

    it("keeps a text that a person can read, without an end or with one", async () => {
      await cache.set("menu/de", { bread: 3 });
      await cache.set("rates", [1.5], { slidingExpirationSeconds: 90 });
      assert.equal(await redis.send("GET", "shop_cache_menu%2Fde"), '1c.-.-.{"bread":3}');
      assert.equal(await redis.send("TTL", "shop_cache_menu%2Fde"), -1);
      assert.equal(await redis.send("GET", "shop_cache_rates"), "1c.-.90000.[1.5]");
      assert.equal(await redis.send("TTL", "shop_cache_rates"), 90);
    });

    it("reads without lengthening, and slides where it was told to", async () => {
      await cache.set("ends", 1, { absoluteExpirationSeconds: 100 });
      await cache.set("slides", 2, { slidingExpirationSeconds: 100 });
      await passTime(redis, 60);
      assert.deepEqual([await cache.get("ends"), await cache.get("slides")], [1, 2]);
      assert.ok(Number(await redis.send("TTL", "shop_cache_ends")) <= 40);
      assert.equal(await redis.send("TTL", "shop_cache_slides"), 100);
      await passTime(redis, 60);
      assert.deepEqual([await cache.get("ends"), await cache.get("slides")], [undefined, 2]);
    });

    it("gives back every key and value, bytes and 1 MiB too, and removes them", async () => {
      const values = new Map<string, unknown>([
        ["a/../b?c#d%2F", { text: 'é"\\\n😀' }],
        ["", new Uint8Array([0, 128, 255])],
        ["..", "x".repeat(1_048_500)],
        ["{slot} *", null],
      ]);
      for (const [key, value] of values) await cache.set(key, value);
      for (const [key, value] of values) assert.deepEqual(await cache.get(key), value, key);
      for (const key of values.keys()) await cache.remove(key);
      assert.deepEqual(await redis.send("KEYS", "*"), []);
    });

    it("leaves what is of another type alone, as an error of the store", async () => {
      await redis.send("LPUSH", "shop_cache_list", "1");
      await assert.rejects(cache.get("list"), { code: "store-rejected" });
      assert.equal(await redis.send("TYPE", "shop_cache_list"), "list");
    });
  });
}

describe("the cache of a store that is gone", () => {
  it("is refused in time, then at once, and the breaker is told of", async () => {
    const events: string[] = [];
    const store = upstashStore({ url: `http://127.0.0.1:${await freePort()}`, token, retryTimeoutMs: 0 });
    const { cache } = createSessions({ secrets: [randomBytes(32)], store, onEvent: ({ name }) => events.push(name) });
    for (let call = 1; call <= 6; call++) await assert.rejects(cache.get("key"), { code: "store-unavailable" });
    assert.deepEqual(events, [...Array<string>(5).fill("store-failed"), "breaker-opened", "store-failed"]);
  });
});
