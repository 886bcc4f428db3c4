// The Upstash store against a real REST front and Redis.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Store } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";
import { connectRedis, passTime, type RedisClient } from "../redis-client.ts";
import { type Server, startRedis, startUpstash } from "../servers.ts";
import { anyIo, freshKey, recordOf, revisionOf, storeLaws } from "../store-laws.ts";

const token = "token-of-the-tests";

storeLaws("upstashStore", async () => {
  const redisServer = await startRedis();
  const front = await startUpstash({ redisPort: redisServer.port, token });
  const redis = await connectRedis(redisServer.port);
  const stop = async () => {
    redis.close();
    await front.stop();
    await redisServer.stop();
  };
  return { store: upstashStore({ url: front.url, token }), passTime: (seconds) => passTime(redis, seconds), stop };
});

describe("upstashStore on real servers", () => {
  let redisServer: Server;
  let front: Server;
  let redis: RedisClient;
  let store: Store;

  before(async () => {
    redisServer = await startRedis();
    front = await startUpstash({ redisPort: redisServer.port, token });
    redis = await connectRedis(redisServer.port);
    store = upstashStore({ url: `${front.url}/`, token });
  });

  after(async () => {
    redis.close();
    await front.stop();
    await redisServer.stop();
  });

  it("is refused as store-auth with another token", async () => {
    await assert.rejects(upstashStore({ url: front.url, token: "another" }).load(freshKey(), 60, anyIo()), { code: "store-auth" });
  });

  it("never asks the path that this front serves to anybody", async () => {
    const key = freshKey();
    const stranger = upstashStore({ url: front.url, token: "another" });
    await assert.rejects(stranger.put(key, "1c.-.-.1", 60, anyIo()), { code: "store-auth" });
    assert.equal(await redis.send("EXISTS", key), 0);
  });

  it("stores the record in plain ASCII with its time to live", async () => {
    const key = freshKey();
    await store.create(key, recordOf("a", '{\n"visits":1}'), 1200, anyIo());
    assert.equal(await redis.send("GET", key), recordOf("a", '{\n"visits":1}'));
    assert.equal(await redis.send("TTL", key), 1200);
  });

  it("a text that looks like a number, or like base64, stays a text", async () => {
    const [number, base64] = [freshKey(), freshKey()];
    await redis.send("SET", number, "123");
    await redis.send("SET", base64, "T0s=");
    assert.equal(await store.load(number, 60, anyIo()), "123");
    assert.equal(await store.load(base64, 60, anyIo()), "T0s=");
  });

  it("a text that reads OK is a text", async () => {
    const key = freshKey();
    await redis.send("SET", key, "OK");
    assert.equal(await store.load(key, 60, anyIo()), "OK");
    assert.deepEqual(await store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo()), { conflict: "OK" });
  });

  it("an empty text that is there is no absence", async () => {
    const key = freshKey();
    await redis.send("SET", key, "");
    assert.equal(await store.load(key, 0, anyIo()), "");
    assert.deepEqual(await store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo()), { conflict: "" });
  });

  it("a command's error inside this front's 500 is store-rejected, and is not tried again", async () => {
    const key = freshKey();
    await redis.send("HSET", key, "field", "value");
    await redis.send("CONFIG", "RESETSTAT");
    await assert.rejects(store.load(key, 60, anyIo()), { code: "store-rejected" });
    assert.match(String(await redis.send("INFO", "commandstats")), /cmdstat_getex:calls=1,/);
    await assert.rejects(store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo()), { code: "store-rejected" });
    assert.equal(await redis.send("HGET", key, "field"), "value");
  });

  it("a full Redis refuses writes as store-quota, and still reads and removes", async () => {
    const key = freshKey();
    await store.create(key, recordOf("a"), 60, anyIo());
    await redis.send("CONFIG", "SET", "maxmemory", "1");
    try {
      await assert.rejects(store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo()), { code: "store-quota" });
      await assert.rejects(store.put(freshKey(), "1c.-.-.1", 60, anyIo()), { code: "store-quota" });
      assert.equal(await store.load(key, 60, anyIo()), recordOf("a"));
      await store.remove(key, anyIo());
    } finally {
      await redis.send("CONFIG", "SET", "maxmemory", "0");
    }
  });

  it("a read-only copy refuses writes as store-unavailable", async () => {
    await redis.send("REPLICAOF", "127.0.0.1", front.port);
    try {
      const hasty = upstashStore({ url: front.url, token, retryTimeoutMs: 0 });
      await assert.rejects(hasty.put(freshKey(), "1c.-.-.1", 60, anyIo()), { code: "store-unavailable" });
      await assert.rejects(hasty.create(freshKey(), recordOf("a"), 60, anyIo()), { code: "store-unavailable" });
      await assert.rejects(hasty.load(freshKey(), 60, anyIo()), { code: "store-unavailable" });
    } finally {
      await redis.send("REPLICAOF", "NO", "ONE");
    }
  });

  it("reads the revision of a large record, and the record only in a conflict", async () => {
    const key = freshKey();
    const large = recordOf("a", "x".repeat(65_536));
    await store.create(key, large, 60, anyIo());
    await redis.send("CONFIG", "RESETSTAT");
    assert.equal(await store.update(key, recordOf("b"), revisionOf(large), 60, anyIo()), "done");
    const seen = String(await redis.send("INFO", "commandstats"));
    assert.match(seen, /cmdstat_getrange:calls=1,/);
    assert.doesNotMatch(seen, /cmdstat_get:/);
  });
});
