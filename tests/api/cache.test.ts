// What the application's cache stores, and for how long.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createSessions, memoryStore, type Session } from "edge-session";
import { codeOf, request, SECRET, World } from "./world.ts";

const place = (key: string) => `edge-session_cache_${key}`;

/** The next turn of the event loop. */
const tick = () => new Promise((resolve) => setImmediate(resolve));

/** A promise that is settled from outside. */
function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe("an entry", () => {
  test("is this text under this key, for this long", async () => {
    const world = new World();
    const { cache } = world.sessions;
    await cache.set("a", { n: 1, é: "ü" });
    await cache.set("b", [1], { absoluteExpirationSeconds: 90.5 });
    await cache.set("c", "x", { slidingExpirationSeconds: 0.25 });
    await cache.set("d", null, { absoluteExpirationSeconds: 60, slidingExpirationSeconds: 600 });
    const end = (seconds: number) => world.now + seconds * 1000;
    assert.equal(await world.store.peek(place("a")), '1c.-.-.{"n":1,"\\u00e9":"\\u00fc"}');
    assert.equal(await world.store.peek(place("b")), `1c.${end(90.5)}.-.[1]`);
    assert.equal(await world.store.peek(place("c")), '1c.-.250."x"');
    assert.equal(await world.store.peek(place("d")), `1c.${end(60)}.600000.null`);
    assert.deepEqual([world.store.taken(), world.store.seconds.splice(0)], [Array(4).fill("put"), [0, 91, 1, 60]]);
  });

  test("comes back equal and fresh each time, a Uint8Array too", async () => {
    const { cache } = new World().sessions;
    for (const value of [{ deep: [{ a: null }] }, "", 0, false, null, new Uint8Array([0, 255]), { "\u0000b": "AA" }]) {
      await cache.set("key", value);
      const [first, second] = [await cache.get("key"), await cache.get("key")];
      assert.deepEqual([first, second], [value, value]);
      if (typeof first === "object" && first !== null) assert.notEqual(first, second);
    }
  });

  test("is a copy: what is done to the value later is not stored", async () => {
    const { cache } = new World().sessions;
    const value = { list: [1] };
    await cache.set("key", value);
    value.list.push(2);
    assert.deepEqual(await cache.get("key"), { list: [1] });
  });

  test("under any key stays its own, percent-encoded, and apart from sessions and other applications", async () => {
    const world = new World();
    const other = world.deployed({ applicationName: "other" });
    const keys = ["", "a", "A", "a/b", "a%2Fb", "{x}", "*", "é 😀", "__proto__", "..", "\u0000", "a:b?c=d&e"];
    for (const [index, key] of keys.entries()) await world.sessions.cache.set(key, index);
    for (const [index, key] of keys.entries()) {
      assert.equal(await world.sessions.cache.get(key), index);
      assert.equal(await world.store.peek(place(encodeURIComponent(key))), `1c.-.-.${index}`);
      assert.equal(await other.cache.get(key), undefined);
    }
  });

  test("that the first release wrote, or a person typed, is read", async () => {
    const world = new World();
    const texts: [string, unknown][] = [
      ['1c.-.-.{"n":1}', { n: 1 }],
      [`1c.${world.now + 1}.-."\\u00e9"`, "é"],
      ["1c.9007199254740991.1200000.[1,null]", [1, null]],
      ['1c.-.1.{"\\u0000b":"AP8"}', new Uint8Array([0, 255])],
      ['1c.-.-. { "typed" : "é" } ', { typed: "é" }],
    ];
    for (const [text, value] of texts) {
      await world.store.write(place("key"), text);
      assert.deepEqual(await world.sessions.cache.get("key"), value, text);
    }
    await world.store.write(place("key"), `1c.${world.now}.-.1`);
    assert.deepEqual([await world.sessions.cache.get("key"), world.told()], [undefined, []]);
  });

  test("of one Sessions is read by another with the same name and store, whatever its secrets", async () => {
    const world = new World();
    await world.sessions.cache.set("key", 1);
    assert.equal(await world.deployed({ secrets: ["y".repeat(32)] }).cache.get("key"), 1);
  });

  test("that is set for ever over one that ends stays", async () => {
    const world = new World();
    const { cache } = world.sessions;
    await cache.set("key", 1, { absoluteExpirationSeconds: 10, slidingExpirationSeconds: 10 });
    await cache.set("key", 2);
    world.pass(10_000_000);
    assert.equal(await cache.get("key"), 2);
  });
});

describe("time", () => {
  test("ends an absolute entry to the millisecond, however the store rounds", async () => {
    const world = new World();
    const { cache } = world.sessions;
    await cache.set("key", 1, { absoluteExpirationSeconds: 1.5 });
    world.pass(1.499);
    assert.equal(await cache.get("key"), 1);
    world.pass(0.001);
    assert.notEqual(await world.store.peek(place("key")), null);
    assert.equal(await cache.get("key"), undefined);
  });

  test("of a sliding entry begins anew with a get and with a refresh, not with a look by the store", async () => {
    const world = new World();
    const { cache } = world.sessions;
    await cache.set("key", 1, { slidingExpirationSeconds: 10 });
    for (const renew of [() => cache.get("key"), () => cache.refresh("key"), () => cache.getOrSet("key", () => 2)]) {
      world.pass(9);
      await renew();
    }
    world.pass(9);
    assert.equal(await world.store.peek(place("key")), "1c.-.10000.1");
    world.pass(1);
    assert.equal(await cache.get("key"), undefined);
  });

  test("that slides goes no further than the absolute end", async () => {
    const world = new World();
    const { cache } = world.sessions;
    await cache.set("key", 1, { absoluteExpirationSeconds: 25, slidingExpirationSeconds: 10 });
    world.store.seconds.length = 0;
    for (let visit = 0; visit < 3; visit++) {
      world.pass(8);
      assert.equal(await cache.get("key"), 1);
    }
    assert.deepEqual(world.store.seconds, [0, 10, 0, 9, 0, 1]);
    world.pass(1);
    assert.equal(await cache.get("key"), undefined);
  });

  test("is given to a store no shorter than it keeps, and the end is still ours", async () => {
    const world = new World();
    const inner = { ...world.store.inner.capabilities, minTtlSeconds: 60 };
    Object.assign(world.store, { capabilities: inner });
    await world.sessions.cache.set("key", 1, { absoluteExpirationSeconds: 5 });
    assert.deepEqual(world.store.seconds, [60]);
    world.pass(5);
    assert.equal(await world.sessions.cache.get("key"), undefined);
  });

  test("does not slide on a get where the store slides on write only", async () => {
    const world = new World();
    Object.assign(world.store, { capabilities: { ...world.store.inner.capabilities, slides: "on-write" } });
    await world.sessions.cache.set("key", 1, { slidingExpirationSeconds: 10 });
    assert.equal(await world.sessions.cache.get("key"), 1);
    assert.deepEqual(world.store.taken(), ["put", "load"]);
  });

  test("that is none is refused: zero, less, endless, a text", async () => {
    const world = new World();
    const { cache } = world.sessions;
    for (const seconds of [0, -1, Number.NaN, Infinity, 3_155_760_001, "1", null, 1n] as unknown as number[]) {
      for (const option of ["absoluteExpirationSeconds", "slidingExpirationSeconds"]) {
        await assert.rejects(cache.set("key", 1, { [option]: seconds }), { code: "invalid-options", message: new RegExp(option) });
        await assert.rejects(
          cache.getOrSet("key", () => 1, { [option]: seconds }),
          { code: "invalid-options" },
        );
      }
    }
    assert.deepEqual(world.store.taken(), []);
    await cache.set("key", 1, { absoluteExpirationSeconds: 3_155_760_000, slidingExpirationSeconds: undefined });
    assert.equal(await cache.get("key"), 1);
  });
});

describe("calls", () => {
  test("are one each, and two where reading renews", async () => {
    const world = new World();
    const { cache } = world.sessions;
    const costs = async (act: () => Promise<unknown>) => {
      await act();
      return world.store.taken().join(" ");
    };
    assert.equal(await costs(() => cache.get("plain")), "load");
    assert.equal(await costs(() => cache.set("plain", 1)), "put");
    assert.equal(await costs(() => cache.get("plain")), "load");
    assert.equal(await costs(() => cache.refresh("plain")), "load");
    assert.equal(await costs(() => cache.set("slides", 1, { slidingExpirationSeconds: 5 })), "put");
    assert.equal(await costs(() => cache.get("slides")), "load refresh");
    assert.equal(await costs(() => cache.refresh("slides")), "load refresh");
    assert.equal(await costs(() => cache.refresh("absent")), "load");
    assert.equal(await costs(() => cache.getOrSet("plain", () => 2)), "load");
    assert.equal(await costs(() => cache.getOrSet("new", () => 2)), "load put");
    assert.equal(await costs(() => cache.remove("plain")), "remove");
  });

  test("are not made by a Sessions whose cache nobody uses, nor is a function of options called", () => {
    let called = 0;
    const sessions = createSessions(() => {
      called += 1;
      return { secrets: [SECRET], store: memoryStore() };
    });
    assert.equal(sessions.cache, sessions.cache);
    assert.equal(called, 0);
  });

  test("of options that are wrong reject with what is wrong, and work once they are right", async () => {
    let secret = "short";
    const sessions = createSessions(() => ({ secrets: [secret], store: memoryStore({ isolated: true }) }));
    assert.equal(await codeOf(() => sessions.cache.get("key")), "invalid-options");
    secret = SECRET;
    assert.equal(await codeOf(() => sessions.cache.set("key", 1)), "");
  });
});

describe("what is no entry", () => {
  test("is absent and told of, names nothing, and is written over by a set", async () => {
    const world = new World();
    const { cache } = world.sessions;
    const texts = ["", "canary", "2c.-.-.1", "1c.-.-.", "1c.-.-.{", "1c.-1.-.1", "1c.x.-.1", '1c.-.-.{"\\u0000b":"*"}', "1c.-.-", '"1c.-.-.1"'];
    for (const text of texts) {
      await world.store.write(place("key"), text);
      assert.equal(await cache.get("key"), undefined, text);
      assert.deepEqual(world.events.splice(0), [{ name: "record-rejected", level: "error", code: "record-corrupt" }], text);
      assert.equal(await world.store.peek(place("key")), text);
    }
    assert.equal(await cache.getOrSet("key", () => 1), 1);
    assert.equal(await world.store.peek(place("key")), "1c.-.-.1");
  });
});

describe("a value or key that cannot be kept", () => {
  test("is refused before the network, and what is stored stays", async () => {
    const world = new World();
    const { cache } = world.sessions;
    await cache.set("key", 1);
    world.store.taken();
    for (const value of [undefined, Number.NaN, new Date(), new Map(), 1n, () => 1, "\ud800", [undefined]]) {
      await assert.rejects(cache.set("key", value), { code: "value-not-serializable" });
    }
    for (const key of [1, undefined, "\ud800"] as unknown as string[]) {
      await assert.rejects(cache.get(key), { code: "value-not-serializable" });
      await assert.rejects(cache.set(key, 1), { code: "value-not-serializable" });
      await assert.rejects(cache.remove(key), { code: "value-not-serializable" });
    }
    await assert.rejects(cache.set("key", "x".repeat(1_048_576)), { code: "record-too-large" });
    assert.deepEqual(world.store.taken(), []);
    await cache.set("large", "x".repeat(1_048_500));
    assert.deepEqual([await cache.get("key"), (await cache.get<string>("large"))?.length], [1, 1_048_500]);
  });
});

describe("getOrSet", () => {
  test("makes what is not there, and stores it for as long as said", async () => {
    const world = new World();
    const { cache } = world.sessions;
    const made = await cache.getOrSet("key", async () => ({ a: 1, dropped: undefined }), { absoluteExpirationSeconds: 10 });
    assert.deepEqual(made, { a: 1 });
    assert.deepEqual(await cache.getOrSet("key", () => ({ a: 2 })), { a: 1 });
    world.pass(10);
    assert.deepEqual(await cache.getOrSet("key", () => ({ a: 2 })), { a: 2 });
  });

  test("makes it once for all who ask in the same turn, some awaits later too, and gives each their own", async () => {
    const world = new World();
    const { cache } = world.sessions;
    let made = 0;
    const ask = async (awaits: number) => {
      for (let index = 0; index < awaits; index++) await undefined;
      return cache.getOrSet("key", async () => {
        made += 1;
        await new Promise(setImmediate);
        return { made };
      });
    };
    const values = await Promise.all([ask(0), ask(0), ask(1), ask(5)]);
    assert.deepEqual(values, Array(4).fill({ made: 1 }));
    assert.equal(new Set(values).size, 4);
    assert.deepEqual(world.store.taken(), ["load", "put"]);
  });

  test("lets nobody of a later turn wait for it, as that may be another request's", async () => {
    const { cache } = new World().sessions;
    const never = deferred<number>();
    const first = cache.getOrSet("key", () => never.promise);
    await new Promise(setImmediate);
    assert.equal(await cache.getOrSet("key", () => 2), 2);
    never.resolve(1);
    assert.equal(await first, 1);
  });

  test("whose promise is kept in session.items is made once for callers at different times of one request", async () => {
    const world = new World();
    let made = 0;
    const ratesOf = ({ items }: Session): Promise<number> => {
      if (!items.has("rates"))
        items.set(
          "rates",
          world.sessions.cache.getOrSet("rates", () => tick().then(() => ++made)),
        );
      return items.get("rates") as Promise<number>;
    };
    await world.sessions.handle(request(), undefined, async (session) => {
      const first = ratesOf(session);
      await tick();
      assert.deepEqual([await ratesOf(session), await first, made], [1, 1, 1]);
      return new Response();
    });
    assert.deepEqual(world.store.taken(), ["load", "put"]);
  });

  test("of other keys goes on beside it", async () => {
    const { cache } = new World().sessions;
    assert.deepEqual(await Promise.all(["a", "b"].map((key) => cache.getOrSet(key, () => key))), ["a", "b"]);
  });

  test("that is over is joined by nobody: what was removed since is made anew", async () => {
    const store = memoryStore({ isolated: true });
    const { cache } = createSessions({ secrets: [SECRET], store });
    await cache.set("key", 1);
    assert.equal(await cache.getOrSet("key", () => 2), 1);
    // It is gone before this turn goes on.
    void store.remove(place("key"), { signal: new AbortController().signal });
    assert.equal(await cache.getOrSet("key", () => 2), 2);
  });

  test("stores nothing when make throws, and throws it to all", async () => {
    const world = new World();
    const { cache } = world.sessions;
    const fails = () => Promise.reject(new RangeError("the maker's own"));
    const asked = await Promise.allSettled([cache.getOrSet("key", fails), cache.getOrSet("key", () => 1)]);
    assert.deepEqual(
      asked.map((each) => (each.status === "rejected" ? String(each.reason) : each.value)),
      Array(2).fill("RangeError: the maker's own"),
    );
    assert.deepEqual(world.store.taken(), ["load"]);
    assert.equal(await cache.getOrSet("key", () => 2), 2);
  });

  test("refuses what make gives and cannot be kept", async () => {
    const world = new World();
    await assert.rejects(
      world.sessions.cache.getOrSet("key", () => undefined),
      { code: "value-not-serializable" },
    );
    assert.deepEqual(world.store.taken(), ["load"]);
  });
});

describe("a store that fails", () => {
  const down = () => {
    throw new Error("canary");
  };

  test("rejects every call with its code, and is told of", async () => {
    const world = new World();
    const { cache } = world.sessions;
    world.store.before = down;
    const calls = {
      load: () => cache.get("key"),
      put: () => cache.set("key", 1),
      remove: () => cache.remove("key"),
    };
    for (const [operation, make] of Object.entries(calls)) {
      assert.equal(await codeOf(make), "store-unavailable");
      const [event] = world.events.splice(0);
      assert.ok(event?.name === "store-failed" && event.operation === operation && event.session === undefined);
    }
    assert.equal(await codeOf(() => cache.refresh("key")), "store-unavailable");
    assert.equal(await codeOf(() => cache.getOrSet("key", () => 1)), "store-unavailable");
  });

  test("is an event only under throwOnError: false: nothing is found, what is made is given", async () => {
    const world = new World({ throwOnError: false });
    const { cache } = world.sessions;
    await cache.set("key", 1);
    world.store.before = down;
    assert.equal(await cache.get("key"), undefined);
    await cache.set("key", 2);
    await cache.refresh("key");
    await cache.remove("key");
    assert.equal(await cache.getOrSet("key", () => 3), 3);
    assert.deepEqual(world.told(), Array(6).fill("store-failed"));
    world.store.before = () => undefined;
    assert.equal(await cache.get("key"), 1);
    assert.equal(await codeOf(() => cache.set("key", undefined)), "value-not-serializable");
    assert.equal(await codeOf(() => cache.set("key", 1, { absoluteExpirationSeconds: 0 })), "invalid-options");
  });

  test("only while it renews still gives the value; a refresh says so", async () => {
    const world = new World();
    const { cache } = world.sessions;
    await cache.set("key", 1, { slidingExpirationSeconds: 10 });
    world.store.before = (operation) => (operation === "refresh" ? down() : undefined);
    assert.equal(await cache.get("key"), 1);
    assert.deepEqual(world.told(), ["store-failed"]);
    assert.equal(await codeOf(() => cache.refresh("key")), "store-unavailable");
  });

  test("to answer is waited for as long as ioTimeoutMs", async () => {
    const world = new World({ ioTimeoutMs: 20 });
    world.store.before = () => new Promise(() => {});
    assert.equal(await codeOf(() => world.sessions.cache.get("key")), "timeout");
    assert.equal(await codeOf(() => world.sessions.cache.set("key", 1)), "timeout");
  });
});
