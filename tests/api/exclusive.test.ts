// Who takes the lock, and when it is free again.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Session, SessionsOptions } from "edge-session";
import { type Begun, Context, codeOf, type Data, type Handler, pairOf, request, World } from "./world.ts";

const io = { signal: new AbortController().signal };
const ok = () => new Response();

/** An application whose writers exclude each other. */
class Exclusive extends World {
  constructor(options: Partial<SessionsOptions> = {}) {
    super({ concurrency: "exclusive", ...options });
  }

  /** Answers a request of a cookie's browser. */
  handled(cookie: string | undefined, handler: Handler, ctx?: Context): Promise<Response> {
    return this.sessions.handle(request({ cookie }), ctx, handler);
  }

  /** Says whether somebody holds the lock, by asking for it behind everybody's back. */
  async isHeld({ id }: Pick<Begun, "id">): Promise<boolean> {
    if ((await this.store.inner.lock?.(lockOf(id), "the test", 1000, io)) === "held") return true;
    await this.store.inner.unlock?.(lockOf(id), "the test", io);
    return false;
  }

  /** Holds the lock as a worker would that died. */
  hold({ id }: Begun): Promise<unknown> {
    return Promise.resolve(this.store.inner.lock?.(lockOf(id), "another's", 110_000, io));
  }
}

/** Too short to wait in: whoever meets a lock asks once. */
const impatient = { ioTimeoutMs: 50 };

function lockOf(id: string): string {
  return `{edge-session_${id}}_Write_Lock`;
}

/** Adds one to a counter as people do who know no `update`. */
async function step(session: Session<Data>): Promise<void> {
  await session.load();
  session.set("count", Number(session.get("count") ?? 0) + 1);
}

describe("a request that will write", () => {
  test("takes the lock before it loads, and frees it after the commit", async () => {
    const world = new Exclusive();
    const begun = await world.begun();
    await world.handled(begun.cookie, async (session) => {
      await step(session);
      assert.equal(await world.isHeld(begun), true);
      return ok();
    });
    assert.deepEqual(world.store.taken(), ["lock", "load", "update", "unlock"]);
    assert.equal(await world.isHeld(begun), false);
    assert.deepEqual(await world.values(begun.cookie), { a: 1, count: 1 });
  });

  test("holds it under the name of the Azure provider's, for lockTimeoutMs", async () => {
    for (const [lockTimeoutMs, seconds] of [
      [undefined, 110],
      [2500, 2.5],
    ] as const) {
      const world = new Exclusive({ lockTimeoutMs });
      const begun = await world.begun();
      world.store.seconds.length = 0;
      const keys: string[] = [];
      world.store.before = (operation, _, key) => keys.push(`${operation} ${key}`);
      await world.loaded(begun.cookie);
      assert.deepEqual(keys, [`lock ${lockOf(begun.id)}`, `load ${begun.key}`]);
      assert.equal(world.store.seconds[0], seconds);
    }
  });

  test("holds it by a token of 128 random bits, new each time, whatever the clock says", async () => {
    const world = new Exclusive();
    const { cookie } = await world.begun();
    world.store.tokens.length = 0;
    for (let round = 0; round < 20; round++) await world.handled(cookie, (session) => step(session).then(ok));
    const { tokens } = world.store;
    assert.equal(new Set(tokens).size, 20);
    for (const token of tokens) assert.match(token, /^[\w-]{21}[AQgw]$/);
    // Of 20 random ones hardly two begin alike; what counts up or comes from a clock does.
    assert.ok(new Set(tokens.map((token) => token.slice(0, 4))).size >= 18);
  });

  test("asks once and ends in timeout where the wait has no time", async () => {
    const world = new Exclusive(impatient);
    const begun = await world.begun();
    await world.hold(begun);
    assert.equal(await codeOf(() => world.loaded(begun.cookie)), "timeout");
    assert.deepEqual(world.store.taken(), ["lock"]);
    const [told] = world.events;
    assert.deepEqual(
      { ...told, durationMs: 0, session: "" },
      { name: "store-failed", level: "error", code: "timeout", operation: "lock", durationMs: 0, tries: 1, session: "" },
    );
    assert.equal(await world.isHeld(begun), true);
  });

  test("gets an empty session that nobody can write, where throwOnError is false", async () => {
    const world = new Exclusive({ ...impatient, throwOnError: false });
    const begun = await world.begun();
    await world.hold(begun);
    const session = await world.loaded(begun.cookie);
    assert.deepEqual([session.isAvailable, session.size], [false, 0]);
    assert.throws(() => session.set("a", 2), { code: "store-unavailable" });
    assert.deepEqual(await world.sessions.handle(request({ cookie: begun.cookie }), undefined, ok).then((answer) => answer.status), 200);
    assert.equal(await world.isHeld(begun), true);
  });

  test("takes over from a worker that died, once lockTimeoutMs is over", async () => {
    const world = new Exclusive(impatient);
    const begun = await world.begun();
    await world.loaded(begun.cookie);
    world.pass(109);
    assert.equal(await codeOf(() => world.loaded(begun.cookie)), "timeout");
    world.pass(1);
    await world.handled(begun.cookie, (session) => step(session).then(ok));
    assert.deepEqual(await world.values(begun.cookie, world.deployed({ concurrency: "merge" })), { a: 1, count: 1 });
  });

  test("has nothing to lock where the visitor has no session", async () => {
    const world = new Exclusive();
    for (const cookie of [undefined, "__Host-session=garbage"]) {
      await world.handled(cookie, (session) => session.load().then(ok));
      assert.deepEqual(world.store.taken(), []);
      await world.handled(cookie, (session) => step(session).then(ok));
      assert.deepEqual(world.store.taken(), ["create"]);
    }
  });

  test("locks the id of a record that expired, as others may begin there too", async () => {
    const world = new Exclusive(impatient);
    const begun = await world.begun();
    world.pass(1200);
    const first = await world.loaded(begun.cookie);
    assert.deepEqual([first.isNew, await world.isHeld(begun)], [true, true]);
    assert.equal(await codeOf(() => world.loaded(begun.cookie)), "timeout");
    first.set("count", 1);
    await first.commit();
    await world.handled(begun.cookie, (session) => step(session).then(ok));
    assert.deepEqual(await world.values(begun.cookie), { count: 2 });
  });

  test("takes it where the session is known by its id", async () => {
    const world = new Exclusive(impatient);
    const begun = await world.begun();
    const session = world.sessions.openById(begun.id);
    await session.load();
    assert.equal(await codeOf(() => world.loaded(begun.cookie)), "timeout");
    session.set("b", 2);
    await session.commit();
    assert.deepEqual(await world.values(begun.cookie), { a: 1, b: 2 });
  });

  test("shares the lock between two loads", async () => {
    const world = new Exclusive();
    const { cookie } = await world.begun();
    await world.handled(cookie, async (session) => {
      await Promise.all([session.load(), session.load(), session.load({ readOnly: true })]);
      session.set("b", 2);
      return ok();
    });
    assert.deepEqual(world.store.taken(), ["lock", "load", "update", "unlock"]);
  });
});

describe("a request that only reads", () => {
  test("takes no lock and waits for none", async () => {
    const world = new Exclusive(impatient);
    const begun = await world.begun();
    await world.hold(begun);
    const answer = await world.handled(begun.cookie, async (session) => {
      await session.load({ readOnly: true });
      return Response.json(session.get("a"));
    });
    assert.equal(await answer.json(), 1);
    assert.deepEqual(world.store.taken(), ["load"]);
  });

  test("may change nothing until it loads to write", async () => {
    const world = new Exclusive();
    const begun = await world.begun();
    const session = world.sessions.open(request({ cookie: begun.cookie }));
    await session.load({ readOnly: true });
    const changes = [
      () => session.set("a", 2),
      () => session.update("a", () => 2),
      () => session.delete("a"),
      () => session.clear(),
      () => session.regenerateId(),
    ];
    for (const change of changes) assert.throws(change, { code: "read-only" });
    await world.handled(begun.cookie, (other) => step(other).then(ok));
    assert.equal(session.get("count"), undefined);
    world.store.taken();
    await session.load();
    assert.deepEqual(world.store.taken(), ["lock", "load"]);
    assert.equal(session.get("count"), 1);
    session.set("count", 2);
    await session.commit();
    assert.deepEqual(await world.values(begun.cookie), { a: 1, count: 2 });
  });

  test("sees the TempData that is there when it loads to write", async () => {
    const world = new Exclusive({ tempData: { provider: "session" } });
    const begun = await world.begun((session) => session.tempData.set("notice", "Saved."));
    const session = world.sessions.open(request({ cookie: begun.cookie }));
    await session.load({ readOnly: true });
    assert.equal(session.tempData.peek("notice"), "Saved.");
    assert.throws(() => session.tempData.get("notice"), { code: "read-only" });
    await world.handled(begun.cookie, async (other) => {
      await other.load();
      return new Response(String(other.tempData.get("notice")));
    });
    await session.load();
    assert.equal(session.tempData.get("notice"), undefined);
    await session.commit();
    assert.equal(await world.isHeld(begun), false);
  });

  test("finds out when it loads to write that the session ended meanwhile", async () => {
    const world = new Exclusive();
    const begun = await world.begun();
    const session = world.sessions.open(request({ cookie: begun.cookie }));
    await session.load({ readOnly: true });
    await (await world.loaded(begun.cookie)).destroy();
    await session.load();
    assert.deepEqual([session.isNew, session.size, session.get("a"), session.createdAt, session.id], [true, 0, undefined, undefined, undefined]);
    await session.commit();
    assert.equal(await world.isHeld(begun), false);
  });

  test("loads once where there is nothing to lock, and only looks again once the answer is made", async () => {
    const world = new Exclusive();
    const { cookie } = await world.begun();
    const visitor = world.sessions.open(request());
    await visitor.load({ readOnly: true });
    await visitor.load();
    visitor.set("a", 1);
    assert.deepEqual(world.store.taken(), []);
    const late = world.sessions.open(request({ cookie }));
    await late.load({ readOnly: true });
    late.applyTo(new Headers());
    await late.load();
    assert.deepEqual([late.get("a"), world.store.taken()], [1, ["load"]]);
    assert.throws(() => late.set("a", 2), { code: "response-started" });
  });

  test("may end the session, and a writer who holds the lock does not bring it back", async () => {
    const world = new Exclusive();
    const begun = await world.begun();
    const writer = await world.loaded(begun.cookie);
    const leaving = world.sessions.open(request({ cookie: begun.cookie }));
    await leaving.load({ readOnly: true });
    world.store.taken();
    await leaving.destroy();
    assert.deepEqual(world.store.taken(), ["update"]);
    writer.set("b", 2);
    assert.equal(await codeOf(() => writer.commit()), "destroyed");
    assert.match((await world.store.peek(begun.key)) ?? "", /^1d\./);
  });

  test("is what a request is that never loads: its renewal locks nothing", async () => {
    const world = new Exclusive();
    const begun = await world.begun();
    await world.hold(begun);
    await world.handled(begun.cookie, ok);
    assert.deepEqual(world.store.taken(), ["refresh"]);
    const old = new Exclusive({
      secrets: ["a newer secret of at least 32 bytes, yes", ...world.options.secrets],
      store: world.store,
      clock: () => world.now,
    });
    await old.handled(begun.cookie, ok);
    assert.deepEqual(world.store.taken(), ["load"]);
  });
});

/** What a handler does after its load, and how its request ends. */
interface Ending {
  readonly act: Handler;
  readonly calls: string[];
  readonly ends?: string;
  readonly options?: Partial<SessionsOptions>;
}

/** Makes a handler that does something, and then answers. */
function doing(act: (session: Session<Data>) => unknown, answer: () => Response = ok): Handler {
  return async (session) => {
    await act(session);
    return answer();
  };
}

const sets = (session: Session<Data>) => session.set("b", 2);

const endings: Record<string, Ending> = {
  "changed nothing": { act: ok, calls: [] },
  "answered 500": { act: doing(sets, () => new Response(null, { status: 500 })), calls: ["update"] },
  "answered status 0": { act: () => Response.error(), calls: [] },
  redirected: { act: doing(sets, () => Response.redirect("https://app.example/", 303)), calls: ["update"] },
  "threw an error": { act: () => Promise.reject(new RangeError("no")), calls: [], ends: "RangeError: no" },
  "threw a response": { act: () => Promise.reject(new Response(null, { status: 404 })), calls: [], ends: "[object Response]" },
  "set more than a record holds": {
    act: doing((session) => session.set("b", "x".repeat(100))),
    options: { maxRecordBytes: 150 },
    calls: [],
    ends: "record-too-large",
  },
  "committed by itself": {
    act: doing((session) => {
      sets(session);
      return session.commit();
    }),
    calls: ["update"],
  },
  "destroyed the session": { act: doing((session) => session.destroy()), calls: ["update"] },
  "destroyed it and began another": { act: doing((session) => session.destroy().then(() => sets(session))), calls: ["update", "create"] },
  "took a new id": { act: doing((session) => session.regenerateId()), calls: ["create", "update"] },
};

describe("the lock of a request is freed", () => {
  for (const [name, { act, options, calls, ends = "" }] of Object.entries(endings)) {
    test(`where it ${name}`, async () => {
      const world = new Exclusive(options);
      const begun = await world.begun();
      const end = await codeOf(() => world.handled(begun.cookie, (session) => session.load().then(() => act(session))));
      assert.equal(end, ends);
      assert.equal(await world.isHeld(begun), false);
      const made = world.store.taken();
      assert.deepEqual(made.slice(0, 2), ["lock", "load"]);
      assert.deepEqual(
        made.slice(2).filter((operation) => operation !== "unlock"),
        calls,
      );
      assert.equal(made.filter((operation) => operation === "unlock").length, 1);
    });
  }

  test("where the commit fails, and where it may have been stored", async () => {
    for (const loses of [false, true]) {
      const world = new Exclusive();
      const begun = await world.begun();
      const fail = (operation: string) => {
        if (operation === "update") throw loses ? new DOMException("late", "TimeoutError") : new Error("down");
      };
      if (loses) world.store.after = fail;
      else world.store.before = fail;
      assert.equal(
        await codeOf(() => world.handled(begun.cookie, (session) => step(session).then(ok))),
        loses ? "commit-ambiguous" : "store-unavailable",
      );
      assert.equal(await world.isHeld(begun), false);
    }
  });

  test("where the record could not be loaded after it was taken", async () => {
    const world = new Exclusive();
    const begun = await world.begun();
    world.store.before = (operation) => {
      if (operation === "load") throw new Error("down");
    };
    const session = world.sessions.open(request({ cookie: begun.cookie }));
    assert.equal(await codeOf(() => session.load()), "store-unavailable");
    assert.equal((await world.handled(begun.cookie, (each) => each.load().then(ok))).status, 503);
    assert.deepEqual(world.store.taken(), ["lock", "load", "unlock", "lock", "load", "unlock"]);
    world.store.before = () => undefined;
    await session.load();
    assert.equal(session.get("a"), 1);
  });

  test("where the store took it and its answer was lost", async () => {
    const world = new Exclusive();
    const begun = await world.begun();
    world.store.after = (operation) => {
      if (operation === "lock") throw new DOMException("late", "TimeoutError");
    };
    assert.equal((await world.handled(begun.cookie, (session) => session.load().then(ok))).status, 503);
    assert.deepEqual(world.store.taken(), ["lock", "unlock"]);
    assert.equal(await world.isHeld(begun), false);
  });

  test("where the handler never waited for its load", async () => {
    const world = new Exclusive();
    const begun = await world.begun();
    await world.handled(begun.cookie, (session) => {
      void session.load();
      return ok();
    });
    assert.deepEqual(world.store.taken(), ["lock", "load", "unlock"]);
    assert.equal(await world.isHeld(begun), false);
  });

  test("not before the handler is over, though it commits in between", async () => {
    const world = new Exclusive(impatient);
    const begun = await world.begun();
    await world.handled(begun.cookie, async (session) => {
      await step(session);
      await session.commit();
      assert.equal(await codeOf(() => world.loaded(begun.cookie)), "timeout");
      session.set("count", 2);
      return ok();
    });
    assert.deepEqual(await world.values(begun.cookie), { a: 1, count: 2 });
  });

  test("behind the answer, where there is a context", async () => {
    const world = new Exclusive();
    const begun = await world.begun();
    const gate = Promise.withResolvers<void>();
    world.store.before = (operation) => (operation === "unlock" ? gate.promise : undefined);
    const ctx = new Context();
    await world.handled(begun.cookie, (session) => step(session).then(ok), ctx);
    assert.equal(await world.isHeld(begun), true);
    gate.resolve();
    await ctx.settled();
    assert.equal(await world.isHeld(begun), false);
  });

  test("though the client goes away: the handler is handed to the context as a whole", async () => {
    const world = new Exclusive();
    const begun = await world.begun();
    const ctx = new Context();
    const gate = Promise.withResolvers<void>();
    const answered = world.handled(begun.cookie, (session) => step(session).then(() => gate.promise.then(ok)), ctx);
    assert.equal(ctx.promises.length, 1);
    gate.resolve();
    await ctx.promises[0];
    assert.equal((await answered).status, 200);
    const failing = new Context();
    await assert.rejects(world.handled(begun.cookie, () => Promise.reject(new Error("no")), failing));
    assert.deepEqual(new Set((await failing.settled()).map(({ status }) => status)), new Set(["fulfilled"]));
  });

  test("and a lock that fails leaves nothing behind that rejects, for a runtime to print", async () => {
    const world = new Exclusive();
    const begun = await world.begun();
    const isAsked = (operation: string) => {
      if (operation === "lock") throw new Error(`down: ${begun.key}`);
    };
    for (const when of ["before", "after"] as const) {
      world.store[when] = isAsked;
      const ctx = new Context();
      const answer = await world.handled(begun.cookie, (session) => step(session).then(ok), ctx);
      assert.equal(answer.status, 503);
      assert.deepEqual(new Set((await ctx.settled()).map(({ status }) => status)), new Set(["fulfilled"]));
    }
  });

  test("where the handler gives no answer", async () => {
    for (const none of [undefined, null]) {
      const world = new Exclusive();
      const begun = await world.begun();
      const handled = world.handled(begun.cookie, (session) => session.load().then(() => none as unknown as Response));
      await assert.rejects(handled, TypeError);
      assert.deepEqual(world.store.taken(), ["lock", "load", "unlock"]);
      assert.equal(await world.isHeld(begun), false);
    }
  });

  test("after a commit in the background, not before", async () => {
    const world = new Exclusive({ commit: "background" });
    const begun = await world.begun();
    const gate = Promise.withResolvers<void>();
    world.store.before = (operation) => (operation === "update" ? gate.promise : undefined);
    const ctx = new Context();
    await world.handled(begun.cookie, (session) => step(session).then(ok), ctx);
    assert.deepEqual(world.store.taken(), ["lock", "load", "update"]);
    gate.resolve();
    await ctx.settled();
    assert.deepEqual(world.store.taken(), ["unlock"]);
    assert.equal(await world.isHeld(begun), false);
  });

  test("by commit() and destroy() where there is no handle, whatever comes of them", async () => {
    const world = new Exclusive();
    const begun = await world.begun();
    const unchanged = await world.loaded(begun.cookie);
    await unchanged.commit();
    assert.equal(await world.isHeld(begun), false);
    const failing = await world.loaded(begun.cookie);
    world.store.before = (operation) => {
      if (operation === "update") throw new Error("down");
    };
    failing.set("b", 2);
    assert.equal(await codeOf(() => failing.commit()), "store-unavailable");
    assert.equal(await world.isHeld(begun), false);
    const leaving = await world.loaded(begun.cookie);
    assert.equal(await codeOf(() => leaving.destroy()), "store-unavailable");
    assert.equal(await world.isHeld(begun), false);
    world.store.before = () => undefined;
    await (await world.loaded(begun.cookie)).destroy();
    assert.equal(await world.isHeld(begun), false);
  });

  test("and taken again by a later commit(), which waits for whoever holds it by then", async () => {
    const world = new Exclusive(impatient);
    const begun = await world.begun();
    const session = await world.loaded(begun.cookie);
    session.set("count", 1);
    await session.commit();
    session.set("count", 2);
    world.store.taken();
    await session.commit();
    assert.deepEqual(world.store.taken(), ["lock", "update", "unlock"]);
    await world.hold(begun);
    session.set("count", 3);
    assert.equal(await codeOf(() => session.commit()), "timeout");
    assert.match((await world.store.peek(begun.key)) ?? "", /"count":2\}?/);
    assert.equal(await world.isHeld(begun), true);
  });

  test("by time alone where neither is called", async () => {
    const world = new Exclusive();
    const begun = await world.begun();
    (await world.loaded(begun.cookie)).applyTo(new Headers());
    world.pass(109);
    assert.equal(await world.isHeld(begun), true);
    world.pass(1);
    assert.equal(await world.isHeld(begun), false);
  });

  test("by a call whose failure is an event only", async () => {
    const world = new Exclusive();
    const { cookie } = await world.begun();
    world.store.before = (operation) => {
      if (operation === "unlock") throw new Error("down");
    };
    const answer = await world.handled(cookie, (session) => step(session).then(ok));
    assert.equal(answer.status, 200);
    const failed = world.events.filter(({ name }) => name === "store-failed");
    assert.deepEqual(
      failed.map((event) => "operation" in event && event.operation),
      ["unlock"],
    );
    assert.doesNotMatch(JSON.stringify(world.events), new RegExp(world.store.tokens.join("|")));
  });
});

describe("whoever outlived the lock", () => {
  test("is refused with conflict where another wrote meanwhile, and its changes are never made again", async () => {
    const world = new Exclusive();
    const begun = await world.begun();
    const stale = await world.loaded(begun.cookie);
    world.pass(110);
    await world.handled(begun.cookie, (session) => step(session).then(ok));
    stale.set("count", 7);
    world.store.taken();
    assert.equal(await codeOf(() => stale.commit()), "conflict");
    assert.deepEqual(world.store.taken(), ["lock", "update", "unlock"]);
    assert.equal(await codeOf(() => stale.commit()), "conflict");
    assert.deepEqual(await world.values(begun.cookie), { a: 1, count: 1 });
  });

  test("is refused with conflict where another holds it, who is not disturbed", async () => {
    const world = new Exclusive();
    const begun = await world.begun();
    const stale = await world.loaded(begun.cookie);
    world.pass(110);
    const holder = await world.loaded(begun.cookie);
    stale.set("count", 7);
    world.store.taken();
    assert.equal(await codeOf(() => stale.commit()), "conflict");
    assert.deepEqual(world.store.taken(), ["lock"]);
    assert.equal(await world.isHeld(begun), true);
    holder.set("count", 1);
    await holder.commit();
    assert.equal(await codeOf(() => stale.commit()), "conflict");
    assert.deepEqual(await world.values(begun.cookie), { a: 1, count: 1 });
  });

  test("is refused again where its handler passed over that, and whoever holds the lock is still not written before", async () => {
    const world = new Exclusive();
    const begun = await world.begun();
    const answered = world.handled(begun.cookie, async (session) => {
      await step(session);
      world.pass(110);
      await world.hold(begun);
      assert.equal(await codeOf(() => session.commit()), "conflict");
      return ok();
    });
    assert.equal(await codeOf(() => answered), "conflict");
    assert.deepEqual(world.store.taken(), ["lock", "load", "lock"]);
    assert.match((await world.store.peek(begun.key)) ?? "", /\{\n"a":1\}$/);
  });

  test("is stored where nobody came", async () => {
    const world = new Exclusive();
    const begun = await world.begun();
    const slow = await world.loaded(begun.cookie);
    world.pass(1000);
    slow.set("count", 1);
    world.store.taken();
    await slow.commit();
    assert.deepEqual(world.store.taken(), ["lock", "update", "unlock"]);
    assert.deepEqual(await world.values(begun.cookie), { a: 1, count: 1 });
  });

  test("has the answer of its handle rejected, and a login taken back", async () => {
    for (const logsIn of [false, true]) {
      const world = new Exclusive();
      const begun = await world.begun();
      const ids: (string | undefined)[] = [];
      const answered = world.handled(begun.cookie, async (session) => {
        await step(session);
        if (logsIn) session.regenerateId();
        ids.push(session.id);
        world.pass(110);
        await world.handled(begun.cookie, (other) => step(other).then(ok));
        return ok();
      });
      assert.equal(await codeOf(() => answered), "conflict");
      assert.equal(await world.isHeld(begun), false);
      assert.deepEqual(await world.values(begun.cookie), { a: 1, count: 1 });
      if (logsIn) assert.equal(await world.store.peek(`{edge-session_${ids[0]}}_Data`), null);
    }
  });

  test("is told as an event where the answer is a failure already", async () => {
    const world = new Exclusive();
    const begun = await world.begun();
    await world.handled(begun.cookie, async (session) => {
      await step(session);
      world.pass(110);
      await world.handled(begun.cookie, (other) => step(other).then(ok));
      return new Response(null, { status: 500 });
    });
    assert.ok(world.events.some((event) => event.name === "store-failed" && event.code === "conflict"));
  });

  test("ends as destroyed where the session ended, and is found out to be stored where the answer was lost", async () => {
    const world = new Exclusive();
    const begun = await world.begun();
    const stored = await world.loaded(begun.cookie);
    stored.set("count", 1);
    world.store.after = (operation) => {
      if (operation === "update") throw new DOMException("late", "TimeoutError");
    };
    assert.equal(await codeOf(() => stored.commit()), "commit-ambiguous");
    world.store.after = () => undefined;
    await world.handled(begun.cookie, (session) => step(session).then(ok));
    await stored.commit();
    const stale = await world.loaded(begun.cookie);
    await world.sessions.openById(begun.id).destroy();
    stale.set("count", 9);
    assert.equal(await codeOf(() => stale.commit()), "destroyed");
  });

  test("frees no other's lock", async () => {
    const world = new Exclusive();
    const begun = await world.begun();
    await world.handled(begun.cookie, async (session) => {
      await session.load();
      world.pass(110);
      await world.hold(begun);
      return ok();
    });
    assert.equal(await world.isHeld(begun), true);
  });
});

describe("a wait for the lock that its caller gives up", () => {
  test("rejects with the caller's reason, at once, and frees nothing", async () => {
    const world = new Exclusive();
    const begun = await world.begun();
    await world.hold(begun);
    const controller = new AbortController();
    const session = world.sessions.open(request({ cookie: begun.cookie }));
    const loading = session.load({ signal: controller.signal });
    for (let turn = 0; turn < 1000 && world.store.calls.length === 0; turn++) await new Promise(setImmediate);
    await new Promise(setImmediate);
    const reason = new Error("gone");
    controller.abort(reason);
    await assert.rejects(loading, (error) => error === reason);
    assert.deepEqual([world.store.taken(), session.isLoaded, world.events], [["lock"], false, []]);
    assert.equal(await world.isHeld(begun), true);
  });

  test("rejects with the caller's reason, not as timeout, where it was given up while the store was asked", async () => {
    const world = new Exclusive(impatient);
    const begun = await world.begun();
    await world.hold(begun);
    const controller = new AbortController();
    const reason = new Error("gone");
    // A store that keeps its own time answers all the same.
    const session = world.deployed({ store: world.store.inner }).open(request({ cookie: begun.cookie }));
    const loading = session.load({ signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(loading, (error) => error === reason);
    assert.deepEqual(world.events, []);
  });

  test("frees what an unanswered call may have taken", async () => {
    const world = new Exclusive();
    const begun = await world.begun();
    const controller = new AbortController();
    const reason = new Error("gone");
    world.store.after = (operation) => {
      if (operation !== "lock") return;
      controller.abort(reason);
      throw reason;
    };
    const session = world.sessions.open(request({ cookie: begun.cookie }));
    await assert.rejects(session.load({ signal: controller.signal }), (error) => error === reason);
    await new Promise(setImmediate);
    assert.deepEqual(world.store.taken(), ["lock", "unlock"]);
    assert.equal(await world.isHeld(begun), false);
  });
});

describe("a new id under exclusive", () => {
  test("leaves the old id free and locks no new one; who waited finds the session gone", async () => {
    const world = new Exclusive(impatient);
    const begun = await world.begun();
    const waiting = world.sessions.open(request({ cookie: begun.cookie }));
    const answer = await world.handled(begun.cookie, async (session) => {
      await session.load();
      assert.equal(await codeOf(() => waiting.load()), "timeout");
      session.regenerateId();
      return ok();
    });
    const cookie = pairOf(answer.headers.getSetCookie()[0] ?? "");
    const next = await world.loaded(cookie);
    assert.equal(next.get("a"), 1);
    await next.commit();
    await waiting.load();
    // There is nothing to guard: whoever waits next need not wait for its end.
    assert.deepEqual([await world.isHeld(begun), await world.isHeld({ id: next.id ?? "" })], [false, false]);
    waiting.set("b", 2);
    assert.equal(await codeOf(() => waiting.commit()), "destroyed");
  });

  test("needs no lock for what is changed after it was committed", async () => {
    const world = new Exclusive();
    const begun = await world.begun();
    const answer = await world.handled(begun.cookie, async (session) => {
      await session.load();
      session.regenerateId();
      await session.commit();
      world.pass(110);
      await world.hold(begun);
      session.set("b", 2);
      return ok();
    });
    assert.deepEqual(await world.values(pairOf(answer.headers.getSetCookie()[0] ?? "")), { a: 1, b: 2 });
    assert.equal(await world.isHeld(begun), true);
  });
});

describe("the other modes", () => {
  test("ask for no lock, whatever lockTimeoutMs says", async () => {
    for (const concurrency of [undefined, "merge", "last-write-wins"] as const) {
      const world = new World({ concurrency, lockTimeoutMs: 5 });
      const { cookie } = await world.begun();
      await world.sessions.handle(request({ cookie }), undefined, async (session) => {
        await session.load({ readOnly: true });
        await session.load();
        return step(session).then(ok);
      });
      assert.deepEqual(world.store.taken(), ["load", "update"]);
    }
  });
});
