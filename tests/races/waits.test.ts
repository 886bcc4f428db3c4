// How long writers wait for each other, in a real Redis.
//
// tests/protocol/waits.test.ts has the same numbers in virtual time, where they are exact; here they are only told.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { createSessions, SessionError } from "edge-session";
import { webdisStore } from "edge-session/stores/webdis";
import { seedFor } from "../api/seeds.ts";
import { lag } from "../fault-proxy.ts";
import { type FaultServer, startFaultServer } from "../fault-server.ts";
import { requestWith, sentCookie } from "../protocol/request.ts";
import { seeded } from "../protocol/virtual-time.ts";
import { lineOf, type Outcome, waitsOf } from "../protocol/waits.ts";
import { startRedis, startWebdis } from "../servers.ts";

/** Milliseconds that a call travels, there and back. */
const ROUND_TRIP = { from: 20, to: 60 };

describe("on a Redis that is 20 to 60 ms away", () => {
  const stops: (() => unknown)[] = [];
  let far: FaultServer;
  let target = "";

  before(async () => {
    const redis = await startRedis();
    stops.unshift(redis.stop);
    const webdis = await startWebdis({ redisPort: redis.port });
    stops.unshift(webdis.stop);
    target = webdis.url;
    far = await startFaultServer();
    stops.unshift(far.stop);
  });
  after(async () => {
    for (const stop of stops) await stop();
  });

  for (const [writers, rounds] of [
    [2, 8],
    [8, 5],
    [16, 3],
    [40, 2],
  ] as const) {
    test(`none of ${writers} writers fails, and each is counted`, async (t) => {
      const draw = seeded(seedFor(t));
      const outcomes: Outcome[] = [];
      for (let round = 0; round < rounds; round++) {
        const outcome = await race(writers, draw);
        assert.deepEqual([outcome.failures, outcome.count], [[], writers]);
        outcomes.push(outcome);
      }
      t.diagnostic(lineOf(waitsOf(writers, outcomes)));
    });
  }

  /** Lets writers add to one counter at once. */
  async function race(writers: number, draw: () => number): Promise<Outcome> {
    const sessions = createSessions<{ count: number }>({
      secrets: ["one secret of thirty-two bytes, or more"],
      // The machine may be busy: what ioTimeoutMs allows is held in virtual time.
      store: webdisStore({ url: far.url, operationTimeoutMs: 20_000, circuitBreaker: false }),
      ioTimeoutMs: 60_000,
    });
    const visit = (cookie: string | undefined) =>
      sessions.handle(requestWith(cookie), undefined, async (session) => {
        await session.load();
        if (cookie === undefined) session.set("count", 0);
        else session.update("count", (count = 0) => count + 1);
        return Response.json(session.get("count"));
      });
    far.play(async (seen, response) => {
      const half = (ROUND_TRIP.from + draw() * (ROUND_TRIP.to - ROUND_TRIP.from)) / 2;
      await pause(half);
      await lag(target, half)(seen, response);
    });
    const cookie = sentCookie(await visit(undefined));
    far.seen.length = 0;
    const failures: (string | undefined)[] = [];
    const times = Array.from({ length: writers }, async () => {
      const started = performance.now();
      await visit(cookie).catch((error: unknown) => failures.push(error instanceof SessionError ? error.code : String(error)));
      return performance.now() - started;
    });
    const took = await Promise.all(times);
    const calls = far.seen.length;
    return { took, calls, failures, count: Number(await (await visit(cookie)).json()) - 1 };
  }
});
