// Damaged and newer records are never taken for empty ones.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SessionError } from "edge-session";
import { dice, seedFor } from "./seeds.ts";
import { type Begun, codeOf, request, World } from "./world.ts";

async function bookshop(world: World): Promise<Begun> {
  return world.begun((session) => {
    session.set("user", { id: 7, roles: ["admin", "canary-value"] });
    session.set("visits", 12);
    session.set("list", [[], {}, null, false, "x"]);
    session.set("note", 'a "quoted" {note}');
  });
}

/** Runs something; gives its error's code, "" when there is none. What is no `SessionError`, or shows a value, fails. */
async function ended(work: () => unknown): Promise<string> {
  try {
    await work();
    return "";
  } catch (error) {
    assert.equal((error as Error).name, "SessionError", String(error));
    assert.doesNotMatch(`${(error as Error).message} ${(error as Error).cause ?? ""}`, /canary|admin|quoted/);
    return (error as SessionError).code;
  }
}

/** Lets a request meet a damaged record: says how that ended. What could not be read must not have been overwritten. */
async function met(world: World, begun: Begun, record: string, change: "set" | "update" | "clear"): Promise<string> {
  await world.store.write(begun.key, record);
  const session = world.sessions.open(request({ cookie: begun.cookie }));
  const loading = await ended(() => session.load());
  if (loading !== "") {
    assert.equal(await world.store.peek(begun.key), record);
    assert.equal(session.isLoaded, false);
    return loading;
  }
  let keys: string[] = [];
  let reading = await ended(() => {
    keys = [...session.keys()];
  });
  for (const key of keys) reading ||= await ended(() => session.get(key));
  if (change === "clear") reading ||= await ended(() => session.clear());
  const updating = change === "update" ? await ended(() => session.update(keys[0] ?? "", (value) => value ?? 1)) : "";
  if (updating === "") session.set("later", 1);
  const committing = updating || (await ended(() => session.commit()));
  if (reading !== "" || committing !== "") {
    assert.equal(committing || reading, "record-corrupt");
    assert.equal(await world.store.peek(begun.key), record, "a record that cannot be read was overwritten");
    return "record-corrupt";
  }
  return session.isNew || keys.length === 0 ? "empty" : "read";
}

describe("a record that is cut off", () => {
  test("anywhere is an error, and stays as it is", async () => {
    const world = new World();
    const begun = await bookshop(world);
    const record = (await world.store.peek(begun.key)) ?? "";
    for (let length = 0; length < record.length; length++) {
      assert.equal(await met(world, begun, record.slice(0, length), "set"), "record-corrupt", `at ${length}`);
    }
    assert.equal(await met(world, begun, record, "set"), "read");
  });
});

describe("a long record with a letter behind its end", () => {
  test("is an error, and stays as it is", async () => {
    const world = new World();
    const begun = await bookshop(world);
    const record = (await world.store.peek(begun.key)) ?? "";
    // Longer than all that crossed before, so that there is no room for more than it ought to be.
    const long = `${record.slice(0, -1)},\n"long":"${"x".repeat(60_000)}"}`;
    await world.store.write(begun.key, `${long}\u00e9`);
    assert.equal(await ended(() => world.loaded(begun.cookie)), "record-corrupt");
    assert.equal(await met(world, begun, `${long}\u00e9`, "set"), "record-corrupt");
    assert.equal(await met(world, begun, long, "set"), "read");
  });
});

describe("a record with one bit flipped", () => {
  test("is an error, or reads as another record; it is never taken for an empty one", async (t) => {
    const roll = dice(seedFor(t));
    const world = new World({ absoluteTimeoutSeconds: Number.POSITIVE_INFINITY });
    const begun = await bookshop(world);
    const record = (await world.store.peek(begun.key)) ?? "";
    const count: Record<string, number> = {};
    for (let run = 0; run < 10_000; run++) {
      const at = roll(record.length);
      const damaged = record.slice(0, at) + String.fromCharCode(record.charCodeAt(at) ^ (1 << roll(8))) + record.slice(at + 1);
      const change = (["set", "update", "clear"] as const)[roll(3)] ?? "set";
      const how = await met(world, begun, damaged, change);
      assert.notEqual(how, "empty", `bit at ${at}`);
      count[how] = (count[how] ?? 0) + 1;
    }
    assert.ok((count["record-corrupt"] ?? 0) > 1000, JSON.stringify(count));
    assert.ok((count["record-unsupported"] ?? 0) > 10, JSON.stringify(count));
    assert.ok((count.read ?? 0) > 1000, JSON.stringify(count));
  });
});

describe("bytes that are no base64url", () => {
  test("are corrupt when they are read, and stay when something else is written", async () => {
    const world = new World();
    const begun = await world.begun((session) => session.set("bytes", Uint8Array.of(1, 2, 3, 4, 5)));
    const record = ((await world.store.peek(begun.key)) ?? "").replace("AQIDBAU", "AQID@AU");
    await world.store.write(begun.key, record);
    const session = await world.loaded(begun.cookie);
    assert.equal(await ended(() => session.get("bytes")), "record-corrupt");
    assert.equal(await ended(() => session.update("bytes", () => 1)), "record-corrupt");
    session.set("a", 1);
    await session.commit();
    assert.match((await world.store.peek(begun.key)) ?? "", /AQID@AU/);
  });
});

describe("what is no record at all", () => {
  const header = "1j.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAB.-.1357002000000.1999999999.";
  const others = [
    "",
    "null",
    "{}",
    "[]",
    '"text"',
    "undefined",
    "OK",
    "1j",
    "1j.",
    header,
    `${header}[]`,
    `${header}null`,
    `${header}7`,
    `${header}{`,
    `${header}{"a":}`,
    `${header}{}{}`,
  ];

  test("is corrupt, for load and for handle", async () => {
    const world = new World();
    const begun = await world.begun();
    for (const record of others) {
      assert.equal(await met(world, begun, record, "set"), "record-corrupt", record);
      const handled = world.sessions.handle(request({ cookie: begun.cookie }), undefined, async (session) => {
        await session.load();
        return new Response();
      });
      assert.equal(await codeOf(() => handled), "record-corrupt");
    }
    assert.deepEqual([...new Set(world.told())], ["record-rejected"]);
  });

  test("is unsupported where a newer version could have written it, and stays as it is", async () => {
    const world = new World();
    const begun = await world.begun();
    for (const first of ["2s", "2j", "1z", "12j", "1c", "0j"]) {
      assert.equal(await met(world, begun, `${first}.AAAAAAAAAAAAAAAA.whatever`, "set"), "record-unsupported", first);
    }
  });

  test("is removed by destroy(), after a failed load and without one", async () => {
    const world = new World();
    for (const record of [...others, "2j.AAAAAAAAAAAAAAAA.whatever"]) {
      for (const loads of [true, false]) {
        const begun = await world.begun();
        await world.store.write(begun.key, record);
        const session = world.sessions.open(request({ cookie: begun.cookie }));
        if (loads) assert.notEqual(await codeOf(() => session.load()), "");
        await session.destroy();
        assert.match((await world.store.peek(begun.key)) ?? "", /^(1d\..*)?$/);
        assert.match(session.setCookieHeaders()[0] ?? "", /Max-Age=0/);
      }
    }
  });

  test("gives an empty session that cannot be written where throwOnError is false, and stays", async () => {
    const world = new World({ throwOnError: false });
    const begun = await world.begun();
    for (const record of [...others, "2j.AAAAAAAAAAAAAAAA.whatever"]) {
      await world.store.write(begun.key, record);
      const session = await world.loaded(begun.cookie);
      assert.equal(session.isAvailable, false);
      assert.throws(() => session.set("a", 2), { code: "store-unavailable" });
      await session.commit();
      assert.equal(await world.store.peek(begun.key), record);
    }
  });

  test("in a reply of the wrong type is the store's error, and neither nothing nor success", async () => {
    const world = new World();
    const { cookie, key } = await world.begun();
    for (const wrong of [undefined, 7, {}, new Uint8Array(1)]) {
      world.store.inner.load = async () => wrong as unknown as string;
      assert.equal(await codeOf(() => world.loaded(cookie)), "store-protocol");
    }
    Reflect.deleteProperty(world.store.inner, "load");
    for (const wrong of [undefined, null, 7, {}, "ok", { conflict: 7 }, { conflict: null }]) {
      const session = await world.loaded(cookie);
      session.set("a", 2);
      world.store.inner.update = async () => wrong as unknown as "done";
      assert.equal(await codeOf(() => session.commit()), "store-protocol", JSON.stringify(wrong));
      Reflect.deleteProperty(world.store.inner, "update");
    }
    assert.match((await world.store.peek(key)) ?? "", /"a":1/);
  });
});
