// What users write of that this release does not have yet.
// So the rest compiles unchanged.

declare module "edge-session/stores/kv" {
  import type { Store } from "edge-session";
  export function kvStore(namespace: object): Store;
}

declare module "edge-session/stores/d1" {
  import type { Store } from "edge-session";
  export function d1Store(database: object): Store & { removeExpired(): Promise<number> };
}

declare module "edge-session/stores/durable-object" {
  import type { Store } from "edge-session";
  export function durableObjectStore(namespace: object): Store;
  export class SessionObject {}
}
