// The worker with edge-session, without an execution context.
// Nothing is handed to `waitUntil`, as by no peer.
import worker from "./edge-session.mjs";

export default { fetch: (request, env) => worker.fetch(request, env, undefined) };
