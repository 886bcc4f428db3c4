// What the stores over HTTP send, byte for byte, and where.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Store } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";
import { webdisStore } from "edge-session/stores/webdis";
import { type FaultServer, reply, type Seen, startFaultServer } from "../fault-server.ts";
import { anyIo, recordOf, revisionOf } from "../store-laws.ts";

const key = "{app_AAAAAAAAAAAAAAAAAAAAAA}_Data";
const [old, next] = [recordOf("a"), recordOf("b", '{\n"a/b?c":"%2F+.x"}')];
let server: FaultServer;

const locksOf = (store: Store) => store as Required<Store>;

before(async () => {
  server = await startFaultServer(reply(500));
});
after(() => server.stop());

/** Makes one call, whatever its end, and gives what was sent. */
async function sent(call: Promise<unknown>): Promise<Seen> {
  server.seen.length = 0;
  await call.catch(() => {});
  assert.equal(server.seen.length, 1, "one request a call");
  const [seen] = server.seen;
  assert.ok(seen);
  return seen;
}

describe("upstashStore sends", () => {
  let store: Store;
  before(() => {
    store = upstashStore({ url: server.url, token: "the-token", retryTimeoutMs: 0, circuitBreaker: false });
  });
  const command = async (call: Promise<unknown>) => JSON.parse((await sent(call)).body) as (string | number)[];

  it("a POST of JSON with the token in a header, and nothing in the url", async () => {
    const { method, target, headers } = await sent(store.load(key, 1200, anyIo()));
    assert.deepEqual([method, target], ["POST", "/"]);
    assert.equal(headers.authorization, "Bearer the-token");
    assert.equal(headers["content-type"], "application/json");
  });

  it("no header that would change the answer's form", async () => {
    const { headers } = await sent(store.load(key, 1200, anyIo()));
    assert.deepEqual(
      Object.keys(headers).filter((name) => name.startsWith("upstash")),
      [],
    );
  });

  it("one command for each operation", async () => {
    assert.deepEqual(await command(store.load(key, 1200, anyIo())), ["GETEX", key, "EX", 1200]);
    assert.deepEqual(await command(store.load(key, 0, anyIo())), ["GETEX", key]);
    assert.deepEqual((await command(store.create(key, old, 60, anyIo()))).toSpliced(1, 1), ["EVAL", 1, key, 60, old]);
    assert.deepEqual((await command(store.update(key, next, revisionOf(old), 60, anyIo()))).toSpliced(1, 1), [
      "EVAL",
      1,
      key,
      revisionOf(old),
      60,
      next,
    ]);
    assert.deepEqual(await command(store.replace(key, next, 60, anyIo())), ["SET", key, next, "EX", 60, "XX"]);
    assert.deepEqual(await command(store.refresh(key, 60, anyIo())), ["EXPIRE", key, 60]);
    assert.deepEqual(await command(store.remove(key, anyIo())), ["DEL", key]);
    assert.deepEqual(await command(store.put(key, "text", 60, anyIo())), ["SET", key, "text", "EX", 60]);
    assert.deepEqual(await command(store.put(key, "text", 0, anyIo())), ["SET", key, "text"]);
    assert.deepEqual((await command(locksOf(store).lock(key, "token", 1500, anyIo()))).toSpliced(1, 1), ["EVAL", 1, key, 1500, "token"]);
    assert.deepEqual((await command(locksOf(store).unlock(key, "token", anyIo()))).toSpliced(1, 1), ["EVAL", 1, key, "token"]);
  });

  it("to the path of its url, as given", async () => {
    const below = upstashStore({ url: `${server.url}/redis`, token: "t", retryTimeoutMs: 0 });
    assert.equal((await sent(below.load(key, 60, anyIo()))).target, "/redis");
  });

  it("hostile texts as they are", async () => {
    const hostile = '"],["FLUSHALL"],["\n\u0000/?#%é😀';
    assert.deepEqual(await command(store.load(hostile, 60, anyIo())), ["GETEX", hostile, "EX", 60]);
    assert.deepEqual(await command(store.put("k", hostile, 0, anyIo())), ["SET", "k", hostile]);
  });
});

describe("webdisStore sends", () => {
  let store: Store;
  before(() => {
    store = webdisStore({ url: server.url, retryTimeoutMs: 0, circuitBreaker: false });
  });

  /** The arguments as Webdis reads them. */
  const command = async (call: Promise<unknown>) => {
    const { method, target, body } = await sent(call);
    const read = (path: string) => path.split("/").map((part) => decodeURIComponent(part));
    if (method === "POST") {
      assert.equal(target, "/");
      return read(body);
    }
    assert.equal(method, "PUT");
    return [...read(target.slice(1)), body];
  };

  it("a text as the raw body of a PUT, all else in the body of a POST", async () => {
    assert.deepEqual(await command(store.load(key, 1200, anyIo())), ["GETEX", key, "EX", "1200"]);
    assert.deepEqual(await command(store.load(key, 0, anyIo())), ["GETEX", key]);
    assert.deepEqual((await command(store.create(key, old, 60, anyIo()))).toSpliced(1, 1), ["EVAL", "1", key, "60", old]);
    assert.deepEqual((await command(store.update(key, next, revisionOf(old), 60, anyIo()))).toSpliced(1, 1), [
      "EVAL",
      "1",
      key,
      revisionOf(old),
      "60",
      next,
    ]);
    assert.deepEqual((await command(store.replace(key, next, 60, anyIo()))).toSpliced(1, 1), ["EVAL", "1", key, "EX", "60", "XX", next]);
    assert.deepEqual(await command(store.refresh(key, 60, anyIo())), ["EXPIRE", key, "60"]);
    assert.deepEqual(await command(store.remove(key, anyIo())), ["DEL", key]);
    assert.deepEqual((await command(store.put(key, "text", 60, anyIo()))).toSpliced(1, 1), ["EVAL", "1", key, "EX", "60", "text"]);
    assert.deepEqual((await command(store.put(key, "text", 0, anyIo()))).toSpliced(1, 1), ["EVAL", "1", key, "text"]);
    assert.deepEqual((await command(locksOf(store).lock(key, "token", 1500, anyIo()))).toSpliced(1, 1), ["EVAL", "1", key, "1500", "token"]);
    assert.deepEqual((await command(locksOf(store).unlock(key, "token", anyIo()))).toSpliced(1, 1), ["EVAL", "1", key, "token"]);
  });

  it("every byte of a key that is not a letter, a digit, _ or - encoded", async () => {
    const ascii = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).join("");
    const { target } = await sent(store.create(`${ascii}é😀.json`, old, 60, anyIo()));
    assert.match(target, /^\/EVAL(\/([A-Za-z0-9_-]|%[0-9A-F]{2})+)+$/);
    assert.equal(decodeURIComponent(target.split("/")[4] ?? ""), `${ascii}é😀.json`);
    const { body } = await sent(store.load(`${ascii}é.txt`, 60, anyIo()));
    assert.match(body, /^GETEX(\/([A-Za-z0-9_-]|%[0-9A-F]{2})+)+$/);
  });

  it("the database first in the path or body, and none for 0", async () => {
    const seventh = webdisStore({ url: server.url, databaseId: 7, retryTimeoutMs: 0 });
    assert.match((await sent(seventh.load(key, 60, anyIo()))).body, /^7\/GETEX\//);
    assert.match((await sent(seventh.create(key, old, 60, anyIo()))).target, /^\/7\/EVAL\//);
    const first = webdisStore({ url: server.url, databaseId: 0, retryTimeoutMs: 0 });
    assert.match((await sent(first.load(key, 60, anyIo()))).body, /^GETEX\//);
  });

  it("below the path of its url", async () => {
    const below = webdisStore({ url: `${server.url}/redis/`, retryTimeoutMs: 0 });
    assert.equal((await sent(below.load(key, 60, anyIo()))).target, "/redis/");
    assert.match((await sent(below.create(key, old, 60, anyIo()))).target, /^\/redis\/EVAL\//);
  });

  it("user and password as UTF-8 in a header, and neither in the url", async () => {
    const known = webdisStore({ url: server.url, username: "edge", password: "pä:ß", retryTimeoutMs: 0 });
    const { headers, target, body } = await sent(known.create(key, old, 60, anyIo()));
    assert.equal(headers.authorization, `Basic ${Buffer.from("edge:pä:ß").toString("base64")}`);
    assert.doesNotMatch(target + body, /edge:|p%C3%A4/);
    assert.equal((await sent(store.load(key, 60, anyIo()))).headers.authorization, undefined);
  });
});
