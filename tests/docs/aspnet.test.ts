// What "Coming from ASP.NET" says is there, and holds.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createSessions, memoryStore, type Session, type SessionEvent, type SessionsOptions, type Store } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";
import { webdisStore } from "edge-session/stores/webdis";
import { codesIn, readProjectFile, tableBelow } from "./markdown.ts";
import { exists } from "./ours.ts";

const readme = readProjectFile("README.md");
const headings = [
  "Where state lives",
  "`ISession`",
  "TempData",
  "Options of ASP.NET Core",
  "The cache of ASP.NET Core",
  "Settings of the Azure provider",
];

/** What the seeds' table, ASP.NET Core and the Azure provider name; each has its row. */
const theirs = {
  state: "Cookies, Session state, TempData, Query strings, Hidden fields, HttpContext.Items, IDistributedCache, IMemoryCache",
  session: "LoadAsync Get TryGetValue GetString GetInt32 Set SetString SetInt32 Remove Clear Keys Id IsAvailable CommitAsync",
  temp: "Peek Keep ContainsKey Keys Remove CookieTempDataProvider AddSessionStateTempDataProvider CookieTempDataProviderOptions",
  options: "IdleTimeout IOTimeout",
  cookie: "Name Path Domain SameSite HttpOnly SecurePolicy MaxAge Expiration IsEssential Extensions",
  cache: "GetAsync SetAsync RefreshAsync RemoveAsync AbsoluteExpiration AbsoluteExpirationRelativeToNow SlidingExpiration",
  azure: `host port accessKey ssl throwOnError LastException retryTimeoutInMilliseconds databaseId applicationName connectionTimeoutInMilliseconds
    operationTimeoutInMilliseconds connectionString settingsClassName settingsMethodName loggingClassName loggingMethodName redisSerializerType`,
};

const rows = headings.flatMap((heading) => tableBelow(readme, heading).rows);
const named = rows.map((row) => row.get("theirs") ?? "").join(" ");

/** The names of ours in the tables: options, and members by the object they belong to. */
const ours = [...new Set(rows.flatMap((row) => codesIn(row.get("ours") ?? "")))];

describe("the tables of what is left behind", () => {
  test("have a row for every state, member, option and setting of theirs", () => {
    for (const name of theirs.state.split(", ")) assert.ok(named.includes(name), name);
    for (const name of theirs.cookie.split(" ")) assert.ok(named.includes(`\`Cookie.${name}\``), name);
    const words = new Set(named.match(/\w+/g));
    for (const list of [theirs.session, theirs.temp, theirs.options, theirs.cache, theirs.azure])
      for (const name of list.split(/\s+/)) assert.ok(words.has(name), name);
  });

  test("name nothing of ours that is not there", () => {
    assert.ok(ours.length > 40);
    assert.deepEqual(
      ours.filter((code) => !exists(code)),
      [],
    );
    assert.deepEqual([exists("session.abandon()"), exists("cookie.expiration"), exists("sessions.cache.clear()")], [false, false, false]);
  });
});

const secrets = ["a secret of this test, of 32 bytes or more"];

/** Sessions over a memory of their own, with what they tell. */
function world(options: Partial<SessionsOptions> = {}) {
  const events: SessionEvent[] = [];
  const seconds: number[] = [];
  const keys: string[] = [];
  const memory = memoryStore({ isolated: true });
  const store = Object.create(memory) as Store & { fails: boolean };
  for (const operation of ["create", "load", "put", "update"] as const) {
    Object.assign(store, {
      [operation](...given: unknown[]) {
        if (store.fails) throw new Error("down");
        keys.push(String(given[0]));
        seconds.push(...given.filter((each) => typeof each === "number"));
        return (memory[operation] as (...given: unknown[]) => unknown).apply(memory, given);
      },
    });
  }
  const sessions = createSessions({ secrets, store, onEvent: (event) => events.push(event), ...options });
  const visit = (act: (session: Session) => unknown, cookie = "") =>
    sessions.handle(new Request("https://app.example/", { headers: { cookie } }), undefined, async (session) => {
      await session.load();
      return Response.json((await act(session)) ?? null);
    });
  const begun = async () => (await visit((session) => session.set("n", 1))).headers.getSetCookie()[0] ?? "";
  return { sessions, store, events, seconds, keys, visit, begun };
}

describe("what differs", () => {
  test("is as the tables say: 20 minutes, a day, 110 seconds, and the key's shape", async () => {
    const { begun, seconds, keys } = world({ applicationName: "shop" });
    const line = await begun();
    assert.deepEqual(seconds, [1200]);
    assert.match(keys[0] ?? "", /^\{shop_[\w-]{22}\}_Data$/);
    assert.match(line, /^__Host-session=[^;]+; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
    const table = new Map(tableBelow(readme, "Options").rows.map((row) => [codesIn(row.get("option") ?? "")[0], row.get("default")]));
    assert.deepEqual(
      ["ioTimeoutMs", "absoluteTimeoutSeconds", "lockTimeoutMs"].map((option) => table.get(option)),
      ["`10000`", "`86400`", "`110000`"],
    );
  });

  test("databaseId is Webdis', and refused for Upstash unless it is 0", () => {
    const upstash = (databaseId: unknown) => () => upstashStore({ url: "https://r.example", token: "t", ...{ databaseId } } as never);
    assert.throws(upstash(3), { code: "invalid-options", message: /databaseId/ });
    assert.equal(upstash(0)().name, "upstash");
    assert.equal(webdisStore({ url: "https://r.example", databaseId: 3 }).name, "webdis");
  });

  test("throwOnError: false gives an empty session that cannot be written, and an event of that request", async () => {
    const { begun, store, events, visit } = world({ throwOnError: false });
    const cookie = (await begun()).split(";")[0];
    store.fails = true;
    const answer = await visit((session) => {
      assert.deepEqual([session.isAvailable, session.get("n")], [false, undefined]);
      assert.throws(() => session.set("n", 2), { code: "store-unavailable" });
    }, cookie);
    store.fails = false;
    assert.equal(answer.status, 200);
    assert.ok(events.some((event) => event.name === "store-failed" && event.operation === "load"));
    assert.equal(await (await visit((session) => session.get("n"), cookie)).json(), 1);
  });

  test("an accessor before load() throws, a read-only session refuses a set, a cleared one stays", async () => {
    const { begun, sessions, visit } = world();
    const cookie = (await begun()).split(";")[0] ?? "";
    const session = sessions.open(new Request("https://app.example/", { headers: { cookie } }));
    assert.throws(() => session.get("n"), { code: "not-loaded" });
    await session.load({ readOnly: true });
    assert.throws(() => session.set("n", 2), { code: "read-only" });
    await visit((each) => each.clear(), cookie);
    assert.deepEqual(await (await visit((each) => [each.isNew, each.size], cookie)).json(), [false, 0]);
  });

  test("a visitor's load asks no store, and what used a session is private", async () => {
    const { keys, visit } = world();
    const answer = await visit(() => {});
    assert.deepEqual([keys, answer.headers.get("cache-control")], [[], "private, no-store"]);
  });

  test("a line of your own stays beside ours", async () => {
    const { sessions } = world();
    const answer = await sessions.handle(new Request("https://app.example/"), undefined, async (session) => {
      await session.load();
      session.set("n", 1);
      return new Response(null, { headers: { "Set-Cookie": "theme=dark" } });
    });
    const [yours, line = ""] = answer.headers.getSetCookie();
    assert.deepEqual([yours, line.startsWith("__Host-session=")], ["theme=dark", true]);
  });

  test("a cache entry that is set for ever loses its earlier end", async () => {
    const { sessions, seconds } = world();
    await sessions.cache.set("key", 1, { absoluteExpirationSeconds: 0.25 });
    await sessions.cache.set("key", 2);
    assert.deepEqual(seconds, [1, 0]);
  });

  test("settings that a class gave come from a function", async () => {
    const sessions = createSessions(() => ({ secrets, store: memoryStore({ isolated: true }) }));
    assert.equal(sessions.open(new Request("https://app.example/")).id, undefined);
  });
});
