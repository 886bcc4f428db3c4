// Serves the Upstash REST API on one loopback port.

import { serve } from "@hono/node-server";
import { createApp } from "@humanwhocodes/upstash-redis-server";

const [port, redisPort, token, user = ""] = process.argv.slice(2);
if (port === undefined || redisPort === undefined || token === undefined)
  throw new Error("usage: upstash-server.ts PORT REDIS_PORT TOKEN [USER:PASSWORD@]");
const app = createApp({ token, redisUrl: `redis://${user}127.0.0.1:${redisPort}` });
serve({ fetch: app.fetch, port: Number(port), hostname: "127.0.0.1" });
