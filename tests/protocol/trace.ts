// What happened in a run, for people to read.

import { parse } from "./history.ts";
import type { Answer, Asked } from "./simulated-store.ts";

/** The steps of a run; they become text only when somebody asks. */
export class Trace {
  readonly #steps: (() => string)[] = [];
  readonly #names = new Map<string, string>();

  /** Notes that something happened to a request. */
  note(who: string, what: string, error?: unknown): void {
    this.#steps.push(() => `${who} ${what}${error instanceof Error ? ` (${error.name}: ${error.message})` : ""}`);
  }

  /** Notes a call and what the store made of it. */
  call(who: string, asked: Asked, answer: Answer, how: string): void {
    this.#steps.push(() => {
      const text = asked.text === "" ? "" : ` ${this.#record(asked.text)}`;
      const expected = asked.expected === "" ? "" : ` over ${this.#name("r", asked.expected)}`;
      const brought = answer === undefined ? "" : ` -> ${this.#answer(answer)}`;
      return `${who}: ${asked.operation} ${this.#name("id", asked.key)}${text}${expected}${brought}${how}`;
    });
  }

  /** Gives all of it, one step a line. */
  text(): string {
    return this.#steps.map((step) => `  ${step()}`).join("\n");
  }

  #answer(answer: Exclude<Answer, undefined>): string {
    if (answer === null) return "nothing";
    if (typeof answer !== "string") return "exists" in answer ? `exists ${this.#record(answer.exists)}` : `conflict ${this.#record(answer.conflict)}`;
    return ["done", "gone", "held"].includes(answer) ? answer : this.#record(answer);
  }

  #record(text: string): string {
    const { kind, revision, birth, target, values } = parse(text);
    const leadsTo = kind === "forwarding" ? ` to ${this.#name("id", `{edge-session_${target}}_Data`)}` : "";
    return `<${kind} ${this.#name("r", revision)} ${this.#name("b", birth)}${leadsTo} ${JSON.stringify(values)}>`;
  }

  #name(kind: string, text: string): string {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const name = `${kind}${this.#names.size}`;
    this.#names.set(text, name);
    return name;
  }
}
