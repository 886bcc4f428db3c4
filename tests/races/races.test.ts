// Eight processes race on one session, in a real Redis.
//
// What requests do is drawn from a seed (SEED=<n> draws it again), and when they do it is up to the machine.
// What Redis carried out is put in its order, and held against the laws of tests/protocol.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, type TestContext, test } from "node:test";
import { seedFor } from "../api/seeds.ts";
import { forward, loseReply } from "../fault-proxy.ts";
import { type FaultServer, startFaultServer } from "../fault-server.ts";
import { Dice, workloads } from "../protocol/dice.ts";
import { seeded } from "../protocol/virtual-time.ts";
import type { Scene } from "../protocol/world.ts";
import { connectRedis, type RedisClient } from "../redis-client.ts";
import { type Server, startRedis, startUpstash, startWebdis } from "../servers.ts";
import { Monitor } from "./monitor.ts";
import { type Outcome, type Place, playRound } from "./round.ts";
import type { Way } from "./told.ts";
import { demandWhole } from "./whole.ts";
import { Writers } from "./writers.ts";

const PROCESSES = 8;
const ROUNDS = 200;
/** Of answers to writes, where answers are lost: one in so many. */
const ONE_LOST_IN = 6;
/** For how long a store repeats a call there, where it does. */
const REPEATS_MS = 40;

const token = randomBytes(32).toString("base64url");
const fronts = {
  webdis: (redisPort: number) => startWebdis({ redisPort }),
  upstash: (redisPort: number) => startUpstash({ redisPort, token }),
};
const stops: (() => unknown)[] = [];
let server: Server;
let redis: RedisClient;
let monitor: Monitor;
let writers: Writers;

before(async () => {
  server = await startRedis();
  stops.unshift(server.stop);
  redis = await connectRedis(server.port);
  stops.unshift(redis.close);
  monitor = await Monitor.start(server.port);
  stops.unshift(() => monitor.stop());
  writers = new Writers(PROCESSES);
  stops.unshift(() => writers.stop());
});
after(async () => {
  for (const stop of stops) await stop();
});

for (const [front, startFront] of Object.entries(fronts)) {
  describe(`eight processes on Redis through ${front}`, () => {
    let real: Server;
    let lossy: FaultServer;
    const way = (url: string, retryTimeoutMs = 1000): Way => ({ front: front as Way["front"], url, token, retryTimeoutMs });

    before(async () => {
      real = await startFront(server.port);
      stops.unshift(real.stop);
      lossy = await startFaultServer();
      stops.unshift(lossy.stop);
    });

    const careful = (draw: (dice: Dice) => Scene) => (t: TestContext) =>
      race(t, (dice) => ({ scene: draw(dice), way: way(real.url) })).then(() => undefined);

    test("no update is lost", careful(workloads.updates));
    test("no session is revived", careful(workloads.endings));
    test("no regeneration forks, loses or shows a login", careful(workloads.logins));

    test("no ambiguous commit is stored twice, or told wrong", async (t) => {
      const draw = seeded(seedFor(t));
      const [pass, lose] = [forward(real.url), loseReply(real.url)];
      let lost = 0;
      lossy.play((seen, response) => {
        const isLost = /EVAL|DEL/.test(seen.target + seen.body) && draw() < 1 / ONE_LOST_IN;
        if (isLost) lost += 1;
        return isLost ? lose(seen, response) : pass(seen, response);
      });
      const draws = (dice: Dice) => ({
        scene: workloads.lostAnswers(dice),
        way: way(lossy.url, dice.of([0, REPEATS_MS])),
      });
      const outcomes = await race(t, draws);
      const failures = new Set(outcomes.flatMap(({ told }) => told.flatMap(({ failure }) => failure ?? [])));
      t.diagnostic(`${lost} answers lost; requests fail with ${[...failures].join(", ")}`);
      assert.ok(lost > ROUNDS, `only ${lost} answers were lost`);
    });

    // What it adds is the core's, and the same through every front.
    if (front === "webdis")
      test('under "last-write-wins" no session is revived or forked, and the later commit wins whole', async (t) => {
        await race(t, (dice) => ({ scene: lastWriteWins(dice), way: way(real.url) }), demandWhole);
      });
  });
}

function lastWriteWins(dice: Dice): Scene {
  const session = dice.of<NonNullable<Scene["session"]>>([{ count: 0 }, { count: 0, one: "-", two: "-" }, "absent", "expired"]);
  const plans = dice.plans(["own", "own", "own", "add", "add", "add", "pair", "pair", "clear", "read", "graceful", "logout"]);
  return dice.scene({ session, setup: { concurrency: "last-write-wins" }, plans });
}

/** Plays the rounds, and tells what they took. */
async function race(
  t: TestContext,
  draws: (dice: Dice) => { scene: Scene; way: Way },
  check: (outcome: Outcome) => string[] = () => [],
): Promise<Outcome[]> {
  const seed = seedFor(t);
  const outcomes: Outcome[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { scene, way } = draws(new Dice(seed + round, PROCESSES));
    const place: Place = { writers, redis, monitor, way };
    const outcome = await playRound(scene, place);
    const violations = outcome.violations.length > 0 ? outcome.violations : check(outcome);
    if (violations.length > 0)
      assert.fail(`SEED=${seed}, round ${round}\n${[...new Set(violations)].join("\n")}\n${JSON.stringify(scene)}\n${outcome.trace.text()}`);
    outcomes.push(outcome);
  }
  t.diagnostic(summary(outcomes));
  return outcomes;
}

function summary(outcomes: readonly Outcome[]): string {
  const told = outcomes.flatMap((outcome) => outcome.told);
  const tries = told.flatMap((each) => each.tries);
  const average = tries.reduce((sum, each) => sum + each, 0) / tries.length;
  const ends = Map.groupBy(told, ({ result }) => result);
  const counts = [...ends].map(([result, all]) => `${all.length} ${result}`).join(", ");
  return `${told.length} requests (${counts}); ${tries.length} commits in ${average.toFixed(2)} tries on average, ${Math.max(...tries)} at most; 0 lost, 0 revived`;
}
