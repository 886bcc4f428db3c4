// A store that answers after a round trip of virtual time.

import type { Answer, Asked, Call, SimulatedStore } from "./simulated-store.ts";
import { passTime, passToNextTimer, quiet } from "./virtual-time.ts";

/** What happens to each call, and how long its way there and back is, in milliseconds. */
export interface Way {
  roundTrip(): number;
  /** Is told of a call as soon as it is made. */
  made?(asked: Asked): void;
  /** Is told of a call just before it is carried out. */
  before?(asked: Asked, store: SimulatedStore<string>): void;
}

/** Lets calls travel until every promise is settled; gives how many there were. */
export async function travel(store: SimulatedStore<string>, way: Way, ends: readonly Promise<unknown>[]): Promise<number> {
  const underWay = new Set<Call<string>>();
  let calls = 0;
  let settled = false;
  const all = Promise.allSettled(ends).then(() => {
    settled = true;
  });
  for (await quiet(); !settled; await quiet()) {
    for (const call of store.waiting) {
      if (underWay.has(call)) continue;
      underWay.add(call);
      calls += 1;
      way.made?.(call);
      const half = way.roundTrip() / 2;
      setTimeout(() => arrive(store, call, half, way), half);
    }
    if (!passToNextTimer()) passTime(1);
  }
  await all;
  return calls;
}

function arrive(store: SimulatedStore<string>, call: Call<string>, half: number, way: Way): void {
  way.before?.(call, store);
  const value: Answer = store.apply(call);
  setTimeout(() => store.reply(call, value), half);
}
