// A server that answers a worker when the test says so.

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Whoever comes waits until the test, which listens for `request`, lets them pass. */
export interface Gate {
  readonly server: Server;
  /** The worker's binding `GATE`. */
  readonly url: string;
  stop(): void;
}

/** Opens a gate on a free loopback port. */
export async function startGate(): Promise<Gate> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { server, url, stop: () => server.close().closeAllConnections() };
}
