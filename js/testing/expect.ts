// Says what a store answered in place of what its law says.

/** A shown value is cut after so many characters. */
const longestShown = 200;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > longestShown ? `${text.slice(0, longestShown)}... (${text.length} characters)` : text;
}

function fail(actual: unknown, expected: string, about: string | undefined): never {
  throw new Error(`The store answered ${shown(actual)}, not ${expected}${about === undefined ? "" : ` (${about})`}.`);
}

/** The few claims that laws make. */
export const expect = {
  equal(actual: unknown, expected: unknown, about?: string): void {
    if (actual !== expected) fail(actual, shown(expected), about);
  },
  notEqual(actual: unknown, other: unknown): void {
    if (actual === other) fail(actual, "that", undefined);
  },
  /** For answers of stores, which JSON tells apart. */
  deepEqual(actual: unknown, expected: unknown): void {
    if (JSON.stringify(actual) !== JSON.stringify(expected)) fail(actual, shown(expected), undefined);
  },
  match(actual: string, pattern: RegExp): void {
    if (!pattern.test(actual)) fail(actual, String(pattern), undefined);
  },
  ok(claim: boolean, about: string): void {
    if (!claim) throw new Error(`The store broke this: ${about}.`);
  },
};
