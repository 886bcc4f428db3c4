// Requests that many stories send.

import type { Act, Plan } from "./course.ts";
import type { World } from "./world.ts";

type Where = Omit<Plan, "name" | "acts">;

/** Sets a key that nobody else does. */
export function writes(name: string, where: Where = {}): Plan {
  return { name, ...where, acts: [["load"], ["set", `own${name}`, 1]] };
}

/** Sets two keys that others set too, both to its name. */
export function writesPair(name: string, where: Where = {}): Plan {
  return { name, ...where, acts: [["load"], ["set", "one", name], ["set", "two", name]] };
}

/** Adds one to the counter that others add to. */
export function adds(name: string, where: Where = {}): Plan {
  return { name, ...where, acts: [["load"], ["add", "count"]] };
}

export function reads(name: string, where: Where = {}): Plan {
  return { name, ...where, acts: [["load"]] };
}

/** Signs in: says who it is, and takes a new id. */
export function logsIn(name: string, where: Where = {}, graceSeconds?: number, ...more: Act[]): Plan {
  const regenerate: Act = graceSeconds === undefined ? ["regenerate"] : ["regenerate", graceSeconds];
  return { name, ...where, acts: [["load"], ["set", "login", name], regenerate, ...more] };
}

/** Signs out. */
export function logsOut(name: string, where: Where = {}): Plan {
  return { name, ...where, acts: [["load"], ["destroy"]] };
}

/** Demands that a request ended so. */
export function demand(world: World, name: string, result: string): void {
  const found = world.course(name).result;
  if (found !== result) world.history.violate("LOCKED-OUT", `${name} ends as ${found}, not as ${result}`);
}

/** Demands that nothing was dropped, as nobody destroyed anything. */
export function demandNothingDropped(world: World): void {
  if (world.history.ended.length > 0) return;
  for (const { plan, result, error } of world.courses) {
    const isConflict = (error as { code?: unknown } | undefined)?.code === "conflict";
    if (result === "gone" || isConflict) world.history.violate("DROPPED", `${plan.name} lost its changes, though nobody destroyed anything`);
  }
}

/** Demands that one session is left, whoever began it. */
export function demandOneSession(world: World): void {
  const living = world.history.living();
  if (living.length > 1) world.history.violate("FORKED", `${living.length} sessions live`);
}

/** Gives the values of the only living session; empty where there is none. */
export function valuesLeft(world: World): Record<string, unknown> {
  return world.history.living()[0]?.[1].values ?? {};
}
