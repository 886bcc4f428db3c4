// A server as a framework's own command starts it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Folder } from "./folder.ts";

/** A server that runs until `stop()`, and with this process at the latest. */
export interface Serving {
  /** Without a slash at its end. */
  readonly url: string;
  stop(): Promise<void>;
}

/** What to run, and the words with which it says where it listens: the first group is the port. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly says: RegExp;
  readonly variables?: Readonly<Record<string, string>>;
}

/** wrangler, on a port that it finds itself. */
export function wrangler(path: string, ...more: string[]): Command {
  const where = ["--ip", "127.0.0.1", "--port", "0", "--inspector-port", "0", "--show-interactive-dev-session=false"];
  return { program: path, args: ["dev", ...where, ...more], says: /Ready on http:\/\/127\.0\.0\.1:(\d+)/ };
}

/** Starts a command in the folder, in a process group of its own; it answers when this resolves. */
export async function serve(folder: Pick<Folder, "path" | "env">, { program, args, says, variables = {} }: Command): Promise<Serving> {
  const child = spawn(program, args, {
    cwd: folder.path,
    env: { ...folder.env, ...variables },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  const end = (signal: NodeJS.Signals) => {
    try {
      process.kill(-(child.pid ?? 0), signal);
    } catch {
      // Nobody is left in it.
    }
  };
  const atExit = () => end("SIGKILL");
  process.once("exit", atExit);
  const ended = once(child, "close");
  const port = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on("line", (line) => {
        lines.push(line);
        const found = says.exec(line)?.[1];
        if (found !== undefined) resolve(found);
      });
    }
    child.once("error", reject);
    ended.then(() => reject(new Error(`${program} ${args.join(" ")} does not start:\n${lines.join("\n")}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      end("SIGTERM");
      const patience = setTimeout(() => end("SIGKILL"), 5000);
      await ended;
      clearTimeout(patience);
      end("SIGKILL");
      process.off("exit", atExit);
    },
  };
}
