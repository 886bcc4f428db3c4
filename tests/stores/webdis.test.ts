// The Webdis store against a real Webdis and Redis.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Store } from "edge-session";
import { webdisStore } from "edge-session/stores/webdis";
import { connectRedis, passTime, type RedisClient } from "../redis-client.ts";
import { type Server, startRedis, startWebdis } from "../servers.ts";
import { anyIo, freshKey, recordOf, revisionOf, storeLaws } from "../store-laws.ts";

const credentials = { username: "edge", password: "pässword of:the edge" };
const rights = ["+getex", "+get", "+getrange", "+set", "+eval", "+expire", "+del"];

storeLaws("webdisStore", async () => {
  const redisServer = await startRedis();
  const webdis = await startWebdis({ redisPort: redisServer.port });
  const redis = await connectRedis(redisServer.port);
  const stop = async () => {
    redis.close();
    await webdis.stop();
    await redisServer.stop();
  };
  return { store: webdisStore({ url: webdis.url }), passTime: (seconds) => passTime(redis, seconds), stop };
});

describe("webdisStore on real servers", () => {
  let redisServer: Server;
  let webdis: Server;
  let redis: RedisClient;
  let store: Store;

  before(async () => {
    redisServer = await startRedis();
    const acl = [
      { disabled: ["*"] },
      { http_basic_auth: `${credentials.username}:${credentials.password}`, enabled: ["GETEX", "EVAL", "EXPIRE", "DEL"] },
    ];
    webdis = await startWebdis({ redisPort: redisServer.port, acl });
    redis = await connectRedis(redisServer.port);
    store = webdisStore({ url: webdis.url, ...credentials });
  });

  after(async () => {
    redis.close();
    await webdis.stop();
    await redisServer.stop();
  });

  it("does everything as a user who may only GETEX, EVAL, EXPIRE and DEL", () => wholeLife(store));

  it("is refused as store-auth with other credentials, or none, though Webdis says 403", async () => {
    const stranger = webdisStore({ url: webdis.url, username: "edge", password: "wrong" });
    await assert.rejects(stranger.load(freshKey(), 60, anyIo()), { code: "store-auth" });
    await assert.rejects(webdisStore({ url: webdis.url }).create(freshKey(), recordOf("a"), 60, anyIo()), { code: "store-auth" });
  });

  it("stores the record in plain ASCII with its time to live", async () => {
    const key = freshKey();
    await store.create(key, recordOf("a", '{\n"visits":1}'), 1200, anyIo());
    assert.equal(await redis.send("GET", key), recordOf("a", '{\n"visits":1}'));
    assert.equal(await redis.send("TTL", key), 1200);
  });

  it("keeps a database of its own, where Webdis may select it", async () => {
    await redis.send("ACL", "SETUSER", "default", "+select");
    const seventh = webdisStore({ url: webdis.url, ...credentials, databaseId: 7 });
    const key = freshKey();
    await wholeLife(seventh);
    await seventh.create(key, recordOf("a"), 60, anyIo());
    await seventh.refresh(key, 600, anyIo());
    assert.equal(await store.load(key, 0, anyIo()), null);
    assert.equal(await redis.send("EXISTS", key), 0);
    await redis.send("SELECT", 7);
    assert.equal(await redis.send("TTL", key), 600);
    await redis.send("SELECT", 0);
  });

  it("is in database 0 where Webdis may not, which it tells nobody", async () => {
    await redis.send("ACL", "SETUSER", "default", "-select");
    const key = freshKey();
    await webdisStore({ url: webdis.url, ...credentials, databaseId: 8 }).create(key, recordOf("a"), 60, anyIo());
    assert.equal(await redis.send("GET", key), recordOf("a"));
  });

  it("a value that is no text is store-protocol, never absent", async () => {
    const key = freshKey();
    await redis.send("SET", key, new Uint8Array([0xff, 0xfe, 0x31]));
    await assert.rejects(store.load(key, 60, anyIo()), { code: "store-protocol" });
    await assert.rejects(store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo()), { code: "store-protocol" });
  });

  it("a value cut at NUL by Webdis is given as it came, never as absent", async () => {
    const key = freshKey();
    await redis.send("SET", key, "1j.cut\u0000rest");
    assert.equal(await store.load(key, 60, anyIo()), "1j.cut");
  });

  it("an empty text that is there is no absence", async () => {
    const key = freshKey();
    await redis.send("SET", key, "");
    assert.equal(await store.load(key, 0, anyIo()), "");
    assert.deepEqual(await store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo()), { conflict: "" });
    assert.deepEqual(await store.create(key, recordOf("b"), 60, anyIo()), { exists: "" });
  });

  it("an error of Redis inside a 200 is store-rejected, and nothing is overwritten", async () => {
    const key = freshKey();
    await redis.send("HSET", key, "field", "value");
    await assert.rejects(store.load(key, 60, anyIo()), { code: "store-rejected" });
    await assert.rejects(store.create(key, recordOf("a"), 60, anyIo()), { code: "store-rejected" });
    await assert.rejects(store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo()), { code: "store-rejected" });
    assert.equal(await redis.send("HGET", key, "field"), "value");
  });

  it("a time to live that Redis refuses is store-rejected", async () => {
    await assert.rejects(store.create(freshKey(), recordOf("a"), 0, anyIo()), { code: "store-rejected" });
    await assert.rejects(store.create(freshKey(), recordOf("a"), 1.5, anyIo()), { code: "store-rejected" });
  });

  it("a key that a url would shorten away is refused before the network", async () => {
    await assert.rejects(store.create("..", recordOf("a"), 60, anyIo()), { code: "invalid-options" });
    await assert.rejects(store.create(".", recordOf("a"), 60, anyIo()), { code: "invalid-options" });
    await assert.rejects(store.create("", recordOf("a"), 60, anyIo()), { code: "invalid-options" });
    assert.equal(await store.load("..", 60, anyIo()), null);
  });

  it("reads, removes and refuses writes when Redis is full", async () => {
    const key = freshKey();
    await store.create(key, recordOf("a"), 60, anyIo());
    await redis.send("CONFIG", "SET", "maxmemory", "1");
    try {
      await assert.rejects(store.create(freshKey(), recordOf("b"), 60, anyIo()), { code: "store-quota" });
      await assert.rejects(store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo()), { code: "store-quota" });
      assert.equal(await store.load(key, 60, anyIo()), recordOf("a"));
      await store.remove(key, anyIo());
    } finally {
      await redis.send("CONFIG", "SET", "maxmemory", "0");
    }
  });
});

describe("webdisStore where Redis itself refuses", () => {
  let redisServer: Server;
  let redis: RedisClient;

  before(async () => {
    redisServer = await startRedis();
    redis = await connectRedis(redisServer.port);
    await redis.send("ACL", "SETUSER", "default", "resetpass", ">secret", "resetkeys", "~{laws_*", "-@all", "+config", ...rights);
  });

  after(async () => {
    redis.close();
    await redisServer.stop();
  });

  it("another user's keys are store-auth, to read and to write", async () => {
    const webdis = await startWebdis({ redisPort: redisServer.port, redisPassword: "secret" });
    try {
      await assert.rejects(webdisStore({ url: webdis.url }).load("other", 60, anyIo()), { code: "store-auth" });
      await assert.rejects(webdisStore({ url: webdis.url }).create("other", recordOf("a"), 60, anyIo()), { code: "store-auth" });
    } finally {
      await webdis.stop();
    }
  });

  it("a Webdis without Redis' password is store-auth, though it says 200", async () => {
    const webdis = await startWebdis({ redisPort: redisServer.port });
    try {
      await assert.rejects(webdisStore({ url: webdis.url }).load(freshKey(), 60, anyIo()), { code: "store-auth" });
    } finally {
      await webdis.stop();
    }
  });

  it("a Webdis whose Redis is gone is store-unavailable", async () => {
    const mortal = await startRedis();
    const webdis = await startWebdis({ redisPort: mortal.port });
    const store = webdisStore({ url: webdis.url, retryTimeoutMs: 0 });
    try {
      await store.create(freshKey(), recordOf("a"), 60, anyIo());
      await mortal.stop();
      await assert.rejects(store.load(freshKey(), 60, anyIo()), { code: "store-unavailable" });
    } finally {
      await mortal.stop();
      await webdis.stop();
    }
  });

  it("a key too long for Webdis is refused before it is sent, and spoils no other call", async () => {
    const plain = await startRedis();
    const webdis = await startWebdis({ redisPort: plain.port });
    const store = webdisStore({ url: webdis.url });
    try {
      const key = freshKey();
      const long = encodeURIComponent("漢".repeat(2100));
      await store.put(long, "1c.-.-.1", 60, anyIo());
      assert.equal(await store.load(long, 60, anyIo()), "1c.-.-.1");
      for (let round = 0; round < 5; round++) {
        await assert.rejects(store.put(encodeURIComponent("漢".repeat(8000)), "1c.-.-.1", 60, anyIo()), { code: "invalid-options" });
        await store.put(key, `1c.-.-.${round}`, 60, anyIo());
      }
    } finally {
      await webdis.stop();
      await plain.stop();
    }
  });

  it("a record too large for Webdis is refused, and the old one stays", async () => {
    const plain = await startRedis();
    const webdis = await startWebdis({ redisPort: plain.port, maxRequestBytes: 100_000 });
    const inside = await connectRedis(plain.port);
    const store = webdisStore({ url: webdis.url, retryTimeoutMs: 0 });
    try {
      const key = freshKey();
      await store.create(key, recordOf("a"), 60, anyIo());
      // Webdis 0.1.9 answers 413 and may then end, its answer with it.
      const refused = store.update(key, recordOf("b", "x".repeat(300_000)), revisionOf(recordOf("a")), 60, anyIo());
      await assert.rejects(refused, ({ code }: { code?: string }) => code === "store-rejected" || code === "store-unavailable");
      assert.equal(await inside.send("GET", key), recordOf("a"));
    } finally {
      inside.close();
      await webdis.stop();
      await plain.stop();
    }
  });
});

async function wholeLife(store: Store): Promise<void> {
  const key = freshKey();
  assert.equal(await store.load(key, 60, anyIo()), null);
  assert.equal(await store.create(key, recordOf("a"), 60, anyIo()), "done");
  assert.deepEqual(await store.create(key, recordOf("c"), 60, anyIo()), { exists: recordOf("a") });
  assert.equal(await store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo()), "done");
  assert.equal(await store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo()), "done");
  assert.deepEqual(await store.update(key, recordOf("c"), revisionOf(recordOf("a")), 60, anyIo()), { conflict: recordOf("b") });
  assert.equal(await store.replace(key, recordOf("d"), 60, anyIo()), "done");
  await store.refresh(key, 60, anyIo());
  const { lock, unlock } = store as Required<Store>;
  assert.equal(await lock.call(store, `${key}_Lock`, "one", 60_000, anyIo()), "done");
  assert.equal(await lock.call(store, `${key}_Lock`, "two", 60_000, anyIo()), "held");
  await unlock.call(store, `${key}_Lock`, "one", anyIo());
  assert.equal(await store.load(key, 60, anyIo()), recordOf("d"));
  assert.equal(await store.load(key, 0, anyIo()), recordOf("d"));
  await store.put(key, "1c.-.-.1", 60, anyIo());
  await store.put(key, "1c.-.-.1", 0, anyIo());
  await store.remove(key, anyIo());
  assert.equal(await store.update(key, recordOf("e"), revisionOf(recordOf("d")), 60, anyIo()), "gone");
  assert.equal(await store.replace(key, recordOf("e"), 60, anyIo()), "gone");
}
