// Plays back what Redis carried out, before the laws' eyes.

import type { Course } from "../protocol/course.ts";
import { History, parse } from "../protocol/history.ts";
import type { Trace } from "../protocol/trace.ts";
import type { Command } from "./monitor.ts";
import type { CallStep, Step, Told } from "./told.ts";

/** One request, and how much of what it did was played back. */
interface Player {
  readonly course: Course;
  readonly told: Told;
  played: number;
}

/**
 * The history of one round, put together from what Redis carried out and what each process saw.
 *
 * Writes come in Redis' own order; a request's other steps come after the writes before them, and before its next one.
 */
export class Replay {
  readonly history: History;
  readonly #stored = new Map<string, string>();
  /** The writes that Redis carried out, by revision. */
  readonly #carriedOut = new Set<string>();
  readonly #players: Player[];
  readonly #endings: { readonly at: bigint; readonly births: string[] }[] = [];
  readonly #trace: Trace;

  constructor(players: readonly (readonly [Course, Told])[], trace: Trace) {
    this.history = new History((key) => this.#stored.get(key));
    this.#players = players.map(([course, told]) => ({ course, told, played: 0 }));
    this.#trace = trace;
  }

  /** Gives what is stored at this point. */
  read(key: string): string | undefined {
    return this.#stored.get(key);
  }

  keys(): Iterable<string> {
    return this.#stored.keys();
  }

  /** Begins with a record that is there. */
  plant(key: string, text: string): void {
    this.#stored.set(key, text);
  }

  /** Plays everything back; keys of other rounds are left alone. */
  play(commands: readonly Command[], isOurs: (key: string) => boolean): void {
    for (const [place, command] of commands.entries()) {
      const [name, key = "", text = "", ...settings] = command;
      if (!isOurs(key)) continue;
      if (name === "SET") this.#set(key, text, settings);
      else if (name === "DEL" && isTombstone(commands[place + 1], key)) continue;
      else if (name === "DEL") this.#remove(key);
      else this.#timeOver(key);
    }
    for (const player of this.#players) this.#advance(player, player.told.steps.length);
  }

  /** Notes how each request ended. */
  end(): void {
    for (const { course, told } of this.#players) {
      course.written = told.written;
      if (told.id !== undefined && told.cookie !== undefined) this.history.issued.add(told.id);
      this.history.answered(course);
      this.#trace.note(course.plan.name, `ends as ${course.result} ${told.failure ?? ""}`);
    }
  }

  #set(key: string, text: string, settings: readonly string[]): void {
    const before = this.#stored.get(key);
    const onlyIf = settings.map((setting) => setting.toUpperCase());
    if ((onlyIf.includes("NX") && before !== undefined) || (onlyIf.includes("XX") && before === undefined)) return;
    const { revision } = parse(text);
    const isHis = (step: Step) => step.kind === "call" && step.asked.key === key && step.asked.text === text;
    const player = this.#players.find(({ told }) => told.steps.some(isHis));
    if (player === undefined) {
      this.history.violate("BROKEN", "Redis stored what no process asked for");
      return;
    }
    // A call that is repeated is one step, or the next commit's: it was carried out where it comes first.
    const place = player.told.steps.findIndex(isHis);
    this.#advance(player, place);
    this.#stored.set(key, text);
    this.#carriedOut.add(revision);
    this.#call(player, player.told.steps[place] as CallStep, before, true);
    player.played = Math.max(player.played, place + 1);
    this.#advanceToCall(player);
  }

  #remove(key: string): void {
    const isHis = (step: Step) => step.kind === "call" && step.asked.operation === "remove" && step.asked.key === key;
    const player = this.#players.find(({ told }) => told.steps.some(isHis));
    if (player === undefined) this.history.violate("BROKEN", "Redis removed what no process asked for");
    else this.#advance(player, player.told.steps.findIndex(isHis));
    this.#stored.delete(key);
  }

  #timeOver(key: string): void {
    const text = this.#stored.get(key);
    this.#stored.delete(key);
    this.#trace.note("time", "is over for a record");
    if (text !== undefined) this.history.timeOver(key, text);
  }

  /** Plays a request's steps that come before one of them. */
  #advance(player: Player, end: number): void {
    while (player.played < end) {
      const step = player.told.steps[player.played];
      player.played += 1;
      if (step !== undefined) this.#step(player, step);
    }
  }

  /** Plays what a request did right after its last call. */
  #advanceToCall(player: Player): void {
    const { steps } = player.told;
    while (player.played < steps.length && steps[player.played]?.kind !== "call") this.#advance(player, player.played + 1);
  }

  #step(player: Player, step: Step): void {
    const { course, told } = player;
    switch (step.kind) {
      case "call":
        this.#call(player, step, this.#stored.get(step.asked.key), false);
        break;
      case "loaded":
        course.read = step.read;
        course.endedBefore = this.#endings.filter(({ at }) => at < told.at).flatMap(({ births }) => births);
        this.history.loaded(
          course,
          this.#players.map(({ course: each }) => each),
        );
        break;
      case "moving":
        this.history.moving(course, step.newId);
        break;
      case "destroyed": {
        const before = this.history.ended.length;
        this.history.destroyed(course);
        this.#endings.push({ at: step.at, births: this.history.ended.slice(before) });
      }
    }
  }

  /** A call that stored something, or that Redis answered without; one that it never answered says nothing. */
  #call({ course }: Player, { asked, answer, isAnswered }: CallStep, before: string | undefined, stores: boolean): void {
    const said = stores ? "done" : answer;
    this.#trace.call(course.plan.name, asked, said, stores || isAnswered ? "" : ", NO ANSWER");
    if (!stores && !isAnswered) return;
    if (said === "done" && asked.text !== "" && !this.#carriedOut.has(parse(asked.text).revision))
      this.history.violate("VANISHED", `${course.plan.name} was told that a text is stored that Redis never stored`);
    this.history.applied(course, asked, before, said);
  }
}

/** Says whether a command stores a key's tombstone: the script that does so removes the record first. */
function isTombstone(command: Command | undefined, key: string): boolean {
  return command?.[0] === "SET" && command[1] === key && command[2]?.startsWith("1d.") === true;
}
