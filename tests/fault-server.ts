// A loopback endpoint that fails as its script says.

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it came. */
export interface Seen {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** What is done with one request. */
export type Step = (seen: Seen, response: ServerResponse) => void | Promise<void>;

/** The endpoint; the last step of its script goes on for ever. */
export interface FaultServer {
  readonly url: string;
  readonly seen: Seen[];
  /** Begins another script. */
  play(...steps: Step[]): void;
  /** Refuses connections from now on; those that are there break. */
  shut(): Promise<void>;
  /** Takes connections again, at the same port. */
  open(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts an endpoint that plays the steps, one a request. */
export async function startFaultServer(...script: Step[]): Promise<FaultServer> {
  let steps = script;
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("error", () => {});
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const one = { method, target: url, headers, body: Buffer.concat(chunks).toString("utf8") };
      seen.push(one);
      const step = steps.length > 1 ? steps.shift() : steps[0];
      void step?.(one, response);
    });
  });
  const open = async (port: number) => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  const shut = async () => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  await open(0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    play(...next) {
      steps = next;
      seen.length = 0;
    },
    shut,
    open: () => open(port),
    stop: shut,
  };
}

/** Answers. */
export function reply(status: number, body: string | Uint8Array = "", headers: Record<string, string> = {}): Step {
  return (_, response) => {
    response.writeHead(status, headers);
    response.end(body);
  };
}

/** Never answers. */
export const hang: Step = () => {};

/** Breaks the connection before an answer. */
export const reset: Step = (_, response) => {
  response.socket?.resetAndDestroy();
};

/** Begins an answer and never ends it, a byte at a time. */
export const drip: Step = (_, response) => {
  response.writeHead(200, { "Content-Type": "application/json" });
  const timer = setInterval(() => response.write(" "), 20);
  response.on("close", () => clearInterval(timer));
};

/** Sends spaces for ever, as fast as they are read. */
export const endless: Step = (_, response) => {
  const chunk = Buffer.alloc(65_536, " ");
  const write = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on("drain", write);
  response.writeHead(200);
  write();
};

/** Promises more than it sends, then breaks the connection. */
export function truncate(body: string, promised = 100): Step {
  return (_, response) => {
    response.writeHead(200, { "Content-Length": String(promised) });
    response.write(body, () => response.socket?.destroy());
  };
}
