// A store under test, and a law that it keeps.

import type { Store } from "../store.ts";

/** A store under test. */
export interface Subject {
  readonly store: Store;
  /** Lets seconds pass for everything stored: by a clock of the store's own, or by waiting. */
  passTime(seconds: number): void | Promise<void>;
}

/** A law, for any test runner: `test(law.name, law.keep)`. */
export interface Law {
  /** A sentence: "a removed record is absent". */
  readonly name: string;
  /** Rejects where the store breaks the law, saying what it answered. */
  readonly keep: () => Promise<void>;
}

/** Adds a law. */
export type Declare = (name: string, keep: (subject: Subject) => void | Promise<void>) => void;
