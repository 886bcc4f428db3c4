// Reads what the compiled module leaves in the scratch.

import { checked, read, scratch, view, wipe } from "./core.ts";
import type { Opened } from "./opened.ts";

/** What a task asks for, or how it ended; the numbers are the compiled module's. */
export interface Step {
  /** 0 call, 1 committed, 2 gone, 3 conflict, 4 ambiguous, 5 unreadable, 6 undecided. */
  code: number;
  readonly waitMs: number;
  readonly secondsToLive: number;
  /** 0 load, 1 create, 2 update, 3 replace, 4 remove. */
  readonly operation: number;
  /** 0 with the changes made, 1 as before the request, 2 none. */
  readonly values: number;
  readonly created: boolean;
  readonly conflicts: number;
  readonly id: string;
  readonly expected: string;
  readonly header: string;
  /** The task, as text for `answer`. */
  readonly state: string;
}

/** What a call brought, as the compiled module counts it. */
export const answers = { done: 0, absent: 1, empty: 2, values: 3, unreadable: 4, lost: 5 } as const;

/** Flags of a task. */
export const flags = { ownId: 1, wasLive: 2, compares: 4, lost: 8 } as const;

/** What a sealed text is for; the numbers are the compiled module's. */
export const purposes = { tempData: 0, cookieSession: 1, protected: 2, record: 3 } as const;

/** What a sealed text says of the session that it is. */
export interface Whole {
  readonly persistent: boolean;
  /** Unix seconds. */
  readonly idleEnd: number;
  /** Unix milliseconds. */
  readonly created: number;
}

/** A sealed text, opened; what its purpose has none of is 0, never, or empty. Times are unix seconds. */
export interface OpenedText extends Whole {
  readonly issued: number;
  readonly expires: number;
  readonly id: string;
  readonly birth: string;
  /** The place of the secret that opened it; 0 is the one that seals. */
  readonly secret: number;
  readonly text: string;
}

/** What a step, and what was given for it, take at most. */
const longestStep = 512;

/** Reads a cookie that opened. */
export function readOpened(): Opened {
  return {
    id: read(24, 46),
    issued: view.getFloat64(0, true),
    expires: view.getFloat64(8, true),
    persistent: scratch[16] === 1,
    secret: scratch[17] ?? 0,
    key: undefined,
  };
}

/** Reads a text that opened. */
export function readOpenedText(): OpenedText {
  const idAt = 40;
  return {
    issued: view.getFloat64(0, true),
    expires: view.getFloat64(8, true),
    idleEnd: view.getFloat64(16, true),
    created: view.getFloat64(24, true),
    persistent: scratch[32] === 1,
    secret: scratch[33] ?? 0,
    id: read(idAt, 62),
    birth: read(62, 78),
    text: read(80, 80 + view.getUint32(36, true)),
  };
}

/** Reads a step from where the compiled module puts it: numbers, then one text. */
export function readStep(code: number): Step {
  checked(code);
  const [headerAt, headerEnd] = [view.getUint16(12, true), view.getUint16(14, true)];
  const text = code === 2 || code === 3 ? "" : read(16, 16 + headerEnd);
  const step = {
    code,
    waitMs: view.getUint32(0, true),
    secondsToLive: view.getUint32(4, true),
    operation: scratch[8] ?? 0,
    values: scratch[9] ?? 0,
    created: scratch[10] === 1,
    conflicts: scratch[11] ?? 0,
    id: text.slice(0, 22),
    expected: text.slice(22, 38),
    header: text.slice(headerAt),
    state: text,
  };
  wipe(longestStep);
  return step;
}
