// A Redis that is full still lets users sign out.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createSessions } from "edge-session";
import { codeOf, pairOf, request } from "../api/world.ts";
import { fronts } from "../fronts.ts";
import { connectRedis } from "../redis-client.ts";
import { startRedis } from "../servers.ts";

const SECRET = "one secret of thirty-two bytes, or more";

describe("a full Redis", () => {
  for (const { name, start, open } of fronts) {
    test(`reads, and ends sessions, through ${name}`, async () => {
      const server = await startRedis();
      const front = await start(server.port);
      const redis = await connectRedis(server.port);
      try {
        const sessions = createSessions({ secrets: [SECRET], store: open(front.url, {}), onEvent: () => undefined });
        const loaded = async (cookie?: string) => {
          const session = sessions.open(request({ cookie }));
          await session.load();
          return session;
        };
        const begun = await loaded();
        begun.set("user", "ada");
        await begun.commit();
        const cookie = pairOf(begun.setCookieHeaders()[0] ?? "");
        await redis.send("CONFIG", "SET", "maxmemory", "1");
        const session = await loaded(cookie);
        assert.equal(session.get("user"), "ada");
        session.set("user", "bob");
        assert.equal(await codeOf(() => session.commit()), "store-quota");
        const other = await loaded(cookie);
        await session.destroy();
        assert.match(session.setCookieHeaders()[0] ?? "", /Max-Age=0/);
        assert.equal((await loaded(cookie)).isNew, true);
        await redis.send("CONFIG", "SET", "maxmemory", "0");
        other.set("user", "bob");
        assert.equal(await codeOf(() => other.commit()), "destroyed", "its tombstone is there");
      } finally {
        redis.close();
        await front.stop();
        await server.stop();
      }
    });
  }
});
