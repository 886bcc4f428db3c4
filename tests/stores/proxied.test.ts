// The stores over HTTP keep their laws through a proxy.

import type { Conflict, Store } from "edge-session";
import { lag, startFaultProxy, stumble } from "../fault-proxy.ts";
import { reply, reset, truncate } from "../fault-server.ts";
import { type Front, fronts } from "../fronts.ts";
import { connectRedis, passTime } from "../redis-client.ts";
import { startRedis } from "../servers.ts";
import { type Subject, storeLaws } from "../store-laws.ts";

const limits = { operationTimeoutMs: 5000, retryTimeoutMs: 200 };

/** What fails before anything is carried out, and is tried again. */
const harmless = [reset, reply(503, "<html>"), reply(429), truncate('{"resu'), reply(408), reply(500)];

/** A store behind a proxy; what is repeated may be told as lost, which no law speaks of. */
async function open({ start, open: openStore }: Front, isLossy: boolean): Promise<Subject> {
  const redisServer = await startRedis();
  const front = await start(redisServer.port);
  const redis = await connectRedis(redisServer.port);
  const between = await startFaultProxy(front.url);
  if (isLossy) between.play(stumble(front.url, ...harmless, lag(front.url, 5)));
  const store = openStore(between.url, limits);
  const stop = async () => {
    redis.close();
    await between.stop();
    await front.stop();
    await redisServer.stop();
  };
  return { store: isLossy ? silentOnLosses(store) : store, passTime: (seconds) => passTime(redis, seconds), stop };
}

function silentOnLosses(store: Store): Store {
  const update: Store["update"] = async (...asked) => {
    const answer = await store.update(...asked);
    return typeof answer === "object" ? ({ conflict: answer.conflict } satisfies Conflict) : answer;
  };
  return new Proxy(store, {
    get(target, name) {
      if (name === "update") return update;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

for (const front of fronts) {
  storeLaws(`${front.name} through a proxy`, () => open(front, false));
  storeLaws(`${front.name} through a proxy that fails every fourth try`, () => open(front, true));
}
