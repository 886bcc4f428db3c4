// The laws of stores tell a store that breaks one.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { memoryStore, type Store } from "edge-session";
import { recordOf, storeLaws } from "edge-session/testing";

/** A store that does some things otherwise. */
function altered(store: Store, changes: Partial<Store>): Store {
  return new Proxy(store, {
    get(target, name) {
      if (name in changes) return changes[name as keyof Store];
      const found: unknown = Reflect.get(target, name);
      return typeof found === "function" ? found.bind(target) : found;
    },
  });
}

/** Names the laws that a store breaks. */
async function broken(change: (store: Store) => Partial<Store>): Promise<string[]> {
  let now = 1_800_000_000_000;
  const store = memoryStore({ clock: () => now });
  const passTime = (seconds: number) => {
    now += seconds * 1000;
  };
  const names: string[] = [];
  for (const law of storeLaws(() => ({ store: altered(store, change(store)), passTime }))) {
    await law.keep().catch(() => names.push(law.name));
  }
  return names;
}

describe("the laws of stores", () => {
  test("are kept by the memory store, one by one and beside each other", async () => {
    assert.deepEqual(await broken(() => ({})), []);
    const laws = storeLaws(() => ({ store: memoryStore({ isolated: true }), passTime: () => undefined }));
    const untimed = laws.filter(({ name }) => /concurrent|racing|increment|hostile|absent key/.test(name));
    assert.ok(untimed.length > 5);
    await Promise.all(untimed.map((law) => law.keep()));
  });

  test("have a sentence each, and no two the same", () => {
    const names = storeLaws(() => assert.fail("nothing is opened before a law runs")).map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    assert.ok(names.every((name) => name.length > 15));
  });

  test("open the store once, and fail where it does not open", async () => {
    let opened = 0;
    const laws = storeLaws(() => {
      opened++;
      throw new Error("no server");
    });
    for (const law of laws.slice(0, 3)) await assert.rejects(law.keep, /no server/);
    assert.equal(opened, 1);
  });

  test("tell a refresh that creates", async () => {
    const names = await broken((store) => ({ refresh: (key, ttl, io) => store.put(key, recordOf("z"), ttl, io) }));
    assert.ok(names.includes("a refresh of an absent key never creates"));
  });

  test("tell an update that does not compare", async () => {
    const names = await broken((store) => ({ update: (key, record, _expected, ttl, io) => store.replace(key, record, ttl, io) }));
    for (const law of ["no increment of parallel writers is lost", "of concurrent updates exactly one wins"]) assert.ok(names.includes(law), law);
  });

  test("tell a load that does not renew, and one that always does", async () => {
    assert.deepEqual(await broken((store) => ({ load: (key, _ttl, io) => store.load(key, 0, io) })), ["a load renews the time to live"]);
    assert.ok((await broken((store) => ({ load: (key, _ttl, io) => store.load(key, 100, io) }))).includes("a load with 0 leaves the time to live"));
  });

  test("tell a replace that creates, and a lock that is everybody's", async () => {
    const replace: Store["replace"] = async () => "done";
    assert.ok((await broken(() => ({ replace }))).includes("a replace never creates"));
    const lock: Store["lock"] = async () => "done";
    assert.ok((await broken(() => ({ lock }))).includes("a lock is one token's until that token frees it"));
  });

  test("ask a store without locks for none", async () => {
    const without = await broken((store) => ({ capabilities: { ...store.capabilities, locks: false }, lock: undefined as never }));
    assert.deepEqual(without, []);
  });

  test("say what was answered", async () => {
    const remove: Store["remove"] = async () => undefined;
    const laws = storeLaws(() => ({ store: altered(memoryStore({ isolated: true }), { remove }), passTime: () => undefined }));
    const law = laws.find(({ name }) => name === "a removed record is absent");
    await assert.rejects(async () => law?.keep(), /^Error: The store answered "1j\.a_+\..*", not null\.$/);
  });
});
