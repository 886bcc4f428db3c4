// What the type of a session's data may be, and may not.

import { createSessions, memoryStore } from "edge-session";

const base = { secrets: ["x".repeat(32)], store: memoryStore() };

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
type Frozen = string | number | boolean | null | readonly Frozen[] | { readonly [key: string]: Frozen };
// As type-fest has it.
type JsonObject = { [Key in string]: JsonValue } & { [Key in string]?: JsonValue | undefined };
type JsonArray = JsonValue[] | readonly JsonValue[];
type JsonValue = string | number | boolean | null | JsonObject | JsonArray;
// As interfaces.
interface Members {
  [key: string]: Anything;
}
interface List extends Array<Anything> {}
type Anything = string | number | boolean | null | Members | List;
type Menu = { label: string } | Menu[];
interface Tree {
  value: number;
  children?: Tree[];
}
type Id = string & { readonly brand: "id" };
enum Level {
  Low,
  High,
}

createSessions<{ any: Json }>(base);
createSessions<{ any?: Json | undefined; more: Record<string, Json> }>(base);
createSessions<{ any: Frozen }>(base);
createSessions<{ any: JsonValue; object: JsonObject; array: JsonArray }>(base);
createSessions<{ any: Anything }>(base);
createSessions<{ menu: Menu }>(base);
createSessions<{ tree: Tree; trees: readonly Tree[]; byName: Record<string, Tree> }>(base);
createSessions<{ id: Id; level: Level; pair: [string, number?]; picture: Uint8Array; unknown: unknown }>(base);
createSessions<Members>(base);
createSessions<{ a: number }, { any: Json }>(base);

const session = createSessions<{ any: Json; kind: "a" | "b" }>(base).open(new Request("https://shop.example/"));
session.set("any", [{ a: [null, true, "x", 1] }]);
export const any: Json | undefined = session.get("any");
export const kind: "a" | "b" | undefined = session.get("kind");
// @ts-expect-error a Date is no Json
session.set("any", { at: new Date() });
// @ts-expect-error wrong value
session.set("kind", "c");
// @ts-expect-error unknown key
session.get("other");

type WithDate = Date | WithDate[] | { [key: string]: WithDate };
// @ts-expect-error a Date in any depth
createSessions<{ any: WithDate }>(base);
// @ts-expect-error a Date beside JSON
createSessions<{ any: Json | Date }>(base);
// @ts-expect-error a Date in an optional property
createSessions<{ at?: Date }>(base);
// @ts-expect-error a Date in an array of objects
createSessions<{ all: { at: Date }[] }>(base);
// @ts-expect-error a Map in an interface's place
createSessions<{ user: { roles?: Map<string, string> } }>(base);
// @ts-expect-error a Set in a tuple
createSessions<{ pair: [string, Set<string>] }>(base);
// @ts-expect-error a function
createSessions<{ run: () => void }>(base);
// @ts-expect-error a function under any key
createSessions<{ all: Record<string, () => void> }>(base);
// @ts-expect-error a method
createSessions<{ point: { x: number; move(): void } }>(base);
// @ts-expect-error a bigint
createSessions<{ count: bigint }>(base);
// @ts-expect-error a bigint in an array
createSessions<{ counts: bigint[] }>(base);
// @ts-expect-error a bigint beside JSON
createSessions<{ any: { [key: string]: Json | bigint } }>(base);
// @ts-expect-error a symbol
createSessions<{ mark: symbol }>(base);
// @ts-expect-error a symbol inside
createSessions<{ marks: readonly symbol[] }>(base);
// @ts-expect-error bytes that are not the whole value
createSessions<{ picture: { bytes: Uint8Array } }>(base);
// @ts-expect-error a promise
createSessions<{ later: Promise<string> }>(base);
// @ts-expect-error no message either
createSessions<{ a: number }, { any: Json | Date }>(base);
