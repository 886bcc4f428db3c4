// The demo in real workerd, with its sessions in a real Redis.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";
import { Visitor } from "../jar.ts";
import { connectRedis, type RedisClient } from "../redis-client.ts";
import { type Server, startRedis, startUpstash, startWebdis } from "../servers.ts";
import { startWorker, type Worker } from "./harness.ts";

const RECORD = /^1j\.[\w-]{16}\.[\w-]{16}\.([\w-]{16}|-)\.\d{13}\.\d{10}\.\{\n"visits":(\d+)\}$/;

const token = randomBytes(32).toString("base64url");
const fronts = {
  webdis: (redisPort: number) => startWebdis({ redisPort }),
  upstash: (redisPort: number) => startUpstash({ redisPort, token }),
};

for (const [store, startFront] of Object.entries(fronts)) {
  describe(`the demo on ${store}`, () => {
    const secret = randomBytes(32).toString("base64url");
    const stops: (() => unknown)[] = [];
    let server: Server;
    let front: Server;
    let redis: RedisClient;
    let worker: Worker;

    const startDemo = async (SESSION_SECRET: string) => {
      const bindings = { SESSION_SECRET, STORE: store, STORE_URL: front.url, STORE_TOKEN: token };
      const started = await startWorker({ entry: "demo/worker.ts", bindings });
      stops.unshift(started.stop);
      return started;
    };
    const onlyKey = async () => {
      const keys = await redis.send("KEYS", "*");
      assert.ok(Array.isArray(keys) && keys.length === 1, "one key is stored");
      return String(keys[0]);
    };

    before(async () => {
      server = await startRedis();
      stops.unshift(server.stop);
      front = await startFront(server.port);
      stops.unshift(front.stop);
      redis = await connectRedis(server.port);
      stops.unshift(redis.close);
      worker = await startDemo(secret);
    });
    after(async () => {
      for (const stop of stops) await stop();
    });
    beforeEach(() => redis.send("FLUSHALL"));

    test("keeps a record that a person can read, as long as the idle time", async () => {
      const visitor = new Visitor(worker.url);
      await visitor.get("/api/visits");
      await visitor.get("/api/visits");
      const key = await onlyKey();
      assert.match(key, /^\{edge-session_[\w-]{22}\}_Data$/);
      assert.equal(RECORD.exec(String(await redis.send("GET", key)))?.[2], "2");
      const seconds = Number(await redis.send("TTL", key));
      assert.ok(seconds > 1190 && seconds <= 1200, `${seconds} s`);
    });

    test("stores nothing for a visitor who needs no session", async () => {
      await fetch(`${worker.url}/health`);
      await fetch(`${worker.url}/nothing`);
      assert.deepEqual(await redis.send("KEYS", "*"), []);
    });

    test("knows a visitor in every worker with the secret, and in no other", async () => {
      const visitor = new Visitor(worker.url);
      await visitor.get("/api/visits");
      const Cookie = `__Host-session=${await visitor.cookie("__Host-session")}`;
      const [same, other] = [await startDemo(secret), await startDemo(randomBytes(32).toString("base64url"))];
      assert.deepEqual(await (await fetch(`${same.url}/api/visits`, { headers: { Cookie } })).json(), { visits: 2 });
      assert.deepEqual(await (await fetch(`${other.url}/api/visits`, { headers: { Cookie } })).json(), { visits: 1 });
    });

    test("keeps all of 40 things added at once", async () => {
      const visitor = new Visitor(worker.url);
      await visitor.get("/");
      const answers = await Promise.all(Array.from({ length: 40 }, () => visitor.post("/cart/add", { product: "Dates" })));
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
      await Promise.all(answers.map((answer) => answer.body?.cancel()));
      assert.match(await (await visitor.get("/")).text(), /<output id="Dates">40</);
    });

    test("leaves nothing of a visitor who signs out", async () => {
      const visitor = new Visitor(worker.url);
      await visitor.post("/sign-in", { name: "Ada" });
      assert.match(String(await redis.send("GET", await onlyKey())), /Ada/);
      await visitor.post("/sign-out");
      const keys = (await redis.send("KEYS", "*")) as string[];
      const records = await Promise.all(keys.map((key) => redis.send("GET", key)));
      assert.doesNotMatch(records.join(), /Ada/);
    });

    test("answers 503 while Redis hangs, and has lost nothing when it is back", async () => {
      const visitor = new Visitor(worker.url);
      await visitor.post("/sign-in", { name: "Ada" });
      process.kill(server.pid, "SIGSTOP");
      const answer = await visitor.get("/").finally(() => process.kill(server.pid, "SIGCONT"));
      assert.equal(answer.status, 503);
      assert.deepEqual(visitor.setCookieLines, []);
      let html = "";
      for (let i = 0; i < 1000 && !html.includes("Hello"); i++) html = await (await visitor.get("/")).text();
      assert.match(html, /Hello, Ada</);
    });
  });
}
