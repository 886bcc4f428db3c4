// The libraries that are measured, and their bare workers.

/**
 * `bare` is the worker that is subtracted; `inStore` says that the cookie holds an id only. `header` changes the `Cookie` header: ours knows a
 * token that it opened before, but not beside another cookie whose name begins alike, so that line shows what each browser's first request costs.
 * The line without `ctx` compares like with like: no peer hands anything to `waitUntil`, so a client's abort may stop their commits.
 */
export const LIBRARIES = [
  { name: "edge-session", worker: "edge-session", bare: "bare", inStore: true, ours: true },
  {
    name: "edge-session, first time",
    worker: "edge-session",
    bare: "bare",
    inStore: true,
    ours: true,
    header: (cookie) => `${cookie}; __Host-sessionx=1`,
  },
  { name: "edge-session, without ctx", worker: "edge-session-no-ctx", bare: "bare", inStore: true, ours: true },
  { name: "React Router storages", worker: "react-router", bare: "bare", inStore: true },
  { name: "iron-session", worker: "iron-session", bare: "bare", inStore: false },
  { name: "hono-sessions", worker: "hono-sessions", bare: "bare-hono", inStore: true },
  { name: "@hono/session", worker: "hono-session", bare: "bare-hono", inStore: true },
  { name: "h3 useSession", worker: "h3", bare: "bare-h3", inStore: false },
];
