// Processes that send requests at once.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Order, Told } from "./told.ts";

const SCRIPT = fileURLToPath(new URL("./writer.ts", import.meta.url));

/** Some processes, each of which sends one request at a time; they end with this one at the latest. */
export class Writers {
  readonly #children: ChildProcess[];

  constructor(count: number) {
    this.#children = Array.from({ length: count }, () => fork(SCRIPT, { serialization: "advanced" }));
  }

  /** Has a process send a request, and gives what became of it. */
  async send(place: number, order: Order): Promise<Told> {
    const child = this.#children[place];
    if (child === undefined || child.exitCode !== null) throw new Error(`no process ${place}`);
    const over = new AbortController();
    try {
      const told = once(child, "message", { signal: over.signal }) as Promise<[Told]>;
      const ended = once(child, "exit", { signal: over.signal }).then(([code]): never => {
        throw new Error(`a process ended with ${code}`);
      });
      child.send(order);
      const [first] = await Promise.race([told, ended]);
      return first;
    } finally {
      over.abort();
    }
  }

  /** Ends all of them. */
  async stop(): Promise<void> {
    const running = this.#children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    const exits = running.map((child) => once(child, "exit"));
    for (const child of running) child.disconnect();
    await Promise.all(exits);
  }
}
