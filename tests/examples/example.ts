// An example in its own folder, with the package and a Redis.

import { randomBytes } from "node:crypto";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../package/installed.ts";
import { type Folder, folderIn, openFolder } from "../runtimes/folder.ts";
import { type Command, type Serving, serve } from "../runtimes/serve.ts";
import { type Server, startRedis, startUpstash } from "../servers.ts";

/** Examples that share one installed package and one Redis. */
export interface Examples {
  /** What every example reads from its environment. */
  readonly variables: Readonly<Record<string, string>>;
  readonly redis: Server;
  /** Copies an example beside the others. */
  open(name: string): Folder;
  /** Starts a server that ends with the others. */
  serve(folder: Folder, command: Command): Promise<Serving>;
  stop(): Promise<void>;
}

export async function openExamples(): Promise<Examples> {
  const parent = await openFolder();
  const redis = await startRedis();
  const token = randomBytes(32).toString("base64url");
  const front = await startUpstash({ redisPort: redis.port, token });
  const stops = [parent.remove, redis.stop, front.stop];
  const variables = { SESSION_SECRET: randomBytes(32).toString("base64url"), REDIS_URL: front.url, REDIS_TOKEN: token };
  return {
    variables,
    redis,
    open(name) {
      const folder = folderIn(parent, name);
      cpSync(join(ROOT, "examples", name), folder.path, { recursive: true });
      folder.write(
        ".env",
        Object.entries(variables)
          .map(([key, value]) => `${key}="${value}"\n`)
          .join(""),
      );
      return folder;
    },
    async serve(folder, command) {
      const serving = await serve(folder, { ...command, variables: { ...variables, ...command.variables } });
      stops.push(serving.stop);
      return serving;
    },
    async stop() {
      for (const stop of stops.reverse()) await stop();
    },
  };
}
