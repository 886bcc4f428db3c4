// Stories as tests, each on a thread where nothing else runs.

import { test } from "node:test";
import { isMainThread, Worker } from "node:worker_threads";

/** What a thread says of a story. */
export interface Told {
  readonly name: string;
  /** How many schedules it played; or what it found, in lines. */
  readonly played: number | string;
  readonly failure: string | undefined;
}

/** Declares a story: a claim, and how to play it. It resolves with the number of schedules, or with what is to be printed. */
export type Declare = (claim: string, play: Play) => void;
type Play = () => Promise<number | string>;

/** The stories of the file that this thread plays. */
export const declared = new Map<string, Play>();

/**
 * Gives a file its way to declare stories.
 *
 * The test runner watches every promise of its own thread, which makes each ten times as dear; hence the other thread,
 * where time and randomness can be taken over too.
 */
export function storiesOf(url: string): Declare {
  if (!isMainThread) return (claim, play) => declared.set(claim, play);
  let thread: Worker | undefined;
  return (claim) => {
    test(claim, async (t) => {
      thread ??= new Worker(new URL("./thread.ts", import.meta.url), { workerData: url });
      thread.unref();
      const { played, failure } = await told(thread, claim);
      if (failure !== undefined) throw new Error(failure);
      for (const line of typeof played === "string" ? played.split("\n") : [`${played} schedules`]) t.diagnostic(line);
    });
  };
}

function told(thread: Worker, claim: string): Promise<Told> {
  return new Promise((resolve, reject) => {
    thread.ref();
    const hear = (said: Told) => {
      if (said.name !== claim) return;
      thread.off("message", hear);
      thread.off("error", reject);
      thread.unref();
      resolve(said);
    };
    thread.on("message", hear);
    thread.once("error", reject);
    thread.postMessage(claim);
  });
}
