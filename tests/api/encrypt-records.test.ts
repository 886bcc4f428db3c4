// Records whose values only this application reads.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createSessions, type SessionsOptions } from "edge-session";
import { holds } from "./instances.ts";
import { type Begun, codeOf, keyOf, OLD_SECRET, pairOf, request, SECRET, World } from "./world.ts";

const sealing: Partial<SessionsOptions> = { encryptRecords: true };

async function recordOf(world: World, { key }: Begun): Promise<string> {
  return (await world.store.peek(key)) ?? "";
}

describe("a sealed record", () => {
  test("shows its header and no value, and is read by every request", async () => {
    const world = new World(sealing);
    const begun = await world.begun((session) => {
      session.set("name", "canary \u{1f36a}");
      session.set("bytes", Uint8Array.of(1, 2));
    });
    const record = await recordOf(world, begun);
    assert.match(record, /^1s\.[\w-]{16}\.[\w-]{16}\.-\.1357002000000\.1357088400\.[\w-]+$/);
    assert.ok(!Buffer.from(record.slice(record.lastIndexOf(".") + 1), "base64url").includes("canary"));
    assert.deepEqual(await world.values(begun.cookie), { name: "canary \u{1f36a}", bytes: Uint8Array.of(1, 2) });
  });

  test("is another text after every commit, and an empty one is sealed too", async () => {
    const world = new World(sealing);
    const begun = await world.begun();
    const first = await recordOf(world, begun);
    const session = await world.loaded(begun.cookie);
    session.clear();
    await session.commit();
    const second = await recordOf(world, begun);
    assert.match(second, /^1s\./);
    assert.notEqual(second.slice(-40), first.slice(-40));
    assert.deepEqual(await world.values(begun.cookie), {});
  });

  test("costs no call more", async () => {
    const world = new World(sealing);
    const { cookie } = await world.begun();
    const session = await world.loaded(cookie);
    session.set("b", 2);
    await session.commit();
    assert.deepEqual(world.store.taken(), ["load", "update"]);
  });

  test("leaves no value in linear memory", async () => {
    const world = new World(sealing);
    const { cookie } = await world.begun((session) => session.set("a", `${"x".repeat(3000)}memory-canary-sealed`));
    assert.equal(holds("memory-canary"), false);
    await world.values(cookie);
    assert.equal(holds("memory-canary"), false);
  });

  test("that release 0.1 stored opens", async () => {
    const key = "{edge-session_8PHy8_T19vf4-fr7_P3-_w}_Data";
    const header = "1s.DA0ODxAREhMUFRYX.AAECAwQFBgcICQoL.-.1790000000000.1790086400.";
    const sealed = "AUaf8EcAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcbzCF5iCtIC_Vpn1Qb4GsfWbeSan0gJ2eXCrLeeq3dZYFp4oyt7iW7OWzUuw";
    const world = new World({ secrets: ["correct horse battery staple 0123456789"] });
    world.now = 1_790_000_000_000;
    await world.store.write(key, header + sealed);
    const session = world.sessions.openById("8PHy8_T19vf4-fr7_P3-_w");
    await session.load();
    assert.deepEqual([session.get("seen"), session.get("user"), session.createdAt], [1, { id: 7 }, 1_790_000_000_000]);
  });
});

describe("a session lives on", () => {
  test("where sealing is turned on, and where it is turned off", async () => {
    const world = new World();
    const on = world.deployed(sealing);
    const begun = await world.begun();
    assert.deepEqual(await world.values(begun.cookie, on), { a: 1 });
    const session = await world.loaded(begun.cookie, on);
    session.set("b", 2);
    await session.commit();
    assert.match(await recordOf(world, begun), /^1s\./);
    assert.deepEqual(await world.values(begun.cookie), { a: 1, b: 2 });
    const later = await world.loaded(begun.cookie);
    later.set("c", 3);
    await later.commit();
    assert.match(await recordOf(world, begun), /^1j\..*"b":2,\n"c":3\}$/s);
    assert.deepEqual(await world.values(begun.cookie, on), { a: 1, b: 2, c: 3 });
  });

  test("where two that disagree on it write at once", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    const [plain, sealed] = [await world.loaded(cookie), await world.loaded(cookie, world.deployed(sealing))];
    plain.set("b", 2);
    sealed.set("c", 3);
    await sealed.commit();
    await plain.commit();
    assert.deepEqual(await world.values(cookie), { a: 1, b: 2, c: 3 });
  });

  test("while its secret is rotated, and it is told that the old one is in use", async () => {
    const world = new World({ ...sealing, secrets: [OLD_SECRET] });
    const steps = [
      [OLD_SECRET, SECRET],
      [SECRET, OLD_SECRET],
    ].map((secrets) => world.deployed({ secrets }));
    const { cookie, id } = await world.begun();
    for (const sessions of steps) assert.deepEqual(await world.values(cookie, sessions), { a: 1 });
    world.told();
    const session = (steps[1] ?? world.sessions).openById(id);
    await session.load();
    assert.deepEqual(world.told(), ["old-secret-seen", "session-loaded"]);
    session.set("b", 2);
    await session.commit();
    const last = world.deployed({ secrets: [SECRET] }).openById(id);
    await last.load();
    assert.deepEqual([last.get("a"), last.get("b")], [1, 2]);
    assert.ok(!world.told().includes("old-secret-seen"));
  });

  test("over a login, a merge, a lost reply and the absolute limit", async () => {
    const world = new World(sealing);
    const begun = await world.begun();
    const [one, other] = [await world.loaded(begun.cookie), await world.loaded(begun.cookie)];
    one.update("n", (n = 0) => (n as number) + 1);
    other.update("n", (n = 0) => (n as number) + 1);
    await one.commit();
    world.store.after = () => {
      world.store.after = () => undefined;
      throw new Error("lost");
    };
    assert.notEqual(await codeOf(() => other.commit()), "");
    await other.commit();
    const session = await world.loaded(begun.cookie);
    assert.equal(session.get("n"), 2);
    session.regenerateId();
    session.set("user", "ann");
    await session.commit();
    const cookie = pairOf(session.setCookieHeaders()[0] ?? "");
    assert.deepEqual(await world.values(cookie), { a: 1, n: 2, user: "ann" });
    world.pass(86_400);
    const late = await world.loaded(cookie);
    assert.equal(late.isNew, true);
  });

  test("under last-write-wins too", async () => {
    const world = new World({ ...sealing, concurrency: "last-write-wins" });
    const { cookie } = await world.begun();
    const [one, other] = [await world.loaded(cookie), await world.loaded(cookie)];
    one.set("b", 2);
    other.set("c", 3);
    await one.commit();
    await other.commit();
    assert.deepEqual(await world.values(cookie), { a: 1, c: 3 });
  });
});

describe("a record sealed under a secret that we have not", () => {
  /** A session whose cookie opens under the new secret, and whose record does not. */
  async function forgotten(): Promise<{ world: World; begun: Begun; record: string }> {
    const world = new World({ ...sealing, secrets: [OLD_SECRET] });
    const begun = await world.begun();
    const session = await world.loaded(begun.cookie, world.deployed({ secrets: [SECRET, OLD_SECRET] }));
    const cookie = pairOf(session.setCookieHeaders()[0] ?? "");
    world.store.calls.length = 0;
    world.events.length = 0;
    return { world, begun: { ...begun, cookie }, record: await recordOf(world, begun) };
  }

  test("is no session for this request, with an event, and stays", async () => {
    const { world, begun, record } = await forgotten();
    const session = await world.loaded(begun.cookie, world.deployed({ secrets: [SECRET] }));
    assert.deepEqual([session.isNew, session.id, [...session.keys()]], [true, undefined, []]);
    assert.deepEqual(
      world.events.map(({ name, ...event }) => [name, (event as { code?: string }).code]),
      [
        ["record-rejected", "record-unsupported"],
        ["session-loaded", undefined],
      ],
    );
    await session.commit();
    assert.equal(await recordOf(world, begun), record);
  });

  test("is never overwritten: the next set begins a session under another id", async () => {
    const { world, begun, record } = await forgotten();
    const sessions = world.deployed({ secrets: [SECRET] });
    const response = await sessions.handle(request({ cookie: begun.cookie }), undefined, async (session) => {
      await session.load();
      session.set("b", 2);
      return new Response();
    });
    const cookie = pairOf(response.headers.getSetCookie()[0] ?? "");
    const session = await world.loaded(cookie, sessions);
    assert.notEqual(session.id, begun.id);
    assert.equal(session.get("b"), 2);
    assert.equal(await recordOf(world, begun), record);
  });

  test("is ended by destroy, which needs no value", async () => {
    const { world, begun } = await forgotten();
    const session = await world.loaded(begun.cookie, world.deployed({ secrets: [SECRET] }));
    await session.destroy();
    assert.match(await recordOf(world, begun), /^1d\./);
  });

  test("is no session by its id either", async () => {
    const { world, begun } = await forgotten();
    const session = world.deployed({ secrets: [SECRET] }).openById(begun.id);
    await session.load();
    assert.throws(() => session.set("a", 2), { code: "no-session" });
  });

  test("that comes in a conflict fails the commit, and stays", async () => {
    const world = new World(sealing);
    const begun = await world.begun();
    const late = await world.loaded(begun.cookie);
    late.set("a", 2);
    const writer = await world.loaded(begun.cookie, world.deployed({ secrets: [OLD_SECRET, SECRET] }));
    writer.set("a", 3);
    await writer.commit();
    const record = await recordOf(world, begun);
    assert.equal(await codeOf(() => late.commit()), "record-corrupt");
    assert.equal(await recordOf(world, begun), record);
  });
});

describe("a record that was not sealed for its place", () => {
  test("does not open, copied from another session or swapped with it", async () => {
    const world = new World(sealing);
    const [mine, other] = [await world.begun(), await world.begun((session) => session.set("a", "others"))];
    const [own, others] = [await recordOf(world, mine), await recordOf(world, other)];
    await world.store.write(mine.key, others);
    await world.store.write(other.key, own);
    for (const { cookie, key } of [mine, other]) {
      assert.equal(await codeOf(() => world.loaded(cookie)), "record-corrupt");
      assert.equal(await world.store.peek(key), key === mine.key ? others : own);
    }
    assert.equal(world.told().filter((name) => name === "record-rejected").length, 2);
  });

  test("does not open with another header, or the values of an older record of its own", async () => {
    const world = new World(sealing);
    const begun = await world.begun();
    const before = await recordOf(world, begun);
    const session = await world.loaded(begun.cookie);
    session.set("a", 2);
    await session.commit();
    const record = await recordOf(world, begun);
    const bodyAt = record.lastIndexOf(".") + 1;
    const damaged = [
      record.replace(".1357088400.", ".1357088401."),
      record.replace(".1357088400.", ".-."),
      record.replace(".1357002000000.", ".1357002000001."),
      record.slice(0, bodyAt) + before.slice(before.lastIndexOf(".") + 1),
      record.slice(0, bodyAt),
      record.slice(0, -1),
      `${record.slice(0, bodyAt)}{\n"a":9}`,
      `1j${record.slice(2)}`,
      ...Array.from({ length: record.length - bodyAt }, (_, at) => {
        const place = bodyAt + at;
        return record.slice(0, place) + (record[place] === "A" ? "B" : "A") + record.slice(place + 1);
      }).slice(10),
    ];
    for (const text of damaged) {
      await world.store.write(begun.key, text);
      assert.equal(await codeOf(() => world.values(begun.cookie)), "record-corrupt");
      assert.equal(await recordOf(world, begun), text);
    }
    await world.store.write(begun.key, record);
    assert.deepEqual(await world.values(begun.cookie), { a: 2 });
  });
});

describe("what is left under an old id", () => {
  test("is sealed too, and readable while grace lasts", async () => {
    const world = new World(sealing);
    const begun = await world.begun((session) => session.set("a", "canary"));
    const session = await world.loaded(begun.cookie);
    session.regenerateId({ graceSeconds: 30 });
    await session.commit();
    const record = await recordOf(world, begun);
    assert.match(record, /^1m\..*\.[\w-]{80,}$/);
    assert.ok(!record.includes("canary"));
    assert.deepEqual(await world.values(begun.cookie), { a: "canary" });
    assert.deepEqual(await world.values(begun.cookie, world.deployed({ encryptRecords: false })), { a: "canary" });
    world.pass(30);
    assert.deepEqual(await world.values(begun.cookie), {});
  });

  test("does not open where it was copied to another id", async () => {
    const world = new World(sealing);
    const [mine, other] = [await world.begun(), await world.begun((session) => session.set("a", "others"))];
    const session = await world.loaded(other.cookie);
    session.regenerateId({ graceSeconds: 30 });
    await session.commit();
    await world.store.write(mine.key, await recordOf(world, other));
    assert.equal(await codeOf(() => world.loaded(mine.cookie)), "record-corrupt");
  });

  test("without grace, and after destroy, has nothing to seal", async () => {
    const world = new World(sealing);
    const begun = await world.begun();
    const session = await world.loaded(begun.cookie);
    session.regenerateId();
    await session.commit();
    assert.match(await recordOf(world, begun), /^1m\..*\.\{\}$/);
    const key = keyOf(session.id ?? "");
    await session.destroy();
    assert.match((await world.store.peek(key)) ?? "", /^1d\..*\.\{\}$/);
  });
});

describe("maxRecordBytes", () => {
  test("is that of the text before it is sealed", async () => {
    const fits = async (encryptRecords: boolean, length: number) => {
      const world = new World({ encryptRecords, maxRecordBytes: 300 });
      return codeOf(() => world.begun((session) => session.set("a", "x".repeat(length))));
    };
    let longest = 0;
    while ((await fits(false, longest + 1)) === "") longest++;
    assert.deepEqual([await fits(true, longest), await fits(true, longest + 1)], ["", "record-too-large"]);
  });

  test("of a mebibyte is kept sealed", async () => {
    const world = new World({ ...sealing, maxRecordBytes: 1_048_576 });
    const { cookie } = await world.begun((session) => session.set("a", "x".repeat(1_040_000)));
    assert.equal(((await world.values(cookie)).a as string).length, 1_040_000);
  });
});

test("encryptRecords is a boolean", () => {
  const world = new World();
  assert.throws(() => createSessions({ ...world.options, encryptRecords: "yes" as unknown as boolean }), /encryptRecords: must be a boolean/);
});
