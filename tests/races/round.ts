// One race: requests of several processes on one session.

import { createSessions, memoryStore } from "edge-session";
import { type Course, courseOf, type Plan } from "../protocol/course.ts";
import { keyOf, parse } from "../protocol/history.ts";
import { checkEnd, checkOrphans } from "../protocol/laws.ts";
import { requestWith, sentCookie } from "../protocol/request.ts";
import { Trace } from "../protocol/trace.ts";
import type { Scene } from "../protocol/world.ts";
import type { RedisClient } from "../redis-client.ts";
import type { Monitor } from "./monitor.ts";
import { Replay } from "./replay.ts";
import { callsOf, type Told, type Way } from "./told.ts";
import type { Writers } from "./writers.ts";

/** Who takes part in every round. */
export interface Place {
  readonly writers: Writers;
  readonly redis: RedisClient;
  readonly monitor: Monitor;
  readonly way: Way;
}

/** What a round showed. */
export interface Outcome {
  readonly violations: readonly string[];
  readonly trace: Trace;
  readonly told: readonly Told[];
  readonly courses: readonly Course[];
  readonly replay: Replay;
}

interface Planted {
  readonly id: string;
  readonly cookie: string;
  readonly text: string;
}

const SECRETS = ["one secret of thirty-two bytes, or more", "an old secret of thirty-two bytes, or more"];
const LIFE_SECONDS = 1200;
/** Ends the time of a session's record: what a forwarding record leads from had its own at least as long ago. */
const END_TIME = "if redis.call('GETRANGE',KEYS[1],0,2)=='1j.' then redis.call('UNLINK',KEYS[1]) end";

/** Plays a scene: every process sends one of its requests; then what Redis carried out is held against the laws. */
export async function playRound(scene: Scene, place: Place): Promise<Outcome> {
  const { redis, monitor } = place;
  const planted = await plant(scene);
  if (isThere(scene)) await redis.send("SET", keyOf(planted.id), planted.text, "EX", LIFE_SECONDS);
  // What came before this mark is not of this round.
  await mark(redis, monitor);
  const told = await sendAll(scene, place, planted);
  const trace = new Trace();
  const courses = scene.plans.map((plan, at) => courseFrom(courseOf(plan), told[at]));
  const replay = new Replay(
    courses.map((course, at) => [course, told[at] as Told]),
    trace,
  );
  begin(replay, scene, planted, told);
  const keys = new Set([keyOf(planted.id), ...told.flatMap(callsOf).map(({ asked }) => asked.key)]);
  replay.play(await mark(redis, monitor), (key) => keys.has(key));
  replay.end();
  await compare(replay, redis, keys);
  if (told.flatMap(callsOf).every(({ isAnswered }) => isAnswered)) checkOrphans(replay.history, replay);
  checkEnd(replay.history, courses, scene.setup?.concurrency !== "last-write-wins");
  return { violations: replay.history.violations, trace, told, courses, replay };
}

/** Sends all requests, each as soon as those before it are over. */
async function sendAll({ plans, setup = {}, skews = [], weather = {}, session }: Scene, place: Place, planted: Planted): Promise<Told[]> {
  const { writers, redis, way } = place;
  const jars = new Map<string, string | undefined>();
  const over = new Map<string, Promise<Told>>();
  let { lostAnswers: answersToLose = 0, expiries: timesToEnd = 0 } = weather;
  const send = async (at: number, { name, browser = name, after = [], ...plan }: Plan): Promise<Told> => {
    await Promise.all(after.map((before) => over.get(before)));
    const cookie = jars.has(browser) || session === "none" ? jars.get(browser) : planted.cookie;
    const order = { plan: { name, browser, ...plan }, cookie, id: planted.id, way, setup, secrets: SECRETS, skew: skews[at] ?? 0 };
    const told = await writers.send(at, order);
    if (told.cookie !== undefined && answersToLose-- <= 0) jars.set(browser, told.cookie === "" ? undefined : told.cookie);
    if (timesToEnd-- > 0) await redis.send("EVAL", END_TIME, 1, keyOf((timesToEnd === 0 ? told.id : undefined) ?? planted.id));
    return told;
  };
  for (const [at, plan] of plans.entries()) over.set(plan.name, send(at, plan));
  return await Promise.all(over.values());
}

/** Puts there what was there before the requests, and notes which ids browsers may know. */
function begin(replay: Replay, scene: Scene, planted: Planted, told: readonly Told[]): void {
  const { issued, expired } = replay.history;
  if (scene.session !== "none") issued.add(planted.id);
  if (isThere(scene)) replay.plant(keyOf(planted.id), planted.text);
  if (scene.session === "expired") expired.push(parse(planted.text).birth);
  for (const { id, cookie } of told) if (id !== undefined && cookie !== undefined) issued.add(id);
}

function isThere({ session }: Scene): boolean {
  return session !== "absent" && session !== "none";
}

let marks = 0;

/** Leaves a mark, and gives what Redis carried out before it. */
async function mark(redis: RedisClient, monitor: Monitor): ReturnType<Monitor["until"]> {
  marks += 1;
  const heard = monitor.until(`mark ${marks}`);
  await redis.send("ECHO", `mark ${marks}`);
  return await heard;
}

/** Begins a session as a first visitor does, and gives its record with the scene's values. */
async function plant({ session = {}, setup = {}, isOld = false }: Scene): Promise<Planted> {
  const store = memoryStore({ isolated: true });
  const sessions = createSessions({ ...setup, secrets: isOld ? SECRETS.slice(1) : SECRETS, store });
  const answer = await sessions.handle(requestWith(undefined), undefined, async (visit) => {
    await visit.load();
    if (typeof session === "object") for (const [name, value] of Object.entries(session)) visit.set(name, value);
    else visit.set("login", "long ago");
    return new Response(visit.id);
  });
  const id = await answer.text();
  const record = await store.load(keyOf(id), 0, { signal: AbortSignal.timeout(LIFE_SECONDS) });
  let text = record ?? "";
  if (session === "expired") text = text.replace(/^((?:[^.]+\.){5})[^.]+/, `$1${Math.floor(Date.now() / 1000) - 1}`);
  return { id, cookie: sentCookie(answer) ?? "", text };
}

/** Takes over what its process told of a request. */
function courseFrom(course: Course, told: Told | undefined): Course {
  if (told === undefined) return course;
  const { changes, result, sentId, destroyed, failure } = told;
  return Object.assign(course, { changes, result, sentId, destroyed, error: failure === undefined ? undefined : { code: failure } });
}

/** What was played back is what Redis holds. */
async function compare(replay: Replay, redis: RedisClient, keys: ReadonlySet<string>): Promise<void> {
  const all = [...keys];
  const texts = await redis.send("MGET", ...all);
  for (const [place, key] of all.entries()) {
    const text = Array.isArray(texts) ? texts[place] : null;
    if ((replay.read(key) ?? null) !== text) replay.history.violate("BROKEN", "Redis holds something else than was played back");
  }
}
