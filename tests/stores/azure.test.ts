// The Azure provider's tests of its lock, by name, on Redis.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createSessions, type Session, type Sessions, type SessionsOptions, type Store } from "edge-session";
import { webdisStore } from "edge-session/stores/webdis";
import { connectRedis, passTime, type RedisClient } from "../redis-client.ts";
import { type Server, startRedis, startWebdis } from "../servers.ts";
import { anyIo } from "../store-laws.ts";

type Items = Record<string, string | number | null>;

let redisServer: Server;
let webdis: Server;
let redis: RedisClient;
let store: Required<Store>;

before(async () => {
  redisServer = await startRedis();
  webdis = await startWebdis({ redisPort: redisServer.port });
  redis = await connectRedis(redisServer.port);
  store = webdisStore({ url: webdis.url, operationTimeoutMs: 20_000, circuitBreaker: false }) as Required<Store>;
});
after(async () => {
  redis.close();
  await webdis.stop();
  await redisServer.stop();
});

/** A session that Redis has, and what another worker would do with it. */
class Stored {
  readonly sessions: Sessions<Items>;
  /** The same, where who meets a lock asks once. */
  readonly hasty: Sessions<Items>;
  readonly id: string;

  private constructor(options: SessionsOptions, id: string) {
    this.sessions = createSessions(options);
    this.hasty = createSessions({ ...options, ioTimeoutMs: 150 });
    this.id = id;
  }

  /** Begins one. */
  static async of(items: Items, options: Partial<SessionsOptions> = {}): Promise<Stored> {
    const made = { secrets: ["a secret of this test, of 32 bytes or more"], store, concurrency: "exclusive", onEvent: () => {}, ...options } as const;
    const session = createSessions<Items>(made).open(new Request("https://app.example/"));
    await session.load();
    for (const [key, value] of Object.entries(items)) session.set(key, value);
    await session.commit();
    return new Stored(made, session.id ?? "");
  }

  /** Loads it to write, which takes the lock. */
  async locked(): Promise<Session<Items>> {
    const session = this.sessions.openById(this.id);
    await session.load();
    return session;
  }

  /** Meets the lock of somebody else. */
  timesOut(): Promise<void> {
    return assert.rejects(this.hasty.openById(this.id).load(), { code: "timeout" });
  }

  async read(): Promise<Items> {
    const session = this.sessions.openById(this.id);
    await session.load({ readOnly: true });
    return Object.fromEntries([...session.keys()].map((key) => [key, session.get(key) ?? null]));
  }

  get lockKey(): string {
    return `{edge-session_${this.id}}_Write_Lock`;
  }

  /** Gives the holder's token as Redis has it. */
  holder(): Promise<unknown> {
    return redis.send("GET", this.lockKey);
  }
}

test("TryTakeWriteLockAndGetData_WithNullData", async () => {
  const stored = await Stored.of({ key: null });
  const session = await stored.locked();
  assert.deepEqual([session.has("key"), session.get("key")], [true, null]);
  assert.match(String(await stored.holder()), /^[\w-]{22}$/);
});

test("TryTakeWriteLockAndGetData_WriteLockWithoutAnyOtherLock", async () => {
  const stored = await Stored.of({ key: "value" });
  assert.equal((await stored.locked()).get("key"), "value");
  assert.notEqual(await stored.holder(), null);
});

test("TryTakeWriteLockAndGetData_WriteLockWithOtherWriteLock (waits, then times out; the holder's token is not told)", async () => {
  const stored = await Stored.of({ key: "value" });
  await stored.locked();
  const first = await stored.holder();
  await stored.timesOut();
  assert.equal(await stored.holder(), first);
});

test("TryTakeWriteLockAndGetData_WriteLockWithOtherWriteLockWithSameLockId (the same token is the same request, asking again)", async () => {
  const stored = await Stored.of({});
  assert.equal(await store.lock(stored.lockKey, "same", 60_000, anyIo()), "done");
  assert.equal(await store.lock(stored.lockKey, "same", 60_000, anyIo()), "done");
  assert.equal(await store.lock(stored.lockKey, "same ", 60_000, anyIo()), "held");
});

test("TryTakeReadLockAndGetData_WithoutAnyLock", async () => {
  const stored = await Stored.of({ key: "value" });
  assert.deepEqual(await stored.read(), { key: "value" });
  assert.equal(await stored.holder(), null);
});

test("TryTakeReadLockAndGetData_WithOtherWriteLock (reads what is stored, and does not wait)", async () => {
  const stored = await Stored.of({ key: "value" });
  const session = await stored.locked();
  session.set("key", "newer");
  assert.deepEqual(await stored.read(), { key: "value" });
});

test("TryTakeWriteLockAndGetData_ExpireWriteLock", async () => {
  const stored = await Stored.of({ key: "value" }, { lockTimeoutMs: 90_000 });
  await stored.locked();
  await passTime(redis, 91);
  assert.equal(await stored.holder(), null);
  assert.deepEqual(await stored.read(), { key: "value" });
});

test("GetItemExclusive_RecordFound (the lock's time is lockTimeoutMs)", async () => {
  const stored = await Stored.of({ key: "value" }, { lockTimeoutMs: 90_000 });
  await stored.locked();
  const left = Number(await redis.send("PTTL", stored.lockKey));
  assert.ok(left > 60_000 && left <= 90_000, String(left));
});

test("GetItemExclusive_RecordLocked, GetItem_NullFromStore (nothing is stored and nothing is left)", async () => {
  const stored = await Stored.of({ key: "value" });
  await stored.locked();
  await stored.timesOut();
  await redis.send("DEL", stored.lockKey, `{edge-session_${stored.id}}_Data`);
  const session = await stored.locked();
  assert.equal(session.isNew, true);
  await session.commit();
  assert.equal(await stored.holder(), null);
});

test("TryReleaseLockIfLockIdMatch_ValidWriteLockRelease", async () => {
  const stored = await Stored.of({ key: "value" });
  await (await stored.locked()).commit();
  assert.equal(await stored.holder(), null);
});

test("TryReleaseLockIfLockIdMatch_InvalidWriteLockRelease", async () => {
  const stored = await Stored.of({ key: "value" });
  await stored.locked();
  const first = await stored.holder();
  await store.unlock(stored.lockKey, "another", anyIo());
  assert.equal(await stored.holder(), first);
});

test("TryRemoveIfLockIdMatch_ValidLockIdAndRemove, TryRemoveIfLockIdMatch_NullLockId", async () => {
  const stored = await Stored.of({ key: "value" });
  await (await stored.locked()).destroy();
  assert.deepEqual([await stored.read(), await stored.holder()], [{}, null]);
  const other = await Stored.of({ key: "value" });
  await other.sessions.openById(other.id).destroy();
  assert.deepEqual([await other.read(), await other.holder()], [{}, null]);
});

test("TryUpdateIfLockIdMatch_WithValidUpdateAndDelete", async () => {
  const stored = await Stored.of({ key1: "value1", key2: "value2", key3: "value3" });
  const session = await stored.locked();
  session.set("key2", "value2-updated");
  session.delete("key3");
  await session.commit();
  assert.deepEqual([await stored.read(), await stored.holder()], [{ key1: "value1", key2: "value2-updated" }, null]);
});

test("TryUpdateIfLockIdMatch_WithOnlyUpdateAndNoDelete, TryUpdateIfLockIdMatch_WithNoUpdateAndOnlyDelete", async () => {
  const stored = await Stored.of({ key1: "value1", key2: "value2" });
  const updating = await stored.locked();
  updating.set("key2", "newer");
  await updating.commit();
  const deleting = await stored.locked();
  deleting.delete("key1");
  await deleting.commit();
  assert.deepEqual([await stored.read(), await stored.holder()], [{ key2: "newer" }, null]);
});

test("TryUpdateIfLockIdMatch_ExpiryTime_OnValidData (a commit renews the time to live)", async () => {
  const stored = await Stored.of({ key: "value" });
  await passTime(redis, 1100);
  const session = await stored.locked();
  session.set("key", "newer");
  await session.commit();
  await passTime(redis, 1100);
  assert.deepEqual(await stored.read(), { key: "newer" });
  await passTime(redis, 101);
  assert.deepEqual(await stored.read(), {});
});

test("TryUpdateAndReleaseLockIfLockIdMatch_LargeLockTime_ExpireManuallyTest", async () => {
  const stored = await Stored.of({ key: "value" }, { lockTimeoutMs: 86_400_000 });
  const session = await stored.locked();
  session.set("key", "newer");
  await session.commit();
  assert.deepEqual([await stored.read(), await stored.holder()], [{ key: "newer" }, null]);
});

test("SessionWriteCycle_Valid, SessionReadCycle_Valid", async () => {
  const stored = await Stored.of({ key: "value" });
  const held: unknown[] = [];
  for (const readOnly of [false, true]) {
    const session = stored.sessions.openById(stored.id);
    await session.load({ readOnly });
    held.push(await stored.holder());
    await session.commit();
    held.push(await stored.holder());
  }
  assert.match(String(held[0]), /^[\w-]{22}$/);
  assert.deepEqual(held.slice(1), [null, null, null]);
});
