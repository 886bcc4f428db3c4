// Many requests at once, by chance: what is confirmed stays.
//
// A run that fails prints its seed; SEED=<n> plays it again, SCHEDULES_TIMES=<n> plays n times as many.

import { bySeed } from "./choices.ts";
import type { Act, Plan } from "./course.ts";
import { type Story, seeds } from "./explore.ts";
import { storiesOf } from "./stories.ts";
import type { Scene } from "./world.ts";

const story = storiesOf(import.meta.url);
const SEEDS = 10_000;

story("no update is lost", () =>
  seeds((seed) => {
    const dice = new Dice(seed);
    const session = dice.of<NonNullable<Scene["session"]>>([{ count: 0 }, { count: 0 }, { count: 0 }, "absent", "expired"]);
    const plans = dice.plans(["own", "own", "add", "add", "pair", "read", "image", "slow", "twice"]);
    return dice.story({ session, plans, weather: { ...dice.weather(), faults: dice.upTo(2) } });
  }, SEEDS),
);

story("no session is revived", () =>
  seeds((seed) => {
    const dice = new Dice(seed);
    const session = dice.of<NonNullable<Scene["session"]>>([{ user: "u" }, { user: "u" }, { user: "u" }, "absent", "expired"]);
    const plans = dice.plans(["own", "own", "add", "clear", "logout", "logout", "logoutById", "login", "graceful", "read", "image", "slow", "error"]);
    const setup = dice.of<NonNullable<Scene["setup"]>>([{}, {}, {}, { concurrency: "last-write-wins" }]);
    return dice.story({ session, setup, plans, weather: { ...dice.weather(), expiries: dice.of([0, 0, 1, 2]), faults: dice.upTo(2) } });
  }, SEEDS),
);

story("no regeneration forks, loses or shows a login", () =>
  seeds((seed) => {
    const dice = new Dice(seed);
    const session = dice.of<NonNullable<Scene["session"]>>([{ count: 0 }, { count: 0 }, { count: 0 }, "absent", "expired"]);
    const plans = dice.plans(["login", "login", "graceful", "graceful", "own", "add", "pair", "read", "image", "slow", "error", "logout"]);
    const weather = { ...dice.weather(), faults: dice.upTo(2), losesLoads: dice.isHeads(), lostAnswers: dice.upTo(1), slowAnswers: dice.isHeads() };
    return dice.story({ session, isOld: dice.isHeads(), plans, weather });
  }, SEEDS),
);

story("no ambiguous commit is stored twice, or told wrong", () =>
  seeds((seed) => {
    const dice = new Dice(seed);
    const session = dice.of<NonNullable<Scene["session"]>>([{ count: 0 }, { count: 0 }, "absent"]);
    const plans = dice.plans(["own", "add", "add", "twice", "twice", "insisting", "login", "read"]);
    const weather = { ...dice.weather(), faults: 1 + dice.upTo(4), delays: dice.upTo(2), hangs: dice.upTo(1), repeats: dice.upTo(1) };
    return dice.story({ session, plans, weather });
  }, SEEDS),
);

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

/** Draws a story from a seed. */
class Dice {
  readonly #choices: ReturnType<typeof bySeed>;
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
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
    const count = this.isHeads() ? 2 + this.upTo(2) : 2 + this.upTo(6);
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

  story(scene: Scene): Story {
    return { scene: { ...scene, skews: scene.plans.map(() => this.of([-1000, 0, 0, 1000])), seed: this.#seed } };
  }
}
