// Events: each once in its scenario, without secrets.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { createSessions, memoryStore, SessionError, type SessionEvent } from "edge-session";
import { Context, changeThatFailsOnReplay, NAME, OLD_SECRET, pairOf, request, SECRET, World } from "./world.ts";

/** Does something to a session in one request. */
async function visit(
  world: World,
  cookie: string | undefined,
  change: (session: Awaited<ReturnType<World["loaded"]>>) => unknown,
  status = 200,
): Promise<Response> {
  return world.sessions.handle(request({ cookie }), undefined, async (session) => {
    await session.load();
    await change(session);
    return new Response(null, { status });
  });
}

const nothing = () => undefined;
const timesOut = () => {
  throw new DOMException("canary-cause", "TimeoutError");
};

/** Every scenario, with the events that it is to tell, in order. */
const scenarios: [name: string, run: (world: World) => Promise<unknown>, told: string[]][] = [
  ["a visitor who sets nothing", (world) => visit(world, undefined, nothing), []],
  [
    "a first value",
    (world) => visit(world, undefined, (session) => session.set("canary-key", "canary-value")),
    ["session-created", "session-committed"],
  ],
  ["a read", async (world) => visit(world, (await begun(world)).cookie, nothing), ["session-loaded"]],
  ["a write", async (world) => visit(world, (await begun(world)).cookie, (session) => session.set("b", 2)), ["session-loaded", "session-committed"]],
  [
    "a login",
    async (world) => visit(world, (await begun(world)).cookie, (session) => session.regenerateId()),
    ["session-loaded", "session-regenerated", "session-committed"],
  ],
  ["a logout", async (world) => visit(world, (await begun(world)).cookie, (session) => session.destroy()), ["session-loaded", "session-destroyed"]],
  [
    "a renewal",
    async (world) => world.sessions.handle(request({ cookie: (await begun(world)).cookie }), undefined, () => new Response()),
    ["session-renewed"],
  ],
  ["an error page for a visitor", (world) => visit(world, undefined, (session) => session.set("a", 1), 500), ["cookie-withheld"]],
  [
    "an error page after a login",
    async (world) => visit(world, (await begun(world)).cookie, (session) => session.regenerateId(), 500),
    ["session-loaded", "cookie-withheld"],
  ],
  ["a foreign cookie", (world) => visit(world, `${NAME}=canary-cookie`, nothing), ["cookie-rejected"]],
  ["a neighbour who was faster", conflict, ["session-loaded", "session-loaded", "session-committed", "conflict-replayed", "session-committed"]],
  ["a session that ended meanwhile", endedMeanwhile, ["session-loaded", "session-destroyed", "session-gone"]],
  ["a request under a forwarded id", forwarded, ["session-gone", "session-loaded"]],
  ["a change under a forwarded id, which is dropped", changedForwarded, ["session-gone", "session-loaded", "session-gone"]],
  ["a failed load", failing("load"), ["store-failed"]],
  ["a failed commit", failing("update"), ["session-loaded", "store-failed"]],
  ["a failed destroy", failingDestroy, ["session-loaded", "store-failed"]],
  ["a failed renewal", failingRenewal, ["store-failed"]],
  ["a damaged record", damaged("canary-record"), ["record-rejected"]],
  ["a damaged value, read twice", damagedValue, ["session-loaded", "record-rejected"]],
  ["a damaged value, read and then committed beside", damagedCommit, ["session-loaded", "record-rejected"]],
  ["a newer record", damaged("2j.canary-record"), ["record-rejected"]],
  ["a record that grew too large", tooLarge, ["session-loaded"]],
  ["a cookie under an older secret", rotated, ["old-secret-seen", "session-loaded"]],
];

async function begun(world: World): Promise<{ cookie: string; id: string; key: string }> {
  const made = await world.begun((session) => session.set("canary-key", "canary-value"));
  world.told();
  return made;
}

async function conflict(world: World): Promise<void> {
  const { cookie } = await begun(world);
  const slow = await world.loaded(cookie);
  await visit(world, cookie, (session) => session.set("b", 2));
  slow.set("canary-key", "canary-second");
  await slow.commit();
}

async function endedMeanwhile(world: World): Promise<void> {
  const { cookie, id } = await begun(world);
  await visit(world, cookie, async (session) => {
    session.set("b", 2);
    await world.sessions.openById(id).destroy();
  });
}

/** Signs in, and gives the cookie from before. */
async function left(world: World): Promise<string> {
  const { cookie } = await begun(world);
  const login = await world.loaded(cookie);
  login.regenerateId();
  await login.commit();
  world.told();
  return cookie;
}

async function forwarded(world: World): Promise<void> {
  await world.loaded(await left(world));
}

async function changedForwarded(world: World): Promise<void> {
  await visit(world, await left(world), (session) => session.set("b", 2));
}

/** Gives what a call rejects with. */
async function rejected(call: Promise<unknown>): Promise<unknown> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof SessionError);
  return error;
}

function failing(operation: string): (world: World) => Promise<unknown> {
  return async (world) => {
    const { cookie } = await begun(world);
    world.store.before = (asked) => {
      if (asked === operation) throw Object.assign(new Error("canary-cause"), { name: "StoreDown", token: SECRET });
    };
    const session = world.sessions.open(request({ cookie }));
    if (operation === "load") return rejected(session.load());
    await session.load();
    session.set("b", 2);
    return rejected(session.commit());
  };
}

async function failingDestroy(world: World): Promise<unknown> {
  const { cookie } = await begun(world);
  world.store.after = (asked) => (asked === "update" ? timesOut() : undefined);
  const session = await world.loaded(cookie);
  return rejected(session.destroy());
}

async function failingRenewal(world: World): Promise<void> {
  const { cookie } = await begun(world);
  world.store.before = timesOut;
  await world.sessions.handle(request({ cookie }), undefined, () => new Response());
}

function damaged(record: string): (world: World) => Promise<unknown> {
  return async (world) => {
    const { cookie, key } = await begun(world);
    await world.store.write(key, record);
    return rejected(world.loaded(cookie));
  };
}

async function damagedValue(world: World): Promise<Awaited<ReturnType<World["loaded"]>>> {
  const { cookie, key } = await begun(world);
  const record = (await world.store.peek(key)) ?? "";
  await world.store.write(key, record.replace('"canary-value"', "canary-value"));
  const session = await world.loaded(cookie);
  for (let read = 0; read < 2; read++) assert.throws(() => session.get("canary-key"), { code: "record-corrupt" });
  return session;
}

async function damagedCommit(world: World): Promise<unknown> {
  const session = await damagedValue(world);
  session.set("b", 2);
  return rejected(session.commit());
}

async function tooLarge(world: World): Promise<unknown> {
  const { cookie } = await begun(world);
  const session = await world.loaded(cookie);
  session.set("canary-key", "canary".repeat(20_000));
  return rejected(session.commit());
}

async function rotated(world: World): Promise<void> {
  const { cookie } = await world.begun(undefined, world.deployed({ secrets: [OLD_SECRET] }));
  world.told();
  await visit(world, cookie, nothing);
}

/** Gives all texts that must not be found: what the store was asked and told, cookies, secrets. */
function canaries(world: World): string[] {
  const found: string[] = ["canary", SECRET, OLD_SECRET];
  for (const operation of ["load", "create", "update", "refresh", "remove"] as const) {
    const own = world.store[operation].bind(world.store) as (...given: unknown[]) => Promise<unknown>;
    Object.assign(world.store, {
      [operation]: (...given: unknown[]) => {
        found.push(/_(.{22})\}/.exec(String(given[0]))?.[1] ?? "no id", String(given[0]));
        if (typeof given[1] === "string") found.push(given[1].slice(3, 19), given[1].slice(20, 36));
        return own(...given);
      },
    });
  }
  return found;
}

describe("events", () => {
  test("are told once in their scenario, and name no secret; nor do errors and the console", async (t) => {
    const printed: unknown[] = [];
    for (const method of ["log", "info", "warn", "error", "debug"] as const)
      t.mock.method(console, method, (...given: unknown[]) => printed.push(given));
    for (const [name, run, told] of scenarios) {
      const world = new World({ secrets: [SECRET, OLD_SECRET] });
      const secret = canaries(world);
      const answer = await run(world);
      printed.push(answer instanceof Error ? answer : undefined);
      assert.deepEqual(
        world.events.map((event) => event.name),
        told,
        name,
      );
      if (answer instanceof Response) secret.push(...answer.headers.getSetCookie().map((line) => pairOf(line).slice(NAME.length + 1)));
      const text = inspect([world.events, printed], { depth: 20, showHidden: true });
      for (const each of secret.filter((one) => one !== "")) assert.ok(!text.includes(each), `${name}: ${each}`);
    }
  });

  test("name the session by a salted hash, the same for one id and another under other secrets", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    await world.loaded(cookie);
    await world.loaded(cookie);
    const [one, two] = world.events.splice(0);
    assert.match(one?.session ?? "", /^[0-9a-f]{16}$/);
    assert.equal(one?.session, two?.session);
    const other = await world.begun();
    await world.loaded(other.cookie);
    assert.notEqual(world.events[0]?.session, one?.session);
  });

  test("of a listener that throws, or rejects, end no request", async () => {
    const listeners = [
      () => {
        throw new Error("the listener's own");
      },
      async () => {
        throw new Error("the listener's own");
      },
    ];
    const unhandled: unknown[] = [];
    const hear = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", hear);
    for (const onEvent of listeners) {
      const world = new World({ onEvent });
      const { cookie } = await world.begun();
      assert.deepEqual(await world.values(cookie), { a: 1 });
    }
    await new Promise(setImmediate);
    process.off("unhandledRejection", hear);
    assert.deepEqual(unhandled, []);
  });

  test("of warnings and errors go to the console where nobody listens, and no others", async (t) => {
    const warn = t.mock.method(console, "warn", () => undefined);
    const error = t.mock.method(console, "error", () => undefined);
    const log = t.mock.method(console, "log", () => undefined);
    const world = new World({ onEvent: undefined });
    const { cookie, key } = await world.begun();
    await world.loaded(cookie);
    assert.equal(warn.mock.callCount() + error.mock.callCount() + log.mock.callCount(), 0);
    await world.loaded(`${NAME}=canary`);
    assert.equal(warn.mock.callCount(), 1);
    await world.store.write(key, "canary");
    await assert.rejects(world.loaded(cookie));
    assert.equal(error.mock.callCount(), 1);
    const printed = inspect([warn.mock.calls, error.mock.calls], { depth: 20 });
    assert.doesNotMatch(printed, /canary/);
  });

  test("count tries and bytes of a commit", async () => {
    const events: SessionEvent[] = [];
    const sessions = createSessions({ secrets: [SECRET], store: memoryStore({ isolated: true }), onEvent: (event) => events.push(event) });
    const session = sessions.open(request());
    await session.load();
    session.set("a", 1);
    await session.commit();
    const committed = events.find((event) => event.name === "session-committed");
    assert.ok(committed !== undefined && committed.tries === 1 && committed.bytes > 60 && committed.durationMs >= 0);
  });

  test("tell what the application's own update threw in a commit that nobody awaits, and keep it to themselves", async () => {
    for (const options of [{ throwOnError: false }, { commit: "background" }] as const) {
      const world = new World(options);
      const { cookie } = await begun(world);
      const context = new Context();
      const handled = world.sessions.handle(request({ cookie }), context, async (session) => {
        await session.load();
        await changeThatFailsOnReplay(world, session, cookie, new RangeError("canary"));
        return new Response();
      });
      assert.equal((await handled).status, 200);
      await context.settled();
      const [failed, ...others] = world.events.filter((event) => event.level === "error");
      assert.ok(failed?.name === "store-failed" && failed.code === "core-failed" && failed.operation === "commit");
      assert.deepEqual(others, []);
      assert.doesNotMatch(inspect(failed), /canary/);
    }
  });

  test("tell what the application's own consent threw there", async () => {
    const consent = () => {
      throw new RangeError("canary");
    };
    const world = new World({ throwOnError: false, consent });
    await visit(world, "", (session) => session.set("a", 1));
    const [failed, ...others] = world.events.filter((event) => event.level === "error");
    assert.ok(failed?.name === "store-failed" && failed.code === "core-failed" && failed.operation === "commit");
    assert.deepEqual(others, []);
  });

  test("count the calls of a commit that others were always faster than", async () => {
    const world = new World({ throwOnError: false, ioTimeoutMs: 60 });
    const { cookie } = await begun(world);
    let rivals = 0;
    world.store.before = async (operation, _, key) => {
      if (operation !== "update") return;
      rivals++;
      const there = (await world.store.peek(key)) ?? "";
      await world.store.write(key, `1j.${String(rivals).padStart(16, "r")}${there.slice(19)}`);
    };
    await visit(world, cookie, (session) => session.set("b", 2));
    const [failed] = world.events.filter((event) => event.name === "store-failed");
    assert.ok(failed?.name === "store-failed" && failed.code === "conflict" && failed.operation === "commit");
    assert.ok(failed.tries >= 9 && failed.tries >= rivals, `${failed.tries} calls`);
  });
});
