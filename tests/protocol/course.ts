// What a request is to do, and what became of it.

import { type Session, SessionError } from "edge-session";

/** One thing that a handler does. */
export type Act =
  | readonly ["load"]
  | readonly ["set", key: string, value: unknown]
  /** Adds one to a counter, by `update`. */
  | readonly ["add", key: string]
  /** Adds one to a counter, by `get` and `set`: nobody else may write meanwhile. */
  | readonly ["step", key: string]
  | readonly ["clear"]
  | readonly ["regenerate", graceSeconds?: number]
  | readonly ["destroy"]
  | readonly ["commit"]
  /** Commits, and goes on whatever comes. */
  | readonly ["try-commit"]
  /** Waits for something that is not the store. */
  | readonly ["pause"]
  | readonly ["answer", status: number]
  | readonly ["throw"];

/** A request to come. */
export interface Plan {
  readonly name: string;
  /** Whose cookies it carries; a browser of its own where nothing is said. */
  readonly browser?: string;
  /** The session is known by the planted id; there is no request. */
  readonly byId?: boolean;
  /** Requests that must be over before it is sent. */
  readonly after?: readonly string[];
  /** Whether it fetches an image: its answer shows no page. */
  readonly image?: boolean;
  readonly acts: readonly Act[];
}

/** What is known of a change: not committed, stored, surely not stored, asked about again later, or never to be known. */
export type Fate = "pending" | "confirmed" | "refused" | "undecided" | "unsure";
/** A change that a request made. */
export interface Change {
  readonly act: Act;
  fate: Fate;
  /** The birth under which it was stored, or tried to be. */
  birth: string | undefined;
}

/** How a request ended, as its caller sees it. */
export type Result = "none" | "read" | "done" | "gone" | "destroyed" | "failed";

/** One request under way. */
export interface Course {
  readonly plan: Plan;
  stage: "planned" | "running" | "answered" | "over";
  /** The id of the cookie that it carries. */
  sentId: string | undefined;
  session: Session | undefined;
  /** What the load showed; `undefined` where there was no session. */
  read: Record<string, unknown> | undefined;
  readonly changes: Change[];
  /** The birth of the data that the last load of its id brought. */
  offered: string | undefined;
  /** The birth of the living record that its handler loaded. */
  loaded: string | undefined;
  /** Births of all data records that the store told it of. */
  readonly seen: Set<string>;
  /** The birth of the data that it stored, or tried to, last. */
  written: string | undefined;
  /** Births that were confirmed as destroyed before it was sent. */
  endedBefore: readonly string[];
  readonly events: string[];
  /** How many events there were when the handler was over. */
  eventsOfHandler: number;
  /** Calls that it made to the store, by operation. */
  readonly calls: string[];
  /** Whether the store gave its last call up. */
  unanswered: boolean;
  destroyed: boolean;
  response: Response | undefined;
  error: unknown;
  result: Result;
}

/** Begins with a plan. */
export function courseOf(plan: Plan): Course {
  return {
    plan,
    stage: "planned",
    sentId: undefined,
    session: undefined,
    read: undefined,
    offered: undefined,
    changes: [],
    loaded: undefined,
    seen: new Set(),
    written: undefined,
    endedBefore: [],
    events: [],
    eventsOfHandler: 0,
    calls: [],
    unanswered: false,
    destroyed: false,
    response: undefined,
    error: undefined,
    result: "none",
  };
}

/** What a handler meets outside its session. */
export interface Surroundings {
  pause(course: Course): Promise<unknown>;
  loaded(course: Course): void;
  moving(course: Course, newId: string): void;
  destroyed(course: Course): void;
}

/** Does what the plan says. */
export async function handler(course: Course, session: Session, around: Surroundings): Promise<Response> {
  let status = 200;
  try {
    for (const act of course.plan.acts) {
      if (act[0] === "answer") status = act[1];
      else await perform(course, session, act, around);
    }
  } catch (error) {
    // A failure of the store is answered 503, and so never rejects.
    course.error = error;
    throw error;
  } finally {
    course.eventsOfHandler = course.events.length;
  }
  return status === 0 ? Response.error() : new Response(null, { status });
}

async function perform(course: Course, session: Session, act: Act, around: Surroundings): Promise<void> {
  switch (act[0]) {
    case "load":
      await session.load();
      if (!session.isNew) course.read = Object.fromEntries([...session.keys()].map((key) => [key, session.get(key)]));
      return around.loaded(course);
    case "set":
      session.set(act[1], act[2]);
      break;
    case "add":
      session.update(act[1], (value) => Number(value ?? 0) + 1);
      break;
    case "step":
      session.set(act[1], Number(session.get(act[1]) ?? 0) + 1);
      break;
    case "clear":
      session.clear();
      break;
    case "regenerate":
      session.regenerateId(act[1] === undefined ? {} : { graceSeconds: act[1] });
      around.moving(course, session.id ?? "");
      break;
    case "destroy":
      await session.destroy();
      return around.destroyed(course);
    case "commit":
      return await commits(course, session);
    case "try-commit":
      return await commits(course, session).catch(() => undefined);
    case "pause":
      await around.pause(course);
      return;
    case "throw":
      throw new Error("the handler failed");
    case "answer":
      return;
  }
  course.changes.push({ act, fate: "pending", birth: undefined });
}

/** Commits, and notes what that says of the changes made so far. */
export async function commits(course: Course, session: Session): Promise<void> {
  try {
    course.unanswered = false;
    await session.commit();
  } catch (error) {
    const undecided = error instanceof SessionError && course.unanswered ? "undecided" : "unsure";
    if (codeOf(error) === "conflict") settle(course, { undecided: "unsure" });
    else if (codeOf(error) === "destroyed") settle(course, { pending: "refused", undecided: "unsure" });
    else settle(course, { pending: undecided, undecided });
    throw error;
  }
  settle(course, { pending: "confirmed", undecided: "confirmed" });
}

/** Gives changes of one fate another. */
export function settle(course: Course, fates: Partial<Record<Fate, Fate>>): void {
  for (const change of course.changes) {
    if (change.fate === "pending" || change.fate === "undecided") change.birth = course.written;
    change.fate = fates[change.fate] ?? change.fate;
  }
}

/** Notes what the end of a request says of its changes. */
export function conclude(course: Course): void {
  const { response, error, events, eventsOfHandler } = course;
  const last = events.slice(eventsOfHandler);
  const wentGone = last.includes("session-gone");
  if (response !== undefined && !isFailure(response))
    settle(course, wentGone ? { pending: "refused", undecided: "unsure" } : { pending: "confirmed", undecided: "confirmed" });
  else if (last.includes("cookie-withheld") || wentGone || codeOf(error) === "conflict") settle(course, { pending: "refused", undecided: "unsure" });
  else {
    const isStored = response !== undefined && last.includes("session-committed") && !last.includes("store-failed");
    settle(course, { pending: isStored ? "confirmed" : "unsure", undecided: "unsure" });
  }
  course.result = resultOf(course, wentGone);
}

function resultOf(course: Course, wentGone: boolean): Result {
  const { response, error, changes, destroyed } = course;
  if (error !== undefined && codeOf(error) !== "destroyed") return "failed";
  if (wentGone || error !== undefined) return "gone";
  if (response !== undefined && isFailure(response)) return "failed";
  if (destroyed) return "destroyed";
  if (changes.length === 0) return "read";
  return changes.every(({ fate }) => fate === "confirmed") ? "done" : "failed";
}

function isFailure({ status }: Response): boolean {
  return status >= 500 || status === 0;
}

/** Gives the code of an error of the package. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof SessionError ? error.code : undefined;
}
