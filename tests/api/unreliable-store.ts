// A store that fails in six ways, each behind a switch.

import type { StoreIo } from "edge-session";
import { type Operation, WatchedStore } from "./watched-store.ts";

/** Throws on, or delays, reads, writes and renewals; a delay ends only when the caller gives up. */
export class UnreliableStore extends WatchedStore {
  throwsOnRead = false;
  throwsOnWrite = false;
  throwsOnRefresh = false;
  delaysReads = false;
  delaysWrites = false;
  delaysRefreshes = false;

  override before = (operation: Operation, io: StoreIo): unknown => {
    const [throws, delays] = this.#switches(operation);
    if (throws) throw new Error("the unreliable store failed");
    return delays ? untilAborted(io.signal) : undefined;
  };

  #switches(operation: Operation): [throws: boolean, delays: boolean] {
    if (operation === "load") return [this.throwsOnRead, this.delaysReads];
    if (operation === "refresh") return [this.throwsOnRefresh, this.delaysRefreshes];
    return [this.throwsOnWrite, this.delaysWrites];
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
