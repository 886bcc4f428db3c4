// One user of the soak, who knows what each answer may say.

/** What a user asks for; `pass` never loads the session. */
export type Act = "begin" | "read" | "count" | "login" | "logout" | "pass";

/** What came back. */
export interface Answer {
  readonly status: number;
  /** The code of a failure that the worker caught. */
  readonly code?: string;
  readonly isNew?: boolean;
  readonly owner?: string;
  readonly count?: number;
  /** The session cookie that the answer set, `""` where it expired it. */
  readonly cookie?: string;
}

/** Codes that a store's faults, and a trapped core, may end in. */
const FAILURES = /^(timeout|store-(unavailable|auth|throttled|quota|protocol|rejected)|commit-ambiguous|core-failed)$/;

/** Says what is wrong with a failed answer, if anything. */
function wrongFailure({ status, code = "", cookie }: Answer): string | undefined {
  if (cookie !== undefined) return "a failed answer set a cookie";
  if (status === 503 || (status === 500 && FAILURES.test(code))) return undefined;
  return `an answer of ${status} ${code}`;
}

/** Says what is wrong where there must be no session, if anything. */
export function wrongForStranger(answer: Answer): string | undefined {
  if (answer.status !== 200) return wrongFailure(answer);
  if (answer.cookie !== undefined && answer.cookie !== "") return "a cookie for a stranger";
  return answer.owner === undefined && answer.count === undefined ? undefined : "a session for a stranger, or after its end";
}

/** A user with one session at a time, whose values carry the user's own tag. */
export class User {
  /** The value of the session cookie; none before the session began. */
  cookie: string | undefined;
  /** After a failed login or logout the session may be there or not. */
  inDoubt = false;
  owner: string;
  readonly #name: string;
  #begun = 0;
  /** How often counting was confirmed, and how often it failed and may have counted all the same. */
  #confirmed = 0;
  #uncertain = 0;

  constructor(name: string) {
    this.#name = name;
    this.owner = `${name}-0`;
  }

  /** Forgets the session: the next one has another tag. */
  leave(): void {
    this.cookie = undefined;
    this.inDoubt = false;
    this.#begun += 1;
    this.#confirmed = 0;
    this.#uncertain = 0;
    this.owner = `${this.#name}-${this.#begun}`;
  }

  /** Takes the answer to one act, and says what is wrong with it, if anything. */
  take(act: Exclude<Act, "count">, answer: Answer): string | undefined {
    if (answer.status !== 200) {
      if (act === "login" || act === "logout") this.inDoubt = true;
      return wrongFailure(answer);
    }
    switch (act) {
      case "begin":
        if (!answer.cookie) return "a session without a cookie";
        this.cookie = answer.cookie;
        return answer.owner === this.owner ? undefined : "a session begun with another's values";
      case "pass":
        return answer.cookie === undefined ? undefined : "a cookie for who did not load";
      case "read":
        return answer.cookie === undefined ? this.#wrongValues(answer, 0) : "a cookie for who only read";
      case "login":
        if (!answer.cookie || answer.cookie === this.cookie) return "a login without a new cookie";
        this.cookie = answer.cookie;
        return this.#wrongValues(answer, 0);
      case "logout":
        if (answer.isNew) return "signed out before";
        if (answer.owner !== undefined) return "values after a logout";
        this.leave();
        return answer.cookie === "" ? undefined : "a logout that leaves the cookie";
    }
  }

  /** Takes the answers to acts of counting that ran at once. */
  takeCounts(answers: readonly Answer[]): string | undefined {
    const done = answers.filter(({ status }) => status === 200);
    const problems = answers.map((answer) => (answer.status === 200 ? this.#wrongValues(answer, answers.length) : wrongFailure(answer)));
    this.#confirmed += done.length;
    this.#uncertain += answers.length - done.length;
    return problems.find((problem) => problem !== undefined);
  }

  /** Takes what a session in doubt shows: the user's own values, or none. Then it is left. */
  takeInDoubt(answer: Answer): string | undefined {
    const isMine = answer.owner === undefined || answer.owner === this.owner;
    if (answer.status === 200) this.leave();
    else return wrongFailure(answer);
    return isMine ? undefined : "another's values";
  }

  /** While so many are counting, the count may lack at most all of them but the answer's own. */
  #wrongValues({ isNew, owner, count = -1 }: Answer, counting: number): string | undefined {
    if (isNew || owner === undefined) return "signed out";
    if (owner !== this.owner) return "another's values";
    const least = this.#confirmed + Math.min(counting, 1);
    if (count < least) return `a lost update: ${count}, not ${least}`;
    if (count > this.#confirmed + this.#uncertain + counting) return `counted twice: ${count}, not ${this.#confirmed + this.#uncertain + counting}`;
    const seen = Math.max(0, count - counting - this.#confirmed);
    this.#confirmed += seen;
    this.#uncertain -= seen;
    return undefined;
  }
}
