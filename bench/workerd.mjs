// Runs one bundled worker in plain workerd.
import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const require = createRequire(import.meta.url);
const COMPATIBILITY_DATE = "2026-01-01";

/** What is still running, ended with us. */
const running = new Set();
process.once("exit", () => {
  for (const end of running) end();
});

/**
 * Starts workerd on a free loopback port and resolves once it listens.
 *
 * `worker` is the text of the main module, `wasmFiles` the modules that it imports as `./<file name>`, `entrypoints` its exports that get a port of
 * their own. `cpuMicros()` is the CPU time that the process has used, all its threads counted; `stop()` ends it and removes its folder.
 */
export async function startWorkerd(worker, wasmFiles = [], entrypoints = []) {
  const folder = mkdtempSync(join(tmpdir(), "edge-session-bench-"));
  writeFileSync(join(folder, "worker.mjs"), worker);
  for (const file of wasmFiles) copyFileSync(file, join(folder, basename(file)));
  writeFileSync(
    join(folder, "config.capnp"),
    configText(
      wasmFiles.map((file) => basename(file)),
      entrypoints,
    ),
  );
  const child = spawn(workerdPath(), ["serve", "--control-fd=3", join(folder, "config.capnp")], { stdio: ["ignore", "pipe", "pipe", "pipe"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const end = () => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  running.add(end);
  const stop = async () => {
    running.delete(end);
    end();
    await ended;
  };
  try {
    const ports = await listeningPorts(child, 1 + entrypoints.length);
    return { port: ports.get("main"), ports, cpuMicros: () => cpuMicros(child.pid), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The CPU time of a process in microseconds: the nanosecond counters of its threads, or the clock ticks where there are none. */
export function cpuMicros(pid) {
  const tasks = `/proc/${pid}/task`;
  let nanoseconds = 0;
  for (const task of readdirSync(tasks)) nanoseconds += Number(readFileSync(`${tasks}/${task}/schedstat`, "utf8").split(" ")[0]);
  if (nanoseconds > 0) return nanoseconds / 1000;
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

function configText(wasmNames, entrypoints) {
  const wasm = wasmNames.map((name) => `(name = "${name}", wasm = embed "${name}")`);
  const modules = [`(name = "worker.mjs", esModule = embed "worker.mjs")`, ...wasm].join(", ");
  const socket = (name, service) => `(name = "${name}", address = "127.0.0.1:0", http = (), service = ${service})`;
  const sockets = [socket("main", `"main"`), ...entrypoints.map((name) => socket(name, `(name = "main", entrypoint = "${name}")`))].join(", ");
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = ( services = [ (name = "main", worker = .main) ], sockets = [ ${sockets} ] );
const main :Workerd.Worker = ( compatibilityDate = "${COMPATIBILITY_DATE}", compatibilityFlags = ["nodejs_compat"], modules = [ ${modules} ] );
`;
}

/** The executable itself: its npm wrapper would be one process more. */
function workerdPath() {
  return require.resolve(`@cloudflare/workerd-${process.platform}-${process.arch === "x64" ? "64" : process.arch}/bin/workerd`, {
    paths: [require.resolve("workerd/package.json")],
  });
}

/** workerd writes one JSON line per event on its control descriptor; `listen` carries the port. */
function listeningPorts(child, count) {
  return new Promise((resolve, reject) => {
    const ports = new Map();
    let errors = "";
    let control = "";
    child.stderr.on("data", (chunk) => (errors += chunk));
    child.stdout.resume();
    child.once("error", reject);
    child.once("close", () => reject(new Error(`workerd ended before it listened: ${errors.trim()}`)));
    child.stdio[3].on("data", (chunk) => {
      control += chunk;
      for (const line of control.split("\n").slice(0, -1)) {
        const event = JSON.parse(line);
        if (event.event === "listen") ports.set(event.socket, event.port);
      }
      if (ports.size === count) resolve(ports);
    });
  });
}
