// Runs the demo in workerd: npm start.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { NODE, ROOT } from "./paths.mjs";
import { ensureCommands, ensureRust, withPackages } from "./setup.mjs";
import { main, SIGNALS, StepFailed } from "./steps.mjs";

const USAGE = "npm start [-- --store memory|webdis|upstash] [-- --port N]";
const STORES = ["memory", "webdis", "upstash"];
/** How often, and how many times, the demo is asked whether it answers. */
const ASK_EVERY_MS = 50;
const ASK_TIMEOUT_MS = 1000;
const ASK_TIMES = 400;
const PORTS_TO_TRY = 3;

async function start() {
  const { store, port: wanted } = settings();
  const ending = new AbortController();
  const askedToEnd = new Promise((resolve) => {
    // For as long as it ends, too: a terminal's ctrl-C comes once from the terminal and once from whoever started us.
    for (const signal of SIGNALS) process.on(signal, () => resolve(0));
  });
  askedToEnd.then(() => ending.abort());
  await ensureRust();
  await build();
  const began = [];
  try {
    const variables = await startStore(store, began);
    const { url, ended } = await answeringDemo(wanted, variables, began, ending.signal);
    if (!ending.signal.aborted) console.log(`\n  The demo runs at ${url} with sessions in ${store}. Ctrl-C stops it.\n`);
    return await Promise.race([askedToEnd, ended]);
  } finally {
    for (const stop of began.reverse()) await stop();
  }
}

function settings() {
  const options = { store: { type: "string", default: "memory" }, port: { type: "string", default: "8787" } };
  try {
    const { store, port } = parseArgs({ options }).values;
    if (STORES.includes(store) && /^[1-9]\d{0,4}$/.test(port)) return { store, port: Number(port) };
  } catch {
    // An option that it does not know is answered as a value that it does not know.
  }
  throw refused(USAGE);
}

/** Starts Redis and its HTTP front; gives the worker's variables. */
async function startStore(store, began) {
  const variables = { STORE: store, SESSION_SECRET: randomBytes(32).toString("base64url") };
  if (store === "memory") return variables;
  await ensureCommands("redis-server", ...(store === "webdis" ? ["webdis"] : []));
  const { startRedis, startUpstash, startWebdis } = await import("../tests/servers.ts");
  const redis = await startRedis();
  began.push(redis.stop);
  const token = randomBytes(32).toString("base64url");
  const front = await (store === "webdis" ? startWebdis({ redisPort: redis.port }) : startUpstash({ redisPort: redis.port, token }));
  began.push(front.stop);
  console.log(`\n  redis-cli -p ${redis.port} --scan shows what is kept.`);
  return { ...variables, STORE_URL: front.url, STORE_TOKEN: token };
}

/** Starts the demo and waits until it answers, or the signal comes. Another program may take a free port first, so a few are tried. */
async function answeringDemo(wanted, variables, began, signal) {
  let from = wanted;
  for (let tries = 1; ; tries++) {
    const port = await freePort(from);
    const ended = runDemo(port, variables, began);
    const over = new AbortController();
    ended.then(() => over.abort());
    const url = `http://127.0.0.1:${port}/`;
    if ((await answers(`${url}health`, AbortSignal.any([signal, over.signal]))) || signal.aborted) return { url, ended };
    if (!over.signal.aborted || tries === PORTS_TO_TRY) throw refused("the demo does not answer");
    from = port + 1;
  }
}

/** Starts wrangler in a process group of its own, so that all of it can be stopped; resolves to 1 when it ends. */
function runDemo(port, variables, began) {
  const folder = mkdtempSync(join(tmpdir(), "edge-session-demo-"));
  const envFile = join(folder, "variables");
  writeFileSync(
    envFile,
    Object.entries(variables)
      .map(([name, value]) => `${name}="${value}"\n`)
      .join(""),
    { mode: 0o600 },
  );
  const args = ["dev", "--ip", "127.0.0.1", "--port", String(port), "--inspector-port", "0", "--show-interactive-dev-session=false"];
  const own = ["--persist-to", join(folder, "state"), "--env-file", envFile, "--log-level", "warn"];
  const env = { ...process.env, CI: "1", WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_HIDE_BANNER: "true" };
  const child = spawn(NODE, [join(ROOT, "node_modules/wrangler/bin/wrangler.js"), ...args, ...own], {
    cwd: ROOT,
    env,
    detached: true,
    stdio: ["ignore", "inherit", "inherit"],
  });
  began.push(async () => {
    await stopGroup(child);
    rmSync(folder, { recursive: true, force: true });
  });
  return once(child, "exit").then(() => 1);
}

async function stopGroup(child) {
  for (const [signal, times] of [
    ["SIGTERM", 100],
    ["SIGKILL", 20],
  ]) {
    if (!signalled(child.pid, signal)) return;
    for (let i = 0; i < times && signalled(child.pid, 0); i++) await wait(ASK_EVERY_MS);
  }
}

function signalled(group, signal) {
  try {
    return process.kill(-group, signal);
  } catch {
    return false; // nobody is left in it
  }
}

/** Says whether the address answers, before long and before the signal. */
async function answers(url, signal) {
  for (let i = 0; i < ASK_TIMES && !signal.aborted; i++) {
    const timeout = AbortSignal.any([signal, AbortSignal.timeout(ASK_TIMEOUT_MS)]);
    const isOk = await fetch(url, { signal: timeout }).then(
      (response) => response.ok,
      () => false,
    );
    if (isOk) return true;
    await wait(ASK_EVERY_MS);
  }
  return false;
}

/** The wanted port, or the next one that is free. */
async function freePort(wanted) {
  for (let port = wanted; port < 65_536; port++) {
    const server = createServer().listen(port, "127.0.0.1");
    const free = await once(server, "listening").then(
      () => true,
      () => false,
    );
    server.close();
    if (free) return port;
  }
  throw refused("no port is free");
}

function refused(message) {
  console.log(`\n  ${message}`);
  return new StepFailed(message);
}

await main(() => withPackages(start));
