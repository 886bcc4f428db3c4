// The simulated store keeps the laws that every store keeps.

import { storeLaws } from "../store-laws.ts";
import { Door, SimulatedStore } from "./simulated-store.ts";

storeLaws("the simulated store", () => {
  let passed = 0;
  const store = new SimulatedStore<string>(() => Date.now() + passed);
  const ask = store.ask.bind(store);
  // Every call is answered at once, in its turn.
  store.ask = (caller, asked) => {
    const answer = ask(caller, asked);
    const [call] = store.waiting;
    if (call !== undefined) store.reply(call, store.apply(call));
    return answer;
  };
  const door = new Door<string>();
  door.store = store;
  door.caller = "the laws";
  return {
    store: door,
    passTime: (seconds) => {
      passed += seconds * 1000;
    },
  };
});
