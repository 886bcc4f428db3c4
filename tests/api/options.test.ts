// What `createSessions` refuses, and how options may be given.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createSessions, memoryStore, SessionError, type SessionsOptions, type Store } from "edge-session";
import { WatchedStore } from "./watched-store.ts";
import { codeOf, pairOf, request, SECRET, World } from "./world.ts";

const store = memoryStore({ isolated: true });

/** Gives the message that the options are refused with; "" when they are taken. */
function refusal(options: unknown): string {
  try {
    createSessions(options as SessionsOptions);
    return "";
  } catch (error) {
    assert.ok(error instanceof SessionError);
    assert.equal(error.code, "invalid-options");
    assert.equal(error.cause, undefined);
    return error.message;
  }
}

function refusedWith(change: Record<string, unknown>): string {
  return refusal({ secrets: [SECRET], store, ...change });
}

function weak(capabilities: Partial<typeof store.capabilities>): WatchedStore {
  return new WatchedStore(store, capabilities);
}

/** A store that says that it locks, without one of the methods. */
function lockless(method: "lock" | "unlock"): Store {
  return Object.assign(weak({}), { [method]: undefined }) as Store;
}

/** Options, and the change that is to be refused by their name. */
const refused: [option: string, change: Record<string, unknown>][] = [
  ["secrets", { secrets: undefined }],
  ["secrets", { secrets: null }],
  ["secrets", { secrets: [] }],
  ["secrets", { secrets: SECRET }],
  ["secrets", { secrets: [SECRET, undefined] }],
  ["secrets", { secrets: [SECRET, 7] }],
  ["secrets", { secrets: ["x".repeat(31)] }],
  ["secrets", { secrets: [SECRET, new Uint8Array(31)] }],
  ["secrets", { secrets: [SECRET, SECRET] }],
  ["secrets", { secrets: [SECRET, new TextEncoder().encode(SECRET)] }],
  ["secrets", { secrets: Array.from({ length: 9 }, (_, index) => `${SECRET}${index}`) }],
  ["store", { store: undefined }],
  ["store", { store: null }],
  ["store", { store: {} }],
  ["store", { store: { ...store } }],
  ["applicationName", { applicationName: "" }],
  ["applicationName", { applicationName: "a b" }],
  ["applicationName", { applicationName: "{a}" }],
  ["applicationName", { applicationName: "x".repeat(65) }],
  ["applicationName", { applicationName: 7 }],
  ["applicationName", { applicationName: null }],
  ["cookie", { cookie: null }],
  ["cookie", { cookie: "name" }],
  ["cookie.name", { cookie: { name: "" } }],
  ["cookie.name", { cookie: { name: "a=b" } }],
  ["cookie.name", { cookie: { name: "a;b" } }],
  ["cookie.name", { cookie: { name: 7 } }],
  ["cookie.path", { cookie: { name: "s", path: "a" } }],
  ["cookie.path", { cookie: { name: "s", path: "/;" } }],
  ["cookie.domain", { cookie: { name: "s", domain: "" } }],
  ["cookie.domain", { cookie: { name: "s", domain: "a;b" } }],
  ["cookie.sameSite", { cookie: { sameSite: "Lax" } }],
  ["cookie.sameSite", { cookie: { name: "s", secure: false, sameSite: "none" } }],
  ["cookie.partitioned", { cookie: { name: "s", secure: false, partitioned: true } }],
  ["cookie.secure", { cookie: { secure: "yes" } }],
  ["cookie.httpOnly", { cookie: { httpOnly: 1 } }],
  ["cookie.maxAgeSeconds", { cookie: { maxAgeSeconds: 0 } }],
  ["cookie.maxAgeSeconds", { cookie: { maxAgeSeconds: 34_560_001 } }],
  ["cookie.maxAgeSeconds", { cookie: { maxAgeSeconds: Number.POSITIVE_INFINITY } }],
  ["cookie.secure", { cookie: { secure: false } }],
  ["cookie.secure", { cookie: { name: "__Secure-s", secure: false } }],
  ["cookie.domain", { cookie: { domain: "example.com" } }],
  ["cookie.path", { cookie: { path: "/app" } }],
  ["idleTimeoutSeconds", { idleTimeoutSeconds: 0 }],
  ["idleTimeoutSeconds", { idleTimeoutSeconds: -1 }],
  ["idleTimeoutSeconds", { idleTimeoutSeconds: 1.5 }],
  ["idleTimeoutSeconds", { idleTimeoutSeconds: "1200" }],
  ["idleTimeoutSeconds", { idleTimeoutSeconds: Number.NaN }],
  ["idleTimeoutSeconds", { idleTimeoutSeconds: Number.POSITIVE_INFINITY }],
  ["idleTimeoutSeconds", { idleTimeoutSeconds: 34_560_001, absoluteTimeoutSeconds: Number.POSITIVE_INFINITY }],
  ["idleTimeoutSeconds", { idleTimeoutSeconds: null }],
  ["absoluteTimeoutSeconds", { absoluteTimeoutSeconds: 1199 }],
  ["absoluteTimeoutSeconds", { absoluteTimeoutSeconds: 34_560_001 }],
  ["absoluteTimeoutSeconds", { absoluteTimeoutSeconds: Number.NEGATIVE_INFINITY }],
  ["slide", { slide: "never" }],
  ["ioTimeoutMs", { ioTimeoutMs: 0 }],
  ["ioTimeoutMs", { ioTimeoutMs: "10" }],
  ["ioTimeoutMs", { ioTimeoutMs: Number.NaN }],
  ["concurrency", { concurrency: "optimistic" }],
  ["concurrency", { concurrency: "exclusive", store: weak({ locks: false }) }],
  ["concurrency", { concurrency: "exclusive", store: weak({ compareAndSet: false }) }],
  ["concurrency", { concurrency: "exclusive", store: lockless("lock") }],
  ["concurrency", { concurrency: "exclusive", store: lockless("unlock") }],
  ["concurrency", { concurrency: "merge", store: weak({ compareAndSet: false }) }],
  ["idleTimeoutSeconds", { idleTimeoutSeconds: 59, store: weak({ minTtlSeconds: 60 }) }],
  ["lockTimeoutMs", { lockTimeoutMs: 0 }],
  ["lockTimeoutMs", { lockTimeoutMs: -1 }],
  ["lockTimeoutMs", { lockTimeoutMs: 1.5 }],
  ["lockTimeoutMs", { lockTimeoutMs: "110000" }],
  ["lockTimeoutMs", { lockTimeoutMs: null }],
  ["lockTimeoutMs", { lockTimeoutMs: Number.NaN }],
  ["lockTimeoutMs", { lockTimeoutMs: Number.POSITIVE_INFINITY }],
  ["lockTimeoutMs", { lockTimeoutMs: 86_400_001, concurrency: "exclusive" }],
  ["throwOnError", { throwOnError: "no" }],
  ["throwOnError", { throwOnError: null }],
  ["commit", { commit: "later" }],
  ["maxRecordBytes", { maxRecordBytes: 0 }],
  ["maxRecordBytes", { maxRecordBytes: 1_048_577 }],
  ["maxRecordBytes", { maxRecordBytes: 1.5 }],
  ["onEvent", { onEvent: "console" }],
  ["clock", { clock: 7 }],
];

describe("an option that is not allowed", () => {
  test("is named in the message, and nothing else is", () => {
    for (const [option, change] of refused) {
      const message = refusedWith(change);
      const named = [...message.matchAll(/(?:^session: these options are not allowed\. |; )([a-zA-Z.]+): /g)].map(([, name]) => name);
      assert.deepEqual([...new Set(named)], [option], `${JSON.stringify(change)}: ${message}`);
    }
  });

  test("is null, or of a type that no option has", () => {
    const options = `secrets store applicationName cookie idleTimeoutSeconds absoluteTimeoutSeconds slide ioTimeoutMs concurrency
      lockTimeoutMs throwOnError commit consent encryptRecords maxRecordBytes onEvent clock`.split(/\s+/);
    const ofCookie = "name path domain secure httpOnly sameSite partitioned maxAgeSeconds isEssential".split(" ");
    for (const wrong of [null, 0, Number.NaN, 1n, "no such word", Symbol("wrong"), () => ({})]) {
      const allowed = typeof wrong === "function" ? ["consent", "onEvent", "clock"] : [];
      for (const option of options.filter((each) => !allowed.includes(each)))
        assert.ok(refusedWith({ [option]: wrong }).includes(` ${option}: `), `${option}: ${String(wrong)}`);
      for (const option of ofCookie)
        assert.ok(refusedWith({ cookie: { [option]: wrong } }).includes(` cookie.${option}: `), `cookie.${option}: ${String(wrong)}`);
      assert.match(refusedWith({ tempData: wrong }), / tempData\.provider: /);
      assert.match(refusedWith({ tempData: { provider: wrong } }), / tempData\.provider: /);
    }
  });

  test("is refused together with all the others, in one message", () => {
    const message = refusal({ idleTimeoutSeconds: 0, slide: "never", cookie: { path: "x", sameSite: 7 }, secrets: ["short"], commit: 7 });
    for (const option of ["secrets", "store", "idleTimeoutSeconds", "slide", "cookie.path", "cookie.sameSite", "commit"]) {
      assert.match(message, new RegExp(`[ ;]${option.replace(".", "\\.")}: `));
    }
  });

  test("is named once, though two look at it", () => {
    for (const change of [{ applicationName: 7 }, { cookie: { name: 7 } }, { cookie: { domain: "" } }])
      assert.equal(refusedWith(change).split(": must ").length, 2);
  });

  test("is never shown, whatever it holds", () => {
    const canary = "canary-7c1f";
    const changes = [
      { secrets: [canary] },
      { secrets: [`${SECRET}${canary}`, `${SECRET}${canary}`] },
      { applicationName: `${canary} ${canary}` },
      { cookie: { name: `${canary};`, path: canary, domain: `${canary};`, sameSite: canary } },
      { slide: canary, concurrency: canary, commit: canary, throwOnError: canary, clock: canary, onEvent: canary, ioTimeoutMs: canary },
      { lockTimeoutMs: canary, concurrency: "exclusive", store: weak({ locks: false }) },
      { idleTimeoutSeconds: canary, absoluteTimeoutSeconds: canary, maxRecordBytes: canary },
      { store: canary },
    ];
    for (const change of changes) {
      const message = refusedWith(change);
      assert.notEqual(message, "");
      assert.ok(!message.includes(canary), message);
      assert.ok(!message.includes(SECRET), message);
    }
  });

  test("leaves no options object out", () => {
    for (const options of [undefined, null, "options", 7]) assert.match(refusal(options), /options/);
  });
});

describe("options that are allowed", () => {
  test("may be at the ends of their ranges", () => {
    const allowed = [
      { secrets: Array.from({ length: 8 }, (_, index) => `${SECRET}${index}`) },
      { secrets: [new Uint8Array(32)] },
      { applicationName: "A.b_c-9" },
      { idleTimeoutSeconds: 1, absoluteTimeoutSeconds: 1 },
      { idleTimeoutSeconds: 34_560_000, absoluteTimeoutSeconds: Number.POSITIVE_INFINITY },
      { ioTimeoutMs: Number.POSITIVE_INFINITY },
      { cookie: { maxAgeSeconds: 34_560_000 } },
      { cookie: { name: "__Secure-s", domain: "example.com", path: "/app", sameSite: "none", partitioned: true } },
      { maxRecordBytes: 1_048_576 },
      { idleTimeoutSeconds: 60, store: weak({ minTtlSeconds: 60 }) },
      { concurrency: "last-write-wins", store: weak({ compareAndSet: false }) },
      { concurrency: "last-write-wins", store: weak({ locks: false }), lockTimeoutMs: 1000 },
      { concurrency: "merge", store: lockless("lock") },
      { concurrency: "exclusive" },
      { concurrency: "exclusive", lockTimeoutMs: 1 },
      { concurrency: "exclusive", lockTimeoutMs: 86_400_000 },
      { store: weak({ compareAndSet: false }) },
      { slide: "every-request", store: weak({ slides: "on-write" }) },
    ];
    for (const change of allowed) assert.equal(refusedWith(change), "", JSON.stringify(change));
  });

  test("are the defaults where they are undefined", async () => {
    const world = new World();
    const names = ["applicationName", "cookie", "idleTimeoutSeconds", "absoluteTimeoutSeconds", "slide", "ioTimeoutMs", "concurrency"];
    const more = ["lockTimeoutMs", "throwOnError", "commit", "maxRecordBytes", "onEvent", "clock"];
    const nothing = Object.fromEntries([...names, ...more].map((name) => [name, undefined]));
    assert.equal(refusedWith(nothing), "");
    const cookie = Object.fromEntries(
      ["name", "path", "domain", "secure", "httpOnly", "sameSite", "partitioned", "maxAgeSeconds"].map((name) => [name, undefined]),
    );
    const { line } = await world.begun((session) => session.set("a", 1), world.deployed({ cookie }));
    assert.match(line, /^__Host-session=[\w-]{96}; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
    assert.deepEqual(await world.values(pairOf(line)), { a: 1 });
  });

  test("may bound I/O by a fraction, by no time, and by more than a timer holds", async () => {
    for (const ioTimeoutMs of [0.5 + 1000, Number.POSITIVE_INFINITY, 2 ** 31, 2 ** 40]) {
      const world = new World({ ioTimeoutMs });
      const { cookie } = await world.begun();
      assert.deepEqual(await world.values(cookie), { a: 1 });
      const session = await world.loaded(cookie);
      await session.destroy();
    }
  });
});

describe("options as a function", () => {
  test("is called at the first use, again after it threw, and never again once it succeeded", async () => {
    let calls = 0;
    const sessions = createSessions(() => {
      calls += 1;
      if (calls === 1) throw new RangeError("no environment yet");
      if (calls === 2) return { secrets: ["short"], store };
      return { secrets: [SECRET], store };
    });
    assert.equal(calls, 0);
    assert.throws(() => sessions.open(request()), RangeError);
    assert.equal(await codeOf(() => sessions.handle(request(), undefined, () => new Response())), "invalid-options");
    assert.throws(() => sessions.openById("x"), { code: "invalid-options" });
    assert.equal(calls, 3);
    sessions.open(request());
    await sessions.handle(request(), undefined, () => new Response());
    assert.equal(calls, 3);
  });

  test("is not called by construction, even when it would throw", () => {
    assert.doesNotThrow(() =>
      createSessions(() => {
        throw new RangeError("no environment yet");
      }),
    );
  });
});
