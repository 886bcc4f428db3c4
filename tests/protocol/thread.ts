// Plays the stories of one file when it is told their names.

import { parentPort, workerData } from "node:worker_threads";
import { declared, type Told } from "./stories.ts";
import { takeOverTime } from "./virtual-time.ts";

takeOverTime();
await import(workerData as string);

parentPort?.on("message", async (name: string) => {
  let told: Told;
  try {
    const play = declared.get(name);
    if (play === undefined) throw new Error("no such story");
    told = { name, played: await play(), failure: undefined };
  } catch (error) {
    told = { name, played: 0, failure: error instanceof Error ? error.message : String(error) };
  }
  parentPort?.postMessage(told);
});
