// Sessions of the package for each request of a run.

import { createSessions, type SessionEvent, type Sessions, type SessionsOptions } from "edge-session";
import { Door, SimulatedStore } from "./simulated-store.ts";
import { quiet, START } from "./virtual-time.ts";

/** What a run may set. */
export type Setup = Omit<SessionsOptions, "secrets" | "store" | "onEvent" | "clock">;

/** One `Sessions` of the package, behind which one request stands at a time. */
export interface Slot<Caller> {
  readonly door: Door<Caller>;
  readonly sessions: Sessions;
  onEvent: (event: SessionEvent) => void;
  /** Milliseconds by which its clock is wrong. */
  skew: number;
}

/** A session that a browser has when a run begins. */
export interface Planted {
  readonly id: string;
  readonly cookie: string;
  /** Gives its record with these values. */
  text(values: Record<string, unknown>): string;
}

export const COOKIE = "__Host-session";
const SECRET = "one secret of thirty-two bytes, or more";
/** Sealed under this one, a cookie is to be sealed again. */
const OLD_SECRET = "an old secret of thirty-two bytes, or more";

const slots = new Map<string, Slot<unknown>>();
const planted = new Map<string, Planted>();

/** Gives the sessions of a request's place in its run; they are made once for all runs. */
export function slotFor<Caller>(setup: Setup, place: number): Slot<Caller> {
  const name = `${place} ${JSON.stringify(setup)}`;
  const known = slots.get(name) as Slot<Caller> | undefined;
  if (known !== undefined) return known;
  const slot = makeSlot<Caller>(setup, [SECRET, OLD_SECRET]);
  slots.set(name, slot as Slot<unknown>);
  return slot;
}

/** Gives a session whose cookie the package sealed at the start of the run, under the old secret where asked for. */
export async function plantedSession(setup: Setup, isOld: boolean): Promise<Planted> {
  const name = `${isOld} ${JSON.stringify(setup)}`;
  const known = planted.get(name);
  if (known !== undefined) return known;
  const slot = makeSlot<string>(setup, isOld ? [OLD_SECRET] : [SECRET, OLD_SECRET]);
  const store = new SimulatedStore<string>(() => START);
  slot.door.store = store;
  slot.door.caller = "planter";
  const answer = slot.sessions.handle({ headers: new Headers() }, undefined, async (session) => {
    await session.load();
    session.set("planted", true);
    return new Response();
  });
  await quiet();
  const [create] = store.waiting;
  if (create === undefined) throw new Error("the first write of a visitor is one call");
  store.reply(create, store.apply(create));
  const [line = ""] = (await answer).headers.getSetCookie();
  const header = create.text.slice(0, create.text.indexOf("{"));
  const found: Planted = {
    id: create.key.slice("{edge-session_".length, -"}_Data".length),
    cookie: line.slice(COOKIE.length + 1, line.indexOf(";")),
    text: (values) => header + lines(values),
  };
  planted.set(name, found);
  return found;
}

function makeSlot<Caller>(setup: Setup, secrets: string[]): Slot<Caller> {
  const door = new Door<Caller>();
  const sessions = createSessions({
    ...setup,
    secrets,
    store: door,
    onEvent: (event) => slot.onEvent(event),
    clock: () => Date.now() + slot.skew,
  });
  const slot: Slot<Caller> = { door, sessions, onEvent: () => {}, skew: 0 };
  return slot;
}

/** Writes values one entry a line, as records hold them. */
function lines(values: Record<string, unknown>): string {
  const entries = Object.entries(values).map(([key, value]) => `\n${JSON.stringify(key)}:${JSON.stringify(value)}`);
  return entries.length === 0 ? "{}" : `{${entries.join(",")}}`;
}
