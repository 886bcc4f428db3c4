// How long writers of one session took, and what it cost.

/** What became of writers that all began at once. */
export interface Outcome {
  /** Milliseconds that each took. */
  readonly took: readonly number[];
  /** Calls of all of them. */
  readonly calls: number;
  /** The codes that some failed with. */
  readonly failures: readonly (string | undefined)[];
  /** The counter that each added one to. */
  readonly count: number;
}

/** The figures of many races. */
export interface Waits {
  readonly writers: number;
  /** Milliseconds within which half of the writers were done, and 99 of 100. */
  readonly median: number;
  readonly most: number;
  /** Calls that a writer made on average. */
  readonly calls: number;
  readonly failures: number;
}

/** Sums up races of so many writers. */
export function waitsOf(writers: number, outcomes: readonly Outcome[]): Waits {
  const took = outcomes.flatMap((outcome) => outcome.took).sort((one, other) => one - other);
  const calls = outcomes.reduce((sum, outcome) => sum + outcome.calls, 0) / took.length;
  const failures = outcomes.reduce((sum, outcome) => sum + outcome.failures.length, 0);
  return { writers, median: at(took, 0.5), most: at(took, 0.99), calls: Number(calls.toFixed(1)), failures };
}

/** Tells it in a line of a table. */
export function lineOf({ writers, median, most, calls, failures }: Waits): string {
  const cells = [`${writers} writers`, `half in ${median} ms`, `99 % in ${most} ms`, `${calls.toFixed(1)} calls each`, `${failures} failed`];
  return cells
    .map((cell) => cell.padEnd(18))
    .join("")
    .trimEnd();
}

function at(sorted: readonly number[], part: number): number {
  return Math.round(sorted[Math.floor(sorted.length * part)] ?? 0);
}
