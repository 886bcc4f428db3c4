// What the processes of a race are told, and what they tell.

import type { Change, Plan, Result } from "../protocol/course.ts";
import type { Setup } from "../protocol/doors.ts";
import type { Answer, Asked } from "../protocol/simulated-store.ts";

/** How a store is reached. */
export interface Way {
  readonly front: "webdis" | "upstash";
  readonly url: string;
  readonly token: string;
  /** Milliseconds for which the store itself repeats a call. */
  readonly retryTimeoutMs: number;
}

/** A request to send. */
export interface Order {
  readonly plan: Plan;
  readonly cookie: string | undefined;
  /** The id of the planted session. */
  readonly id: string;
  readonly way: Way;
  readonly setup: Setup;
  readonly secrets: string[];
  /** Milliseconds by which the clock is wrong. */
  readonly skew: number;
}

/** A call to the store, and what it brought. */
export interface CallStep {
  readonly kind: "call";
  readonly asked: Asked;
  answer?: Answer;
  isAnswered: boolean;
}

/** What a request did, one after the other. */
export type Step =
  | CallStep
  | { readonly kind: "loaded"; readonly read: Record<string, unknown> | undefined }
  | { readonly kind: "moving"; readonly newId: string }
  | { readonly kind: "destroyed"; readonly at: bigint };

/** What became of a request. */
export interface Told {
  readonly steps: readonly Step[];
  readonly changes: Change[];
  readonly result: Result;
  readonly sentId: string | undefined;
  /** The birth of the data that it stored, or tried to, last. */
  readonly written: string | undefined;
  readonly destroyed: boolean;
  /** The code of the error that it ended with; its name where it is none of ours. */
  readonly failure: string | undefined;
  /** The cookie that its answer sets, and the id in it; the cookie is empty where the browser is to forget. */
  readonly cookie: string | undefined;
  readonly id: string | undefined;
  /** How many calls each commit made. */
  readonly tries: readonly number[];
  /** When it began, in nanoseconds of the machine's own clock. */
  readonly at: bigint;
}

/** Gives the calls that a request made. */
export function callsOf({ steps }: Told): CallStep[] {
  return steps.filter((step) => step.kind === "call");
}
