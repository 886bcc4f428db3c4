// Runs bundled workers in plain workerd.
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
 * Starts one workerd for all of `workers`, on free loopback ports, and resolves once it listens.
 *
 * Of each worker, by its name, `text` is the main module, `wasmFiles` the modules that it imports as `./<file name>`; `entrypoints` are exports that
 * get a port of their own. `ports(name)` are a worker's, `main` and those; `cpuMicros()` is the CPU time that the process has used, all its threads
 * counted; `stop()` ends it and removes its folder.
 */
export async function startWorkerd(workers, entrypoints = []) {
  const folder = mkdtempSync(join(tmpdir(), "edge-session-bench-"));
  for (const [name, { text, wasmFiles }] of workers) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "worker.mjs"), text);
    for (const file of wasmFiles) copyFileSync(file, join(folder, name, basename(file)));
  }
  writeFileSync(join(folder, "config.capnp"), configText(workers, entrypoints));
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
    const listening = await listeningPorts(child, workers.size * (1 + entrypoints.length));
    const ports = (name) => Object.fromEntries(["main", ...entrypoints].map((entrypoint) => [entrypoint, listening.get(`${name}/${entrypoint}`)]));
    return { ports, cpuMicros: () => cpuMicros(child.pid), stop };
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

function configText(workers, entrypoints) {
  const services = [];
  const sockets = [];
  for (const [name, { wasmFiles }] of workers) {
    const wasm = wasmFiles.map((file) => basename(file)).map((file) => `(name = "${file}", wasm = embed "${name}/${file}")`);
    const modules = [`(name = "worker.mjs", esModule = embed "${name}/worker.mjs")`, ...wasm].join(", ");
    const flags = `compatibilityDate = "${COMPATIBILITY_DATE}", compatibilityFlags = ["nodejs_compat"]`;
    services.push(`(name = "${name}", worker = (${flags}, modules = [${modules}]))`);
    const socket = (entrypoint, service) => `(name = "${name}/${entrypoint}", address = "127.0.0.1:0", http = (), service = ${service})`;
    sockets.push(socket("main", `"${name}"`));
    for (const entrypoint of entrypoints) sockets.push(socket(entrypoint, `(name = "${name}", entrypoint = "${entrypoint}")`));
  }
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [${services.join(", ")}], sockets = [${sockets.join(", ")}]);
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
