// Runs a worker in real workerd, on a free loopback port.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { type Bundle, bundle, type Source } from "./bundle.ts";

/** A worker that runs until `stop()`, and with this process at the latest. */
export interface Worker {
  /** Without a slash at its end. */
  readonly url: string;
  readonly pid: number;
  /** What the worker wrote to its console. */
  readonly lines: readonly string[];
  stop(): Promise<void>;
}

/** What to run, the texts it finds in its `env`, and workerd's compatibility date and flags. */
export type Setup = Source & { readonly bindings?: Readonly<Record<string, string>>; readonly date?: string; readonly flags?: readonly string[] };

/** The compatibility date of a worker that says none. */
const DATE = "2026-11-01";
/** The executable's path, as the package gives it. */
const { default: WORKERD } = createRequire(import.meta.url)("workerd") as { default: string };

/** Starts the worker; it answers when this resolves. It reaches loopback addresses and nothing else. */
export async function startWorker(setup: Setup): Promise<Worker> {
  const folder = mkdtempSync(join(tmpdir(), "edge-session-workerd-"));
  writeWorker(folder, await bundle(setup), setup);
  const child = spawn(WORKERD, ["serve", "--control-fd=3", join(folder, "config.capnp")], { stdio: ["ignore", "pipe", "pipe", "pipe"] });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) createInterface(stream as Readable).on("line", (line) => lines.push(line));
  const end = () => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", end);
  const port = await listens(child);
  if (port === undefined) {
    end();
    throw new Error(`workerd does not start:\n${lines.join("\n")}`);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    lines,
    async stop() {
      const exited = child.exitCode === null && child.signalCode === null ? once(child, "exit") : undefined;
      end();
      await exited;
      process.off("exit", end);
    },
  };
}

/** The port that workerd says it listens on; none when it ended first. */
async function listens(child: ChildProcess): Promise<number | undefined> {
  const control = createInterface(child.stdio[3] as Readable);
  for await (const line of control) {
    const said = JSON.parse(line) as { event: string; port?: number };
    if (said.event === "listen") return said.port;
  }
  return undefined;
}

function writeWorker(folder: string, { script, modules }: Bundle, { bindings = {}, date = DATE, flags = [] }: Setup): void {
  writeFileSync(join(folder, "worker.js"), script);
  const embedded = [...modules].map(([name, bytes], place) => {
    writeFileSync(join(folder, `${place}.wasm`), bytes);
    return `(name = ${JSON.stringify(name)}, wasm = embed "${place}.wasm")`;
  });
  const texts = Object.entries(bindings).map(([name, text]) => `(name = ${JSON.stringify(name)}, text = ${JSON.stringify(text)})`);
  const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = .worker), (name = "loopback", network = (allow = ["private"])) ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "main") ] );
const worker :Workerd.Worker = (
  compatibilityDate = "${date}",
  compatibilityFlags = ${JSON.stringify(flags)},
  globalOutbound = "loopback",
  bindings = [ ${texts.join(", ")} ],
  modules = [ ${['(name = "worker.js", esModule = embed "worker.js")', ...embedded].join(", ")} ] );
`;
  writeFileSync(join(folder, "config.capnp"), config, { mode: 0o600 });
}
