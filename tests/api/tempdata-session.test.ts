// TempData in the session's record: a change like any other.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Session, SessionsOptions } from "edge-session";
import { codeOf, type Data, pairOf, request, World } from "./world.ts";

function makeWorld(options: Partial<SessionsOptions> = {}): World {
  return new World({ tempData: { provider: "session" }, ...options });
}

/** A session that holds these messages, and `a`. */
function having(world: World, messages: Record<string, unknown>) {
  return world.begun((session) => {
    session.set("a", 1);
    for (const [key, value] of Object.entries(messages)) session.tempData.set(key, value);
  });
}

/** What is in the record, one entry a line. */
async function linesOf(world: World, key: string): Promise<string[]> {
  const record = (await world.store.peek(key)) ?? "";
  return record.slice(record.indexOf("{")).split("\n").slice(1);
}

async function messages(world: World, cookie: string): Promise<Record<string, unknown>> {
  const { tempData } = await world.loaded(cookie);
  return Object.fromEntries([...tempData.keys()].map((key) => [key, tempData.peek(key)]));
}

describe("TempData in the session (SessionStateTempDataProvider)", () => {
  test("Load_ThrowsException_WhenSessionIsNotEnabled, and Save: not loaded, that is", async () => {
    const world = makeWorld();
    const { cookie } = await world.begun();
    for (const sent of [cookie, undefined]) {
      const { tempData } = world.sessions.open(request({ cookie: sent }));
      const calls = [
        () => tempData.get("a"),
        () => tempData.peek("a"),
        () => tempData.has("a"),
        () => tempData.keys(),
        () => tempData.keep(),
        () => tempData.set("a", 1),
        () => tempData.delete("a"),
      ];
      for (const call of calls) assert.throws(call, { code: "not-loaded" }, String(call));
    }
  });

  test("Load_ReturnsEmptyDictionary_WhenNoSessionDataIsAvailable, and begins no session", async () => {
    const world = makeWorld();
    const session = await world.loaded(undefined);
    assert.deepEqual([session.tempData.get("a"), [...session.tempData.keys()]], [undefined, []]);
    session.tempData.keep();
    await session.commit();
    assert.deepEqual([session.id, session.setCookieHeaders(), world.store.taken()], [undefined, [], []]);
  });

  test("SaveAndLoad_Works, and begins a visitor's session", async () => {
    const world = makeWorld();
    const session = await world.loaded(undefined);
    session.tempData.set("notice", "Saved.");
    await session.commit();
    const cookies = session.setCookieHeaders();
    assert.equal(cookies.length, 1);
    assert.deepEqual(await messages(world, pairOf(cookies[0] ?? "")), { notice: "Saved." });
  });

  test("is a key each in the record, which neither keys nor size show", async () => {
    const world = makeWorld();
    const { cookie, key } = await having(world, { notice: "Saved.", "ä\u0000": [1] });
    assert.deepEqual(await linesOf(world, key), ['"a":1,', '"\\u0000tnotice":"Saved.",', '"\\u0000t\\u00e4\\u0000":[1]}']);
    const session = await world.loaded(cookie);
    assert.deepEqual([[...session.keys()], session.size, session.get("notice"), session.get("\u0000tnotice")], [["a"], 1, undefined, undefined]);
    session.set("\u0000tnotice", "the user's own");
    await session.commit();
    assert.deepEqual(await messages(world, cookie), { notice: "Saved.", "ä\u0000": [1] });
  });

  test("is left by clear, as it would be in a cookie", async () => {
    const world = makeWorld();
    const { cookie, key } = await having(world, { old: 1, read: 2 });
    const session = await world.loaded(cookie);
    session.tempData.set("new", 3);
    session.clear();
    session.tempData.get("read");
    session.set("b", 2);
    await session.commit();
    assert.deepEqual(await linesOf(world, key), ['"\\u0000told":1,', '"b":2,', '"\\u0000tnew":3}']);
    const empty = await world.loaded(cookie);
    empty.delete("b");
    await empty.commit();
    world.store.taken();
    empty.clear();
    await empty.commit();
    assert.deepEqual(world.store.taken(), []);
    empty.set("b", 3);
    empty.clear();
    assert.deepEqual([empty.size, [...empty.tempData.keys()]], [0, ["old", "new"]]);
  });

  test("is left by a clear that comes after a commit which failed", async () => {
    const world = makeWorld({ maxRecordBytes: 1000 });
    const { cookie } = await having(world, {});
    const session = await world.loaded(cookie);
    session.tempData.set("notice", "Saved.");
    session.set("b", "v".repeat(1000));
    assert.equal(await codeOf(() => session.commit()), "record-too-large");
    session.clear();
    await session.commit();
    assert.deepEqual(await messages(world, cookie), { notice: "Saved." });
    assert.deepEqual(await world.values(cookie), {});
  });

  test("a message that two requests read at once is gone after either, and stays gone", async () => {
    const world = makeWorld();
    const { cookie } = await having(world, { notice: "Saved." });
    const readers = await Promise.all([1, 2, 3].map(() => world.loaded(cookie)));
    const writer = await world.loaded(cookie);
    writer.set("b", 2);
    assert.deepEqual(
      readers.map((session) => session.tempData.get("notice")),
      ["Saved.", "Saved.", "Saved."],
    );
    await readers[0]?.commit();
    assert.deepEqual(await messages(world, cookie), {});
    await Promise.all([...readers, writer].map((session) => session.commit()));
    assert.deepEqual(await messages(world, cookie), {});
    assert.deepEqual(await world.values(cookie), { a: 1, b: 2 });
  });

  test("one that keeps what another consumed does not bring it back", async () => {
    const world = makeWorld();
    const { cookie } = await having(world, { notice: "Saved." });
    const [reader, keeper] = await Promise.all([world.loaded(cookie), world.loaded(cookie)]);
    keeper.tempData.get("notice");
    keeper.tempData.keep();
    keeper.set("b", 2);
    reader.tempData.get("notice");
    await reader.commit();
    await keeper.commit();
    assert.deepEqual(await messages(world, cookie), {});
  });

  test("a replayed consume removes only the value that was read", async () => {
    const world = makeWorld();
    const { cookie } = await having(world, { notice: "first", other: 1 });
    const reader = await world.loaded(cookie);
    assert.equal(reader.tempData.get("notice"), "first");
    const writer = await world.loaded(cookie);
    writer.tempData.set("notice", "second");
    await writer.commit();
    await reader.commit();
    assert.deepEqual(await messages(world, cookie), { notice: "second", other: 1 });
    assert.deepEqual(world.store.calls.slice(-4), ["update", "update", "update", "load"]);
  });

  test("a replayed delete removes whatever is there, and a replayed set wins", async () => {
    const world = makeWorld();
    const { cookie } = await having(world, { gone: "first", set: "first" });
    const late = await world.loaded(cookie);
    late.tempData.delete("gone");
    late.tempData.set("set", "late");
    const early = await world.loaded(cookie);
    early.tempData.set("gone", "early");
    early.tempData.set("set", "early");
    await early.commit();
    await late.commit();
    assert.deepEqual(await messages(world, cookie), { set: "late" });
  });

  test("is consumed once, however often the request commits", async () => {
    const world = makeWorld();
    const { cookie } = await having(world, { notice: "Saved." });
    const session = await world.loaded(cookie);
    session.tempData.get("notice");
    await session.commit();
    session.tempData.keep();
    await session.commit();
    assert.equal(session.tempData.get("notice"), "Saved.");
    assert.deepEqual(await messages(world, cookie), {});
    const writer = await world.loaded(cookie);
    writer.tempData.set("notice", "Saved.");
    await writer.commit();
    session.set("b", 2);
    await session.commit();
    assert.deepEqual(await messages(world, cookie), { notice: "Saved." });
    session.tempData.set("notice", "set anew");
    await session.commit();
    assert.deepEqual(await messages(world, cookie), { notice: "set anew" });
  });

  test("a consume whose answer was lost is found out, and done once", async () => {
    const world = makeWorld();
    const { cookie } = await having(world, { notice: "Saved." });
    const session = await world.loaded(cookie);
    session.tempData.get("notice");
    world.store.after = (operation) => {
      world.store.after = () => undefined;
      if (operation === "update") throw new DOMException("late", "TimeoutError");
    };
    assert.equal(await codeOf(() => session.commit()), "commit-ambiguous");
    await session.commit();
    assert.deepEqual(await messages(world, cookie), {});
  });

  test("moves with regenerateId, and goes with destroy", async () => {
    const world = makeWorld();
    const { cookie } = await having(world, { notice: "Saved.", read: 1 });
    const session = await world.loaded(cookie);
    session.tempData.get("read");
    session.regenerateId();
    await session.commit();
    const moved = pairOf(session.setCookieHeaders()[0] ?? "");
    assert.deepEqual(await messages(world, moved), { notice: "Saved." });
    assert.deepEqual(await messages(world, cookie), {});
    await (await world.loaded(moved)).destroy();
    assert.deepEqual(await messages(world, moved), {});
  });

  test("of what grace still shows is read, and its consumption ends as destroyed", async () => {
    const world = makeWorld();
    const { cookie } = await having(world, { notice: "Saved." });
    const login = await world.loaded(cookie);
    login.regenerateId({ graceSeconds: 10 });
    await login.commit();
    const image = await world.loaded(cookie);
    assert.equal(image.tempData.get("notice"), "Saved.");
    assert.equal(await codeOf(() => image.commit()), "destroyed");
    assert.deepEqual(await messages(world, pairOf(login.setCookieHeaders()[0] ?? "")), { notice: "Saved." });
  });

  test("loaded read-only is looked at and not consumed", async () => {
    const world = makeWorld();
    const { cookie } = await having(world, { notice: "Saved." });
    const session = world.sessions.open(request({ cookie }));
    await session.load({ readOnly: true });
    const { tempData } = session;
    assert.equal(tempData.peek("notice"), "Saved.");
    for (const change of [() => tempData.get("notice"), () => tempData.set("b", 1), () => tempData.keep(), () => tempData.delete("notice")]) {
      assert.throws(change, { code: "read-only" });
    }
  });

  test("of a store that could not be asked is empty, so that a page can be shown, and cannot be set", async () => {
    const world = makeWorld({ throwOnError: false });
    const { cookie } = await having(world, { notice: "Saved." });
    world.store.before = () => {
      throw new Error("down");
    };
    const { tempData } = await world.loaded(cookie);
    assert.deepEqual([tempData.get("notice"), tempData.has("notice"), [...tempData.keys()]], [undefined, false, []]);
    for (const change of [() => tempData.set("b", 1), () => tempData.keep(), () => tempData.delete("notice")]) {
      assert.throws(change, { code: "store-unavailable" });
    }
    world.store.before = () => undefined;
    assert.deepEqual(await messages(world, cookie), { notice: "Saved." });
  });

  test("works on every kind of store and record: last-write-wins, sealed, under a lock", async () => {
    for (const options of [{ concurrency: "last-write-wins" }, { encryptRecords: true }, { concurrency: "exclusive" }] as const) {
      const world = makeWorld(options);
      const { cookie } = await having(world, { notice: "Saved.", kept: 1 });
      const consume = async (session: Session<Data>) => {
        await session.load();
        assert.equal(session.tempData.get("notice"), "Saved.");
        return new Response();
      };
      await world.sessions.handle(request({ cookie }), undefined, consume);
      await world.sessions.handle(request({ cookie }), undefined, async (session) => {
        await session.load();
        assert.deepEqual([...session.tempData.keys()], ["kept"]);
        return new Response();
      });
    }
  });

  test("that somebody's editor laid out otherwise is read, and a damaged value is record-corrupt and stays", async () => {
    const world = makeWorld();
    const { cookie, key } = await having(world, { notice: "Saved." });
    const record = (await world.store.peek(key)) ?? "";
    await world.store.write(key, `${record.slice(0, record.indexOf("{"))}{ "a": 1, "\\u0000tnotice": "by hand" }`);
    assert.deepEqual(await messages(world, cookie), { notice: "by hand" });
    await world.store.write(key, `${record.slice(0, record.indexOf("{"))}{\n"a":1, "\\u0000tnotice":"half by hand"}`);
    assert.deepEqual(await messages(world, cookie), { notice: "half by hand" });
    const damaged = record.replace('"Saved."', '"Saved');
    await world.store.write(key, damaged);
    const session = await world.loaded(cookie);
    assert.equal(await codeOf(() => session.tempData.get("notice")), "record-corrupt");
    assert.equal(await world.store.peek(key), damaged);
  });
});
