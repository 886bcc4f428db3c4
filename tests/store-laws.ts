// The laws of stores, under this project's test runner.

import { after, before, describe, it } from "node:test";
import { storeLaws as lawsOf, type Subject as Tested } from "edge-session/testing";

export { anyIo, freshKey, recordOf, revisionOf } from "edge-session/testing";

/** A store under test. */
export interface Subject extends Tested {
  /** Frees what the store holds. */
  stop?(): void | Promise<void>;
}

/** Declares the laws for a store that can compare and set. `open` is called once, before the first of them. */
export function storeLaws(name: string, open: () => Subject | Promise<Subject>): void {
  describe(`${name} keeps the laws of stores`, () => {
    let subject: Subject | undefined;
    before(async () => {
      subject = await open();
    });
    after(() => subject?.stop?.());
    for (const law of lawsOf(() => subject ?? Promise.reject(new Error("the store did not open")))) it(law.name, law.keep);
  });
}
