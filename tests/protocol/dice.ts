// Draws stories from a seed: who asks for what, and when.

import { bySeed } from "./choices.ts";
import type { Act, Plan } from "./course.ts";
import type { Scene } from "./world.ts";

type Session = NonNullable<Scene["session"]>;

/** Requests on one session, by what goes wrong with those that are not careful. */
export const workloads = {
  updates: (dice: Dice): Scene => {
    const session = dice.of<Session>([{ count: 0 }, { count: 0 }, { count: 0 }, "absent", "expired"]);
    const plans = dice.plans(["own", "own", "add", "add", "pair", "read", "image", "slow", "twice"]);
    return dice.scene({ session, plans, weather: { ...dice.weather(), faults: dice.upTo(2) } });
  },

  endings: (dice: Dice): Scene => {
    const session = dice.of<Session>([{ user: "u" }, { user: "u" }, { user: "u" }, "absent", "expired"]);
    const plans = dice.plans(["own", "own", "add", "clear", "logout", "logout", "logoutById", "login", "graceful", "read", "image", "slow", "error"]);
    const setup = dice.of<NonNullable<Scene["setup"]>>([{}, {}, {}, { concurrency: "last-write-wins" }]);
    return dice.scene({ session, setup, plans, weather: { ...dice.weather(), expiries: dice.of([0, 0, 1, 2]), faults: dice.upTo(2) } });
  },

  logins: (dice: Dice): Scene => {
    const session = dice.of<Session>([{ count: 0 }, { count: 0 }, { count: 0 }, "absent", "expired"]);
    const plans = dice.plans(["login", "login", "graceful", "graceful", "own", "add", "pair", "read", "image", "slow", "error", "logout"]);
    const weather = { ...dice.weather(), faults: dice.upTo(2), losesLoads: dice.isHeads(), lostAnswers: dice.upTo(1), slowAnswers: dice.isHeads() };
    return dice.scene({ session, isOld: dice.isHeads(), plans, weather });
  },

  lostAnswers: (dice: Dice): Scene => {
    const session = dice.of<Session>([{ count: 0 }, { count: 0 }, "absent"]);
    const plans = dice.plans(["own", "add", "add", "twice", "twice", "insisting", "login", "read"]);
    const weather = { ...dice.weather(), faults: 1 + dice.upTo(4), delays: dice.upTo(2), hangs: dice.upTo(1), repeats: dice.upTo(1) };
    return dice.scene({ session, plans, weather });
  },
};

/** What a request does, by the name of its kind. */
const kinds: Record<string, (name: string) => readonly Act[]> = {
  own: (name) => [["load"], ["set", `own${name}`, name]],
  add: () => [["load"], ["add", "count"]],
  pair: (name) => [["load"], ["set", "one", name], ["set", "two", name]],
  clear: () => [["load"], ["clear"]],
  read: () => [["load"]],
  image: () => [["pause"]],
  slow: (name) => [["load"], ["pause"], ["add", "count"], ["pause"], ["set", `own${name}`, name]],
  twice: (name) => [["load"], ["add", "count"], ["try-commit"], ["add", "count"], ["set", `own${name}`, name]],
  insisting: (name) => [["load"], ["add", "count"], ["try-commit"], ["try-commit"], ["set", `own${name}`, name], ["commit"]],
  login: (name) => [["load"], ["set", "login", name], ["set", `own${name}`, name], ["regenerate"]],
  graceful: (name) => [["load"], ["set", "login", name], ["add", "count"], ["regenerate", 30]],
  error: (name) => [["load"], ["set", `own${name}`, name], ["answer", 500]],
  logout: () => [["load"], ["destroy"]],
  logoutById: () => [["destroy"]],
};

/** Decides by a seed. */
export class Dice {
  readonly #choices: ReturnType<typeof bySeed>;
  readonly #seed: number;
  readonly #requests: number | undefined;

  /** Draws how many requests there are, where nothing is said. */
  constructor(seed: number, requests?: number) {
    this.#seed = seed;
    this.#requests = requests;
    this.#choices = bySeed(seed ^ 0x9e37_79b9);
  }

  of<T>(all: readonly T[]): T {
    return all[this.#choices.next(all.length)] as T;
  }

  upTo(most: number): number {
    return this.#choices.next(most + 1);
  }

  isHeads(): boolean {
    return this.#choices.next(2) === 1;
  }

  /** Draws 2 to 8 requests of some kinds, of browsers that all have the planted cookie; some come after others. */
  plans(names: readonly string[]): Plan[] {
    const count = this.#requests ?? (this.isHeads() ? 2 + this.upTo(2) : 2 + this.upTo(6));
    return [..."ABCDEFGH"].slice(0, count).map((name, at, all) => {
      const kind = this.of(names);
      const after = at > 0 && this.upTo(4) === 0 ? { after: [all[this.upTo(at - 1)] ?? "A"] } : {};
      const acts = kinds[kind]?.(name) ?? [];
      return { name, browser: this.of(["one", "one", "two", name]), image: kind === "image", byId: kind === "logoutById", acts, ...after };
    });
  }

  weather(): NonNullable<Scene["weather"]> {
    return {
      delays: this.of([0, 0, 1]),
      hangs: this.of([0, 0, 0, 1]),
      repeats: this.of([1, 1, 0]),
      lagMs: this.of([0, 30, 300]),
      slowReplies: this.isHeads(),
    };
  }

  /** Draws the clocks of a scene too. */
  scene(scene: Scene): Scene {
    return { ...scene, skews: scene.plans.map(() => this.of([-1000, 0, 0, 1000])), seed: this.#seed };
  }
}
