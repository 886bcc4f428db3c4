// One process of a race: sends requests when it is told to.

import { createSessions, SessionError, type SessionEvent, type Sessions, type Store } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";
import { webdisStore } from "edge-session/stores/webdis";
import { courseOf } from "../protocol/course.ts";
import type { Setup } from "../protocol/doors.ts";
import { send, sentCookie } from "../protocol/request.ts";
import type { Answer, Asked, Operation } from "../protocol/simulated-store.ts";
import type { CallStep, Order, Step, Told, Way } from "./told.ts";

/** Sessions over one way and setup; whoever sends a request hears of it. */
interface Door {
  readonly sessions: Sessions;
  /** Waits for something that is no session: one way to the store and back. */
  readonly rest: () => Promise<unknown>;
  onEvent: (event: SessionEvent) => void;
  onCall: (asked: Asked, answer: Promise<Answer>) => void;
  skew: number;
}

const WRITES: readonly string[] = ["create", "update", "replace"];
const operations: readonly Operation[] = ["load", "create", "update", "replace", "refresh", "remove", "put"];
const doors = new Map<string, Door>();

// The sockets to the front would keep it alive.
process.on("disconnect", () => process.exit());
process.on("message", (order: Order) => {
  void perform(order).then((told) => process.send?.(told));
});

async function perform({ plan, cookie, id, way, setup, secrets, skew }: Order): Promise<Told> {
  const at = process.hrtime.bigint();
  const door = doorFor(way, setup, secrets);
  const course = courseOf(plan);
  const steps: Step[] = [];
  const tries: number[] = [];
  door.skew = skew;
  door.onEvent = (event) => {
    course.events.push(event.name);
    if (event.name === "session-committed") tries.push(event.tries);
  };
  door.onCall = (asked, answer) => {
    const step: CallStep = { kind: "call", asked, isAnswered: false };
    steps.push(step);
    if (asked.text.startsWith("1j.")) course.written = asked.text.slice(20, 36);
    answer.then(
      (value) => Object.assign(step, { answer: value, isAnswered: true }),
      () => {
        course.unanswered = true;
      },
    );
  };
  await send(course, door.sessions, cookie, id, {
    pause: door.rest,
    loaded: ({ read }) => void steps.push({ kind: "loaded", read }),
    moving: (_, newId) => void steps.push({ kind: "moving", newId }),
    destroyed: () => {
      course.destroyed = true;
      steps.push({ kind: "destroyed", at: process.hrtime.bigint() });
    },
  });
  const { changes, result, sentId, written, destroyed, error } = course;
  const failure = error === undefined ? undefined : error instanceof SessionError ? error.code : String(error);
  return { steps, changes, result, sentId, written, destroyed, failure, cookie: sentCookie(course.response), id: course.session?.id, tries, at };
}

function doorFor(way: Way, setup: Setup, secrets: string[]): Door {
  const name = JSON.stringify([way, setup, secrets]);
  const { front, url, token, retryTimeoutMs } = way;
  const options = { url, retryTimeoutMs, operationTimeoutMs: 5000, circuitBreaker: false };
  const make = () => (front === "webdis" ? webdisStore(options) : upstashStore({ ...options, token }));
  const known = doors.get(name);
  if (known !== undefined) return known;
  const unwatched = make();
  const rest = () => unwatched.load("nobody", 0, { signal: AbortSignal.timeout(10_000) });
  const sessions = createSessions({
    ...setup,
    secrets,
    store: watched(make(), (asked, answer) => door.onCall(asked, answer)),
    onEvent: (event) => door.onEvent(event),
    clock: () => Date.now() + door.skew,
  });
  const door: Door = { sessions, rest, onEvent: () => {}, onCall: () => {}, skew: 0 };
  doors.set(name, door);
  return door;
}

/** The same store, of whose calls somebody hears. */
function watched(store: Store, onCall: Door["onCall"]): Store {
  for (const operation of operations) {
    const make = (store[operation as keyof Store] as (...parts: unknown[]) => Promise<Answer>).bind(store);
    const watch = (key: string, ...parts: unknown[]) => {
      const answer = make(key, ...parts);
      const [text, expected] = WRITES.includes(operation) ? parts : [];
      onCall({ operation, key, text: String(text ?? ""), expected: operation === "update" ? String(expected) : "", seconds: 0 }, answer);
      return answer;
    };
    Object.assign(store, { [operation]: watch });
  }
  return store;
}
