// Starts Redis and its HTTP fronts on free loopback ports.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ADMIN } from "./redis-client.ts";

/** A server of ours, which ends with `stop()`, and with this process at the latest. */
export interface Server {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** How Webdis is set up; see its own manual for `acl`. */
export interface WebdisSettings {
  readonly redisPort: number;
  readonly redisPassword?: string;
  readonly acl?: readonly unknown[];
  readonly maxRequestBytes?: number;
}

interface Program {
  readonly command: string;
  readonly debianPackage: string;
  readonly scheme: string;
  readonly argumentsFor: (port: number, folder: string) => string[];
}

const READY_MS = 10_000;

/** A Redis that keeps nothing on disk. Who does not sign in may use the commands that the README names, and no other. */
export function startRedis(): Promise<Server> {
  const users = [
    "--user",
    "default",
    "on",
    "nopass",
    "~*",
    "-@all",
    ...namedCommands(),
    "--user",
    ADMIN.name,
    "on",
    `>${ADMIN.password}`,
    "~*",
    "+@all",
  ];
  return start({
    command: "redis-server",
    debianPackage: "redis-server",
    scheme: "redis",
    argumentsFor: (port, folder) => ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no", ...users],
  });
}

/** Those of the README's user, as Redis takes them: `+getex` and so on. */
function namedCommands(): string[] {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const commands =
    /^ACL SETUSER .*/m
      .exec(readme)?.[0]
      .split(" ")
      .filter((word) => /^\+\w+$/.test(word)) ?? [];
  if (commands.length === 0) throw new Error("the README names no commands");
  return commands;
}

/** Webdis in front of a Redis, with a configuration of its own. */
export function startWebdis({ redisPort, redisPassword, acl, maxRequestBytes = 8 * 1_048_576 }: WebdisSettings): Promise<Server> {
  return start({
    command: "webdis",
    debianPackage: "webdis",
    scheme: "http",
    argumentsFor(port, folder) {
      const settings = {
        redis_host: "127.0.0.1",
        redis_port: redisPort,
        ...(redisPassword === undefined ? {} : { redis_auth: redisPassword }),
        ...(acl === undefined ? {} : { acl }),
        http_host: "127.0.0.1",
        http_port: port,
        http_max_request_size: maxRequestBytes,
        threads: 2,
        pool_size: 4,
        daemonize: false,
        websockets: false,
        database: 0,
        verbosity: 0,
        logfile: join(folder, "webdis.log"),
      };
      const file = join(folder, "webdis.json");
      writeFileSync(file, JSON.stringify(settings));
      return [file];
    },
  });
}

/** How the Upstash REST API is set up; `user` is a user of Redis, else it is the default one. */
export interface UpstashSettings {
  readonly redisPort: number;
  readonly token: string;
  readonly user?: { readonly name: string; readonly password: string };
}

/** The Upstash REST API, as `@humanwhocodes/upstash-redis-server` speaks it, in front of a Redis. */
export function startUpstash({ redisPort, token, user }: UpstashSettings): Promise<Server> {
  const script = fileURLToPath(new URL("upstash-server.ts", import.meta.url));
  return start({
    command: process.execPath,
    debianPackage: "nodejs",
    scheme: "http",
    argumentsFor: (port) => [script, String(port), String(redisPort), token, user === undefined ? "" : `${user.name}:${user.password}@`],
  });
}

/** A loopback port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}

/** Another program may take a free port before ours does, so a few are tried. */
async function start(program: Program): Promise<Server> {
  for (let tries = 1; ; tries++) {
    const folder = mkdtempSync(join(tmpdir(), "edge-session-"));
    const port = await freePort();
    const child = spawn(program.command, program.argumentsFor(port, folder), { cwd: folder, stdio: "ignore" });
    const end = () => {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    };
    process.once("exit", end);
    const stop = async () => {
      const isRunning = child.exitCode === null && child.signalCode === null && child.pid !== undefined;
      const exited = isRunning ? once(child, "exit") : undefined;
      end();
      await exited;
      process.off("exit", end);
    };
    if (await isReady(child, port, program)) return { url: `${program.scheme}://127.0.0.1:${port}`, port, pid: child.pid ?? 0, stop };
    await stop();
    if (tries === 3) throw new Error(`${program.command} does not start on a loopback port`);
  }
}

/** Polls the port until it answers; false when the program ended first. */
async function isReady(child: ChildProcess, port: number, { command, debianPackage }: Program): Promise<boolean> {
  let failed: NodeJS.ErrnoException | undefined;
  child.once("error", (error) => {
    failed = error;
  });
  for (const deadline = Date.now() + READY_MS; Date.now() < deadline; await pause(10)) {
    if (failed?.code === "ENOENT") throw new Error(`${command} is missing: apt-get install ${debianPackage}`);
    if (failed !== undefined || child.exitCode !== null) return false;
    if (await canConnect(port)) return true;
  }
  return false;
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
