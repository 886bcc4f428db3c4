// Opens a request's session, commits it and answers.

import { type Cache, StoreCache } from "./cache.ts";
import { Budget, call } from "./calls.ts";
import { commit, inTurn, isDirty } from "./commit.ts";
import { isNavigation } from "./cookies.ts";
import { generation, isId } from "./core.ts";
import { SessionError } from "./errors.ts";
import { effortBefore } from "./failure.ts";
import { applyToResponse, isRedirect } from "./headers.ts";
import { load, secondsToLive } from "./load.ts";
import { freeLock } from "./lock.ts";
import type { Opened } from "./opened.ts";
import { type RequestLike, type SessionsOptions, type Settings, settle } from "./options.ts";
import { answerToOutage } from "./outage.ts";
import { makeProtector, type Protector } from "./protector.ts";
import { type Session, type Values, VisitSession } from "./session.ts";
import { commitAll, needsTempCookie } from "./temp-data.ts";
import { type Background, begin, forget, keeperOf, keyFor, note, openCookie, tell, type Visit } from "./visit.ts";

/**
 * One configuration of sessions, made once.
 *
 * @example
 * const sessions = createSessions<{ visits: number }>({ secrets: [env.SESSION_SECRET], store: memoryStore() });
 * export default {
 *   fetch: (request, _env, ctx) => sessions.handle(request, ctx, async (session) => {
 *     await session.load();
 *     session.update("visits", (visits = 0) => visits + 1);
 *     return Response.json({ visits: session.get("visits") });
 *   }),
 * };
 */
export interface Sessions<Data extends object = Record<string, unknown>, Temp extends object = Record<string, unknown>> {
  /**
   * Opens the request's session, runs the handler, commits, and puts the cookie and `Cache-Control` on its answer.
   * A failure of the store that the handler does not catch is answered 503, with `Retry-After`; one of the commit after it rejects.
   * @throws {SessionError} as `commit`; `invalid-options` of a function of options; and what the handler throws
   */
  handle(
    request: RequestLike,
    ctx: Background | undefined,
    handler: (session: Session<Data, Temp>) => Response | Promise<Response>,
  ): Promise<Response>;
  /**
   * Gives the request's session without any I/O, for code that calls `load()`, `commit()` and `applyTo()` itself. Under
   * `concurrency: "exclusive"` only `commit()` and `destroy()` free the lock that `load()` took, before its time is over.
   * @throws {SessionError} `invalid-options` of a function of options
   */
  open(request: RequestLike): Session<Data, Temp>;
  /**
   * Gives a session known by its id, where there is no request: queues, sockets, "log out everywhere". It never sets a
   * cookie and never begins a session. Never take an id from a user.
   * @throws {SessionError} `invalid-options`: that is no id
   */
  openById(id: string): Session<Data, Temp>;
  /**
   * Makes and opens text for query strings and hidden fields. The purpose keeps texts apart: 1 to 1,000 characters of
   * yours, such as `"csrf"`. It does not call a function of options; using the protector does.
   * @throws {SessionError} `invalid-options`: that is no purpose
   */
  protector<Value = string>(purpose: string): Protector<Value>;
  /** The application's own values on the same store, shared by all requests. */
  readonly cache: Cache;
}

/**
 * Makes sessions from options, or from a function that gives them: called at the first use, for frameworks that import
 * modules at build time, without secrets; again after it threw, and never again once it succeeded.
 *
 * @throws {SessionError} `invalid-options`, all problems in one message
 */
export function createSessions<Data extends Values<Data> = Record<string, unknown>, Temp extends Values<Temp> = Record<string, unknown>>(
  options: SessionsOptions | (() => SessionsOptions),
): Sessions<Data, Temp> {
  let settings: Settings | undefined = typeof options === "function" ? undefined : settle(options);
  const settled = (): Settings => {
    settings ??= settle((options as () => SessionsOptions)());
    return settings;
  };
  let cache: Cache | undefined;
  return {
    get cache() {
      cache ??= new StoreCache(settled);
      return cache;
    },
    handle: (request, ctx, handler) => {
      const answer = handle(settled, request, ctx, handler as (session: Session) => Response | Promise<Response>);
      // A runtime stops the handler of a client that went away, and nobody would free its lock.
      if (settings?.locks) ctx?.waitUntil(answer.catch(() => undefined));
      return answer;
    },
    open: (request) => new VisitSession(begin(settled(), request)) as unknown as Session<Data, Temp>,
    openById: (id) => {
      const known = settled();
      if (keeperOf(known) !== undefined)
        throw new SessionError("invalid-options", "openById needs a store; cookieStore() has a session in its browser only.");
      if (typeof id !== "string" || !isId(id)) throw new SessionError("invalid-options", "openById takes an id that a session had, 22 characters.");
      return new VisitSession(begin(known, undefined, id)) as unknown as Session<Data, Temp>;
    },
    protector: (purpose) => makeProtector(settled, purpose),
  };
}

/** Instances of the compiled core that were told of; the first is no restart. */
let instancesTold = 1;

/** Tells once of each instance that took the place of a failed one. */
function tellRestart(visit: Visit): void {
  if (generation <= instancesTold) return;
  instancesTold = generation;
  tell(visit, { name: "core-restarted", level: "error" });
}

async function handle(
  settled: () => Settings,
  request: RequestLike,
  ctx: Background | undefined,
  handler: (session: Session) => Response | Promise<Response>,
): Promise<Response> {
  const visit = begin(settled(), request);
  visit.handled = true;
  visit.background = ctx;
  tellRestart(visit);
  let response: Response;
  let wasThrown = false;
  try {
    response = await handler(new VisitSession(visit));
  } catch (error) {
    if (!(error instanceof Response)) return answerToError(visit, ctx, error);
    response = error;
    wasThrown = true;
  }
  try {
    // Nothing in place of an answer fails here, and ends the request all the same.
    if (isFailure(response)) await commitAfterFailure(visit, ctx);
    // Most answers leave nothing to wait for.
    else if (mayCommit(visit)) await commitBefore(visit, ctx, response);
  } finally {
    visit.started = true;
    if (visit.settings.locks) await free(visit, ctx);
  }
  const answer = applyToResponse(visit, response);
  tellRestart(visit);
  if (wasThrown) throw answer;
  return answer;
}

function isFailure({ status }: Response): boolean {
  return status >= 500 || status === 0;
}

/** Commits what an error leaves, and throws it on; a failing store's is answered. */
async function answerToError(visit: Visit, ctx: Background | undefined, error: unknown): Promise<Response> {
  await commitAfterFailure(visit, ctx);
  visit.started = true;
  if (visit.settings.locks) await free(visit, ctx);
  const answer = answerToOutage(error);
  if (answer === undefined) throw error;
  return answer;
}

/** Frees the lock once all commits are over, a load included that nobody waited for; behind the answer, where there is a context. */
async function free(visit: Visit, ctx: Background | undefined): Promise<void> {
  const work = inTurn(visit, async () => {
    await visit.loading?.catch(() => undefined);
    await freeLock(visit);
  });
  if (ctx === undefined) await work;
}

/** Says whether anything may be left to do for the session. */
function mayCommit(visit: Visit): boolean {
  return visit.queue !== undefined || visit.stand === "unknown" || visit.temp !== undefined || isDirty(visit);
}

/** Commits everything, before the answer leaves or behind it. */
function commitBefore(visit: Visit, ctx: Background | undefined, response: Response): Promise<void> | undefined {
  if (visit.queue !== undefined) return visit.queue.then(() => commitLeft(visit, ctx, response));
  return commitLeft(visit, ctx, response);
}

/** Commits what the handler's own commits left. */
function commitLeft(visit: Visit, ctx: Background | undefined, response: Response): Promise<void> | undefined {
  let work: Promise<void> | undefined;
  if (isDirty(visit) || visit.temp !== undefined) {
    const redirects = isRedirect(response);
    const background = visit.settings.inBackground && !redirects && mayComeLate(visit);
    const turn = inTurn(visit, () => commitQuietly(visit, background ? "tell" : "throw", redirects));
    if (!background || ctx === undefined) work = turn;
  }
  if (visit.stand !== "unknown") return work;
  return work === undefined ? renew(visit, ctx) : work.then(() => renew(visit, ctx));
}

/** Says whether a commit may come behind an answer that does not redirect. */
function mayComeLate(visit: Visit): boolean {
  return visit.stand === "live" && visit.moving === undefined && !visit.destroyed && visit.due === undefined && !needsTempCookie(visit);
}

/** Commits what an answer of failure may: changes to a session that has a record. Nothing is begun, no login confirmed. */
async function commitAfterFailure(visit: Visit, ctx: Background | undefined): Promise<void> {
  if (visit.queue !== undefined) await visit.queue;
  visit.failed = true;
  if (visit.stand === "unknown") {
    await renew(visit, ctx);
    return;
  }
  if (!isDirty(visit)) return;
  if (visit.stand !== "live" || visit.moving !== undefined || keeperOf(visit.settings) !== undefined) {
    if (visit.stand !== "forwarded" && visit.stand !== "ended") tell(visit, { name: "cookie-withheld", level: "warning", reason: "error-response" });
    forget(visit);
    return;
  }
  await inTurn(visit, () => commitQuietly(visit, "tell", undefined));
}

/** Commits, TempData too where it is known whether the answer redirects; a session that ended meanwhile is no error, any other failure is the answer's or an event. */
async function commitQuietly(visit: Visit, failure: "throw" | "tell", redirects: boolean | undefined): Promise<void> {
  const started = Date.now();
  try {
    if (redirects !== undefined) await commitAll(visit, undefined, redirects);
    // A commit of the handler's own may have come first.
    else if (isDirty(visit)) await commit(visit, undefined);
  } catch (error) {
    commitFailed(visit, failure, started, error);
  }
}

/** Throws why an automatic commit failed, or tells it. */
function commitFailed(visit: Visit, failure: "throw" | "tell", started: number, error: unknown): void {
  if (error instanceof SessionError && error.code === "destroyed") return;
  if (failure === "throw" && visit.settings.throwOnError) throw error;
  // As for an answer of failure: only what an explicit commit or destroy() confirmed may leave with it.
  visit.failed = true;
  const code = error instanceof SessionError ? error.code : "core-failed";
  // A damaged record, and what the store failed with, was told where it was met; that nobody can decide on the commit included.
  if (code === "timeout" || code === "record-corrupt" || code.startsWith("store-") || (error as SessionError).cause instanceof SessionError) return;
  tell(visit, {
    name: "store-failed",
    level: "error",
    code,
    operation: "commit",
    durationMs: Date.now() - started,
    tries: effortBefore(error).tries,
  });
}

/** Renews a session that the request carried and never loaded; behind the answer, where there is a context. */
function renew(visit: Visit, ctx: Background | undefined): Promise<void> | undefined {
  const { settings } = visit;
  // A load or destroy that failed is use: the store is not asked once more.
  if (!settings.slides || visit.used) return undefined;
  const cookie = openedQuietly(visit);
  if (cookie === null) return undefined;
  // Sealed by an older secret: a load confirms the record, and the cookie is sealed anew.
  if (cookie.secret > 0 && isNavigation(visit) && !visit.failed) return loadToSeal(visit);
  const seconds = secondsToLive(visit, cookie);
  const budget = new Budget(settings.renewalMs, undefined);
  const work = call(visit, "refresh", budget, (io) => settings.store.refresh(keyFor(visit, cookie.id), seconds, io)).then(
    () => note(visit, "session-renewed"),
    () => undefined,
  );
  if (ctx === undefined) return work;
  ctx.waitUntil(work);
  return undefined;
}

async function loadToSeal(visit: Visit): Promise<void> {
  await load(visit, { readOnly: true }, visit.settings.renewalMs)?.catch(() => undefined);
  visit.used = false;
}

/** Opens the cookie for work behind the answer, whose failure is never the answer's. */
function openedQuietly(visit: Visit): Opened | null {
  try {
    return openCookie(visit);
  } catch (error) {
    const code = error instanceof SessionError ? error.code : "core-failed";
    tell(visit, { name: "store-failed", level: "error", code, operation: "refresh", durationMs: 0, tries: 0 });
    return null;
  }
}
