// Configurations share compiled cores, and leak none.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createSessions, memoryStore, type SessionsOptions } from "edge-session";
import { holds, instances, pages } from "./instances.ts";
import { OLD_SECRET, pairOf, request, SECRET, World } from "./world.ts";

/** Settles the memory, so that what follows needs no first growth. */
function warm(make: (index: number) => unknown): number {
  for (let index = 0; index < 2000; index++) make(index);
  return pages();
}

test("sessions of equal settings open each other's cookies; one that differs in anything the core reads does not", async () => {
  const world = new World({ secrets: [SECRET, OLD_SECRET] });
  const { cookie } = await world.begun();
  assert.deepEqual(await world.values(cookie, world.deployed({})), { a: 1 });
  assert.deepEqual(await world.values(cookie, world.deployed({ secrets: [OLD_SECRET, SECRET] })), { a: 1 });
  const others: Partial<SessionsOptions>[] = [{ applicationName: "other" }, { cookie: { name: "__Host-other" } }, { secrets: [OLD_SECRET] }];
  for (const options of others) assert.deepEqual(await world.values(cookie, world.deployed(options)), {});
});

test("the order of secrets counts: the first seals", async () => {
  const world = new World({ secrets: [SECRET, OLD_SECRET] });
  const reversed = world.deployed({ secrets: [OLD_SECRET, SECRET] });
  const { cookie } = await world.begun();
  const { cookie: older } = await world.begun((session) => session.set("a", 2), reversed);
  assert.deepEqual(await world.values(cookie, world.deployed({ secrets: [SECRET] })), { a: 1 });
  assert.deepEqual(await world.values(older, world.deployed({ secrets: [SECRET] })), {});
  assert.deepEqual(await world.values(older, world.deployed({ secrets: [OLD_SECRET] })), { a: 2 });
});

test("parts of settings do not run into each other", async () => {
  const world = new World({ applicationName: "ab", cookie: { name: "c" } });
  const { cookie } = await world.begun();
  const moved = world.deployed({ applicationName: "a", cookie: { name: "bc" } });
  assert.deepEqual(await world.values(cookie.replace(/^c=/, "bc="), moved), {});
});

test("40 configurations in turn stay right, though 16 cores are kept", async () => {
  const worlds = Array.from({ length: 40 }, (_, index) => new World({ applicationName: `app-${index}` }));
  const begun = await Promise.all(worlds.map((world, index) => world.begun((session) => session.set("a", index))));
  for (let round = 0; round < 3; round++) {
    for (const [index, world] of worlds.entries()) assert.deepEqual(await world.values(begun[index]?.cookie ?? ""), { a: index });
  }
});

test("store, clock and onEvent are never shared by equal settings", async () => {
  const one = new World();
  const other = new World();
  other.pass(3600);
  const { cookie } = await one.begun();
  assert.deepEqual(await other.values(cookie), {});
  assert.deepEqual(one.told(), []);
  assert.deepEqual(other.told(), ["session-loaded"]);
});

test("10,000 constructions per request take no more memory, and stay right", async () => {
  const world = new World();
  const { cookie } = await world.begun();
  const before = warm(() => world.deployed({}));
  for (let made = 0; made < 10_000; made++) world.deployed({ idleTimeoutSeconds: 1200 });
  assert.equal(pages(), before);
  assert.deepEqual(await world.values(cookie, world.deployed({})), { a: 1 });
});

test("10,000 different configurations take no more memory", () => {
  const make = (index: number) => createSessions({ secrets: [SECRET], store: memoryStore(), applicationName: `many-${index}` });
  const before = warm(make);
  for (let index = 0; index < 10_000; index++) make(index);
  assert.equal(pages(), before);
});

test("a core that comes back after another took its place takes no more memory", () => {
  const store = memoryStore();
  const make = (applicationName: string) => createSessions({ secrets: [SECRET], store, applicationName, onEvent: () => undefined });
  const kept = make("kept");
  const use = () => kept.open(request({ cookie: `__Host-session=${"A".repeat(96)}` })).id;
  const turn = () => {
    for (let index = 0; index < 16; index++) make(`other-${index}`);
    make("kept");
    use();
  };
  for (let round = 0; round < 300; round++) turn();
  const before = pages();
  for (let round = 0; round < 1500; round++) turn();
  assert.equal(pages(), before);
});

test("refused options take no more memory", () => {
  const refuse = () => assert.throws(() => createSessions({ secrets: ["short"], store: memoryStore() }), { code: "invalid-options" });
  const before = warm(refuse);
  for (let round = 0; round < 10_000; round++) refuse();
  assert.equal(pages(), before);
});

test("no value and no cookie lies in linear memory between calls", async () => {
  const world = new World();
  // Longer than what later calls write over.
  const padding = "x".repeat(2000);
  const nothingLies = (...canaries: string[]) => {
    for (const [index, canary] of canaries.entries()) assert.equal(holds(canary), false, `canary ${index}`);
  };
  const { cookie } = await world.begun((session) => session.set("value", `${padding}memory-canary-value`));
  const token = cookie.slice(cookie.indexOf("=") + 1);
  nothingLies("memory-canary", token);
  const session = await world.loaded(`a=${padding}; other=memory-canary-cookie; ${cookie}`);
  nothingLies("memory-canary", token);
  session.set("value", `${padding}memory-canary-second`);
  session.regenerateId();
  await session.commit();
  const [next = ""] = session.setCookieHeaders();
  nothingLies("memory-canary", token, pairOf(next).slice(15));
  await session.destroy();
  const rejected = await world.loaded(`__Host-session=memory-canary-rejected; a=${padding}; other=memory-canary-cookie`);
  assert.equal(rejected.id, undefined);
  assert.throws(() => world.sessions.openById("memory-canary-no-id-22"), { code: "invalid-options" });
  nothingLies("memory-canary", session.setCookieHeaders()[0] ?? "");
});

test("nothing of values that are no text of ours lies there either", async () => {
  const world = new World();
  const { cookie, key } = await world.begun();
  const io = { signal: new AbortController().signal };
  const text = (await world.store.load(key, 0, io)) ?? "";
  for (const value of [`${"é".repeat(3000)}memory-canary`, `${"é".repeat(9000)}memory-canary`, `memory-canary${"é".repeat(3000)}`]) {
    await world.store.put(key, `${text.slice(0, text.indexOf("{"))}{\n"a":"${value}"}`, 60, io);
    const session = await world.loaded(cookie);
    session.set("b", 2);
    await session.commit();
    assert.equal(holds("memory-canary"), false);
  }
});

test("no secret as it was given lies in linear memory", () => {
  const secret = `memory-canary-${SECRET}`;
  const make = () => createSessions({ secrets: [secret], store: memoryStore() });
  make();
  assert.equal(holds("memory-canary"), false);
  make();
  assert.equal(holds("memory-canary"), false);
  assert.throws(() => createSessions({ secrets: [secret, "short"], store: memoryStore() }), { code: "invalid-options" });
  assert.equal(holds("memory-canary"), false);
});

test("all of it ran in one instance", () => {
  assert.equal(instances(), 1);
});
