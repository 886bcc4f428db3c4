// Users of real fronts that fail at random lose nothing.

import { describe, test } from "node:test";
import { createSessions } from "edge-session";
import { dice, seedFor } from "../api/seeds.ts";
import { startFaultProxy } from "../fault-proxy.ts";
import type { Step } from "../fault-server.ts";
import { faults } from "../faults.ts";
import { fronts } from "../fronts.ts";
import { demand, drawRequests, Ledger, makeUsers, visit } from "../protocol/ledger.ts";
import { connectRedis } from "../redis-client.ts";
import { startRedis } from "../servers.ts";

const USERS = 20;
const CALLS = 500;
const SECRET = "one secret of thirty-two bytes, or more";

describe(`${CALLS} faulted calls of ${USERS} users lose nothing`, () => {
  for (const { name, speech, start, open } of fronts) {
    test(`through ${name}`, async (t) => {
      const roll = dice(seedFor(t));
      const server = await startRedis();
      const front = await start(server.port);
      const redis = await connectRedis(server.port);
      const proxy = await startFaultProxy(front.url);
      try {
        const calm = createSessions({ secrets: [SECRET], store: open(front.url, { operationTimeoutMs: 10_000 }) });
        const limits = { operationTimeoutMs: 400, retryTimeoutMs: 30, circuitBreaker: false };
        const shaken = createSessions({ secrets: [SECRET], store: open(proxy.url, limits), onEvent: () => undefined });
        const idOf = (cookie: string) => calm.open({ headers: new Headers({ cookie }) }).id ?? "";
        const ledger = new Ledger(idOf, async (key) => ((await redis.send("GET", key)) as string | null) ?? undefined);
        const users = makeUsers(USERS);
        for (const user of users) await ledger.settle(await visit(calm, user, "add"));
        let faulted = 0;
        let underWay = 0;
        const step: Step = async (seen, response) => {
          underWay++;
          const fault = roll(2) === 0 ? faults[roll(faults.length)]?.play(speech) : undefined;
          if (fault !== undefined) faulted++;
          const played = fault === undefined ? proxy.pass : roll(2) === 0 ? fault : proxy.spoil(fault);
          await played(seen, response);
          underWay--;
        };
        proxy.play(step);
        while (faulted < CALLS) {
          const outcomes = await Promise.all(drawRequests(users, roll).map(([user, kind]) => visit(shaken, user, kind)));
          for (const outcome of outcomes) await ledger.settle(outcome);
          for (const { user } of outcomes) await ledger.look(user, underWay === 0);
        }
        const { failed, login, loginsFailed } = ledger.ends;
        demand(failed > CALLS / 10, `only ${failed} requests failed`);
        demand(login <= loginsFailed / 5, `of ${loginsFailed} logins that failed ${login} ended the session`);
      } finally {
        await proxy.stop();
        redis.close();
        await front.stop();
        await server.stop();
      }
    });
  }
});
