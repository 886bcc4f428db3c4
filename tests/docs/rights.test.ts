// The rights that the README names are enough, and no more.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Store } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";
import { webdisStore } from "edge-session/stores/webdis";
import { codeOf, pairOf, request, World } from "../api/world.ts";
import { connectAsNobody, connectRedis, passTime, type RedisClient } from "../redis-client.ts";
import { type Server, startRedis, startUpstash, startWebdis } from "../servers.ts";
import { anyIo, recordOf, type Subject, storeLaws } from "../store-laws.ts";
import { blocksOf, readProjectFile } from "./markdown.ts";

const readme = readProjectFile("README.md");
const limits = { operationTimeoutMs: 10_000 };

/** The one block of a language. */
function blockOf(language: string): string {
  const [block, ...others] = blocksOf(readme).filter((each) => each.language === language);
  assert.ok(block && others.length === 0, `there is one block of ${language}`);
  return block.text.trim();
}

const command = blockOf("redis").split(" ");
const { acl } = JSON.parse(blockOf("json")) as { acl: unknown[] };
const [, , name = "", , given = ""] = command;
const password = given.slice(1);

/** A Redis whose user may do what the README says, a front that is this user, and a user who may do all. */
interface Place {
  readonly redis: RedisClient;
  readonly redisPort: number;
  readonly front: Server;
  readonly store: Store;
  stop(): Promise<void>;
}

const places: Record<string, () => Promise<Place>> = {
  upstashStore: () =>
    start(
      [command, ["ACL", "SETUSER", "default", "off"]],
      (redisPort) => startUpstash({ redisPort, token: "token", user: { name, password } }),
      (url) => upstashStore({ url, token: "token", ...limits }),
    ),
  // This Webdis knows no user of Redis but the default one, which gets the same rights.
  webdisStore: () =>
    start(
      [command.map((word) => (word === name ? "default" : word)).toSpliced(3, 0, "resetpass")],
      (redisPort) => startWebdis({ redisPort, redisPassword: password, acl }),
      (url) => webdisStore({ url, username: name, password, ...limits }),
    ),
};

async function start(commands: string[][], startFront: (redisPort: number) => Promise<Server>, open: (url: string) => Store): Promise<Place> {
  const server = await startRedis();
  const redis = await connectRedis(server.port);
  for (const each of commands) assert.equal(await redis.send(...each), "OK");
  const front = await startFront(server.port);
  const stop = async () => {
    redis.close();
    await front.stop();
    await server.stop();
  };
  return { redis, redisPort: server.port, front, store: open(front.url), stop };
}

/** The same store, each key below the README's first pattern. */
function below(store: Store): Store {
  return new Proxy(store, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function") return value;
      return (key: string, ...more: unknown[]) => value.call(target, `{edge-session_laws}${key}`, ...more);
    },
  });
}

/** What sessions do, each in a world of its own. */
const stories: Record<string, (world: World) => Promise<void>> = {
  "a visitor is known again, and two tabs both count": async (world) => {
    const { cookie } = await world.begun();
    const tabs = await Promise.all([1, 2].map(() => world.loaded(cookie)));
    for (const tab of tabs) tab.update("a", (a) => Number(a) + 1);
    for (const tab of tabs) await tab.commit();
    assert.deepEqual(await world.values(cookie), { a: 3 });
  },
  "a request that never loads keeps the session": async (world) => {
    const { cookie } = await world.begun();
    await world.sessions.handle(request({ cookie }), undefined, () => new Response());
    assert.deepEqual([world.store.taken(), world.told()], [["refresh"], ["session-renewed"]]);
  },
  "a login moves the values, and the old id reads them for its grace only": async (world) => {
    const { cookie } = await world.begun();
    const login = await world.loaded(cookie);
    login.regenerateId({ graceSeconds: 10 });
    login.set("user", "Ada");
    await login.commit();
    assert.deepEqual(await world.values(pairOf(login.setCookieHeaders()[0] ?? "")), { a: 1, user: "Ada" });
    assert.deepEqual(await world.values(cookie), { a: 1 });
    world.pass(11);
    assert.deepEqual(await world.values(cookie), {});
  },
  "a logout ends it for every tab, and nothing brings it back": async (world) => {
    const { cookie } = await world.begun();
    const slow = await world.loaded(cookie);
    slow.set("a", 2);
    await (await world.loaded(cookie)).destroy();
    assert.equal(await codeOf(() => slow.commit()), "destroyed");
    assert.deepEqual(await world.values(cookie), {});
  },
  "a session is ended by its id": async (world) => {
    const { cookie, id } = await world.begun();
    await world.sessions.openById(id).destroy();
    assert.deepEqual(await world.values(cookie), {});
  },
  "a session whose record is gone begins again under its id": async (world) => {
    const { cookie, key } = await world.begun();
    await world.store.inner.remove(key, anyIo());
    const session = await world.loaded(cookie);
    session.set("a", 5);
    await session.commit();
    assert.deepEqual(await world.values(cookie), { a: 5 });
  },
  "a damaged record stays, and a destroy removes it": async (world) => {
    const { cookie, key } = await world.begun();
    await world.store.write(key, "damaged");
    assert.equal(await codeOf(() => world.loaded(cookie)), "record-corrupt");
    await world.sessions.open(request({ cookie })).destroy();
    assert.equal(await world.store.peek(key), null);
  },
  "one request at a time has the lock": async (world) => {
    const sessions = world.deployed({ concurrency: "exclusive" });
    const { cookie } = await world.begun(undefined, sessions);
    const add = () =>
      sessions.handle(request({ cookie }), undefined, async (session) => {
        await session.load();
        session.set("a", Number(session.get("a")) + 1);
        return new Response();
      });
    await Promise.all([add(), add(), add()]);
    assert.deepEqual(await world.values(cookie, sessions), { a: 4 });
  },
  "the application's cache keeps, renews and removes": async (world) => {
    const { cache } = world.sessions;
    await cache.set("key", { a: 1 }, { slidingExpirationSeconds: 60 });
    await cache.set("for ever", 1);
    await cache.refresh("key");
    assert.deepEqual([await cache.get("key"), await cache.getOrSet("made", () => 2)], [{ a: 1 }, 2]);
    await cache.remove("key");
    assert.equal(await cache.get("key"), undefined);
  },
};

for (const [store, startPlace] of Object.entries(places)) {
  describe(`with the README's rights, and as its user, ${store}`, () => {
    let place: Place;
    before(async () => {
      place = await startPlace();
    });
    after(() => place.stop());

    for (const [story, tell] of Object.entries(stories)) test(story, () => tell(new World({}, place.store)));

    test("can do nothing else, and nothing to other keys", async () => {
      const user = await connectAsNobody(place.redisPort);
      try {
        if (store === "upstashStore") await assert.rejects(user.send("GET", "{edge-session_a}_Data"), /NOAUTH/);
        await user.send(...(store === "upstashStore" ? ["AUTH", name, password] : ["AUTH", password]));
        for (const forbidden of [
          "KEYS *",
          "FLUSHALL",
          "CONFIG GET *",
          "SCAN 0",
          "GET other",
          "GETEX {edge-session2_a}_Data",
          "ACL LIST",
          "PUBLISH a b",
        ]) {
          await assert.rejects(user.send(...forbidden.split(" ")), /NOPERM/, forbidden);
        }
        await assert.rejects(place.store.load("{other_a}_Data", 60, anyIo()), { code: "store-auth" });
        await assert.rejects(place.store.create("{other_a}_Data", recordOf("a"), 60, anyIo()), { code: "store-auth" });
      } finally {
        user.close();
      }
    });
  });

  storeLaws(`with the README's rights ${store}`, async (): Promise<Subject> => {
    const place = await startPlace();
    return { store: below(place.store), passTime: (seconds) => passTime(place.redis, seconds), stop: place.stop };
  });
}

describe("the README's acl of Webdis", () => {
  test("lets its user in only, and to its commands only", async () => {
    const place = await (places.webdisStore as () => Promise<Place>)();
    try {
      await assert.rejects(webdisStore({ url: place.front.url }).load("a", 60, anyIo()), { code: "store-auth" });
      await assert.rejects(webdisStore({ url: place.front.url, username: name, password: "wrong" }).load("a", 60, anyIo()), { code: "store-auth" });
      const headers = { Authorization: `Basic ${btoa(`${name}:${password}`)}` };
      // `GET` passes here, as it begins like `GETEX`; it is one of the user's rights in Redis anyway.
      for (const command of ["KEYS/*", "FLUSHALL", "SET/{edge-session_a}_Data/x", "CONFIG/GET/*", "EVALSHA/a/0"]) {
        assert.equal((await fetch(place.front.url, { method: "POST", headers, body: command })).status, 403, command);
      }
    } finally {
      await place.stop();
    }
  });
});
