// A proxy before a real endpoint that fails by a script.

import { type FaultServer, type Seen, type Step, startFaultServer } from "./fault-server.ts";

/** The proxy; what is not in its script is passed on. */
export interface FaultProxy extends FaultServer {
  /** Plays one step for each of the next calls, then passes on. */
  script(...steps: readonly Step[]): void;
  /** Passes on. */
  readonly pass: Step;
  /** Passes on, and plays the step instead of the answer. */
  spoil(step: Step): Step;
}

/** Starts a proxy on a loopback port before the endpoint. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const pass = forward(target);
  const server = await startFaultServer(pass);
  return { ...server, script: (...steps) => server.play(...steps, pass), pass, spoil: (step) => spoil(target, step) };
}

/** Hands the request to the real endpoint, and its answer back. */
export function forward(url: string): Step {
  return async (seen, response) => {
    const { status, text } = await pass(url, seen);
    response.writeHead(status);
    response.end(text);
  };
}

/** Lets the real endpoint carry the request out, and plays the step instead of its answer. */
export function spoil(url: string, step: Step): Step {
  return async (seen, response) => {
    await pass(url, seen);
    await step(seen, response);
  };
}

/** Lets the real endpoint carry the request out, then breaks the connection instead of answering. */
export function loseReply(url: string): Step {
  return spoil(url, (_, response) => void response.socket?.resetAndDestroy());
}

/** Lets the real endpoint carry the request out, and gives half of its answer. */
export function cutReply(url: string): Step {
  return async (seen, response) => {
    const { status, text } = await pass(url, seen);
    response.writeHead(status, { "Content-Length": String(Buffer.byteLength(text)) });
    response.write(text.slice(0, text.length >> 1), () => response.socket?.destroy());
  };
}

/** Passes on, and gives the answer so many milliseconds later. */
export function lag(url: string, milliseconds: number): Step {
  return async (seen, response) => {
    const { status, text } = await pass(url, seen);
    setTimeout(() => {
      response.writeHead(status);
      response.end(text);
    }, milliseconds);
  };
}

/** Fails every fourth request by each of the steps in turn, and passes on whatever it has failed once. */
export function stumble(url: string, ...steps: readonly Step[]): Step {
  const pass = forward(url);
  const failed = new Set<string>();
  let calls = 0;
  return (seen, response) => {
    const same = `${seen.target}\n${seen.body}`;
    if (++calls % 4 !== 0 || failed.has(same)) return pass(seen, response);
    failed.add(same);
    return steps[failed.size % steps.length]?.(seen, response);
  };
}

/** Never answers, and passes on when the test says so: a call that arrives late. */
export function delay(url: string, until: Promise<unknown>): Step {
  return async (seen) => {
    await until;
    await pass(url, seen);
  };
}

async function pass(url: string, { method, target, headers, body }: Seen): Promise<{ status: number; text: string }> {
  const kept = ["authorization", "content-type"].flatMap((name) =>
    typeof headers[name] === "string" ? [[name, headers[name]] as [string, string]] : [],
  );
  const answer = await fetch(url + target, { method, headers: kept, body });
  return { status: answer.status, text: await answer.text() };
}
