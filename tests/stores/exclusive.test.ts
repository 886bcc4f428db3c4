// Forty writers exclude each other, on stores with locks.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSessions, memoryStore, type Session, type SessionsOptions, type Store } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";
import { webdisStore } from "edge-session/stores/webdis";
import { connectRedis } from "../redis-client.ts";
import { startRedis, startUpstash, startWebdis } from "../servers.ts";

const WRITERS = 40;
const secrets = ["a secret of this test, of 32 bytes or more"];
const token = "token-of-the-tests";
// The machine may be busy, and forty calls at once come long after each other then.
const patience = { operationTimeoutMs: 20_000, circuitBreaker: false };

type Counted = { count: number };
type Handler = (session: Session<Counted>) => Promise<unknown>;

/** Adds one as people do who know no `update`. */
const step: Handler = async (session) => {
  await session.load();
  session.set("count", (session.get("count") ?? 0) + 1);
};

const look: Handler = (session) => session.load({ readOnly: true });

/** Begins a session, lets all requests come at once, and gives what it counts to. */
async function countOf(store: Store, handlers: readonly Handler[], options: Partial<SessionsOptions> = {}): Promise<number> {
  const sessions = createSessions<Counted>({ secrets, store, concurrency: "exclusive", ioTimeoutMs: 120_000, ...options });
  let cookie = "";
  const visit = async (handler: Handler) => {
    const request = new Request("https://app.example/", { headers: { cookie } });
    const answer = await sessions.handle(request, undefined, async (session) => {
      await handler(session);
      return Response.json(session.get("count"));
    });
    assert.equal(answer.status, 200);
    const [line] = answer.headers.getSetCookie();
    if (line !== undefined) cookie = line.split(";", 1)[0] ?? "";
    return Number(await answer.json());
  };
  await visit(async (session) => {
    await session.load();
    session.set("count", 0);
  });
  await Promise.all(handlers.map(visit));
  return visit(look);
}

const writers: Handler[] = Array.from({ length: WRITERS }, () => step);
const readers: Handler[] = Array.from({ length: 10 }, () => look);

/** Runs something with a store on a Redis of its own. */
async function onRedis(front: "webdis" | "upstash", run: (store: Store, lockKeys: () => Promise<unknown>) => Promise<void>): Promise<void> {
  const redisServer = await startRedis();
  const server = await (front === "webdis" ? startWebdis({ redisPort: redisServer.port }) : startUpstash({ redisPort: redisServer.port, token }));
  const redis = await connectRedis(redisServer.port);
  try {
    const store = front === "webdis" ? webdisStore({ url: server.url, ...patience }) : upstashStore({ url: server.url, token, ...patience });
    await run(store, () => redis.send("KEYS", "*_Write_Lock"));
  } finally {
    redis.close();
    await server.stop();
    await redisServer.stop();
  }
}

describe("forty requests that add one by get and set", () => {
  it("all count, in memory", async () => {
    assert.equal(await countOf(memoryStore({ isolated: true }), [...writers, ...readers]), WRITERS);
  });

  for (const front of ["webdis", "upstash"] as const) {
    it(`all count, on Redis behind ${front}, and leave no lock`, () =>
      onRedis(front, async (store, lockKeys) => {
        assert.equal(await countOf(store, [...writers, ...readers]), WRITERS);
        assert.deepEqual(await lockKeys(), []);
      }));
  }

  it("lose steps without the lock, so that the tests above can fail", async () => {
    assert.ok((await countOf(memoryStore({ isolated: true }), writers, { concurrency: "merge" })) < WRITERS);
  });
});
