// Runs commands as named steps, one line each.

import { spawn } from "node:child_process";

/** What asks a program to end. */
export const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/** A step that failed; `output` is what its command printed. */
export class StepFailed extends Error {
  constructor(message, output = "") {
    super(message);
    this.output = output;
  }
}

/** Runs `work` and prints its name with the seconds it took; a failure prints what went wrong and is thrown on. */
export async function step(name, work) {
  const began = performance.now();
  const seconds = () => `${((performance.now() - began) / 1000).toFixed(1)} s`.padStart(8);
  try {
    const value = await work();
    console.log(`  ok     ${name.padEnd(48)} ${seconds()}`);
    return value;
  } catch (error) {
    console.log(`  failed ${name.padEnd(48)} ${seconds()}`);
    if (error instanceof StepFailed) console.log(`\n${error.output}\n${error.message}`);
    throw error;
  }
}

/** Runs a command without showing its output, which it gives; throws `StepFailed` when it ends with anything but 0. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
    const chunks = [];
    child.stdout.on("data", (chunk) => chunks.push(chunk));
    child.stderr.on("data", (chunk) => chunks.push(chunk));
    child.on("error", (error) => reject(new StepFailed(`${command} cannot be run: ${error.code}`)));
    child.on("close", (code, signal) => {
      const output = Buffer.concat(chunks).toString();
      if (code === 0) resolve(output);
      else reject(new StepFailed(`${command} ${args.join(" ")} ended with ${signal ?? code}`, output));
    });
  });
}

/** Runs a command with our own output and input; gives its exit code. */
export function runShown(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: "inherit", ...options });
    const pass = (signal) => child.kill(signal);
    for (const signal of SIGNALS) process.on(signal, pass);
    const end = (code) => {
      for (const signal of SIGNALS) process.off(signal, pass);
      resolve(code ?? 1);
    };
    child.on("error", () => end(127));
    child.on("close", end);
  });
}

/** Runs a command line tool's work; a failed step ends the process with 1, its output being printed already. */
export async function main(work) {
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    if (!(error instanceof StepFailed)) console.error(error);
    process.exitCode = 1;
  }
}
