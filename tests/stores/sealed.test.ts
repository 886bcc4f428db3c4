// Sealed records on a real Redis, and what comes back.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createSessions, type Session } from "edge-session";
import { fronts } from "../fronts.ts";
import { connectRedis, type RedisClient } from "../redis-client.ts";
import { type Server, startRedis } from "../servers.ts";

const secrets = ["a secret of this test, of 32 bytes or more"];

type Data = Record<string, unknown>;

describe("a sealed record", () => {
  let server: Server;
  let redis: RedisClient;

  before(async () => {
    server = await startRedis();
    redis = await connectRedis(server.port);
  });
  after(async () => {
    redis.close();
    await server.stop();
  });

  for (const { name, start, open } of fronts) {
    test(`goes through ${name} whole, merges, moves and ends, and Redis sees none of its values`, async (t) => {
      const front = await start(server.port);
      t.after(() => front.stop());
      const store = open(front.url, { operationTimeoutMs: 20_000 });
      const sessions = createSessions<Data>({ secrets, store, encryptRecords: true });
      let cookie = "";
      const loaded = async (): Promise<Session<Data>> => {
        const session = sessions.open(new Request("https://app.example/", { headers: { cookie } }));
        await session.load();
        return session;
      };
      const stored = async (session: Session<Data>) => {
        await session.commit();
        const [line] = session.setCookieHeaders();
        if (line !== undefined) cookie = line.split(";", 1)[0] ?? "";
      };
      const text = `canary \u{1f36a} ${"x".repeat(60_000)}`;
      const first = await loaded();
      first.set("text", text);
      await stored(first);
      const [one, other] = [await loaded(), await loaded()];
      one.update("count", (count = 0) => (count as number) + 1);
      other.update("count", (count = 0) => (count as number) + 1);
      await stored(one);
      await stored(other);
      const moving = await loaded();
      moving.regenerateId({ graceSeconds: 30 });
      await stored(moving);
      const last = await loaded();
      assert.deepEqual([last.get("text"), last.get("count")], [text, 2]);
      const keys = (await redis.send("KEYS", "*_Data")) as string[];
      const records = await Promise.all(keys.map((key) => redis.send("GET", key)));
      assert.deepEqual(records.map((record) => String(record).slice(0, 3)).sort(), ["1m.", "1s."]);
      for (const record of records) assert.ok(!String(record).includes("canary"));
      await last.destroy();
      await redis.send("FLUSHALL");
    });
  }
});
