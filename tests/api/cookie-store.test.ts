// Sessions that are kept whole in cookies.

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { cookieStore, createSessions, type Session, type SessionEvent, type Sessions, type SessionsOptions } from "edge-session";
import { build } from "esbuild";
import { CookieJar } from "tough-cookie";
import { ROOT } from "../docs/markdown.ts";
import { dice, seedFor } from "./seeds.ts";
import { codeOf, type Data, type Handler, OLD_SECRET, request, SECRET, type Sent } from "./world.ts";

const URL = "https://app.example/";

/** An application without a store, and its clock. */
class App {
  now = Date.UTC(2013, 0, 1, 1);
  readonly events: SessionEvent[] = [];
  readonly options: SessionsOptions;
  readonly sessions: Sessions<Data>;

  constructor(options: Partial<SessionsOptions> = {}) {
    this.options = { secrets: [SECRET], store: cookieStore(), clock: () => this.now, onEvent: (event) => this.events.push(event), ...options };
    this.sessions = createSessions<Data>(this.options);
  }

  pass(seconds: number): void {
    this.now += seconds * 1000;
  }

  told(): string[] {
    return this.events.splice(0).map((event) => event.name);
  }

  reasons(): unknown[] {
    return this.events.splice(0).flatMap((event) => ("reason" in event ? [event.reason] : []));
  }
}

/** A browser with a jar. */
class Browser {
  readonly app: App;
  jar = new CookieJar(undefined, { prefixSecurity: "strict" });
  lines: string[] = [];

  constructor(app: App) {
    this.app = app;
  }

  get cookie(): string {
    return this.jar.getCookieStringSync(URL, { expire: true });
  }

  names(): string[] {
    return this.jar
      .getCookiesSync(URL)
      .map(({ key }) => key)
      .sort();
  }

  /** Asks for a page, and keeps what the answer sets. */
  async ask(handler: Handler, sent: Sent = {}, sessions = this.app.sessions): Promise<Response> {
    const response = await sessions.handle(request({ cookie: this.cookie, ...sent }), undefined, handler);
    this.take(response.headers.getSetCookie());
    return response;
  }

  take(lines: string[]): void {
    this.lines = lines;
    for (const line of lines) this.jar.setCookieSync(line, URL);
  }

  /** Sets values in a request of its own. */
  async set(values: Data): Promise<void> {
    await this.ask(async (session) => {
      await session.load();
      for (const [key, value] of Object.entries(values)) session.set(key, value);
      return new Response();
    });
  }

  /** Reads all values in a request of its own. */
  async values(sent: Sent = {}, sessions = this.app.sessions): Promise<Data> {
    let values: Data = {};
    await this.ask(
      async (session) => {
        await session.load();
        values = valuesOf(session);
        return new Response();
      },
      sent,
      sessions,
    );
    return values;
  }

  async loaded(): Promise<Session<Data>> {
    const session = this.app.sessions.open(request({ cookie: this.cookie }));
    await session.load();
    return session;
  }
}

function valuesOf(session: Session<Data>): Data {
  return Object.fromEntries([...session.keys()].map((key) => [key, session.get(key)]));
}

async function visited(values: Data, options: Partial<SessionsOptions> = {}): Promise<Browser> {
  const browser = new Browser(new App(options));
  await browser.set(values);
  browser.app.events.length = 0;
  return browser;
}

describe("a session in cookies", () => {
  test("is there in the next request, with everything that a session has", async () => {
    const browser = await visited({ name: "caf\u00e9 \u{1f36a}", list: [1, null], bytes: Uint8Array.of(0, 255) });
    assert.match(browser.lines[0] ?? "", /^__Host-session=[\w-]+; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
    assert.equal(browser.lines.length, 1);
    const session = browser.app.sessions.open(request({ cookie: browser.cookie }));
    assert.match(session.id ?? "", /^[\w-]{22}$/);
    await session.load();
    assert.deepEqual(valuesOf(session), { name: "caf\u00e9 \u{1f36a}", list: [1, null], bytes: Uint8Array.of(0, 255) });
    assert.deepEqual([session.isNew, session.isLoaded, session.isAvailable, session.size], [false, true, true, 3]);
    assert.equal(session.createdAt, browser.app.now);
  });

  test("shows nothing of its values, and is never the same twice", async () => {
    const [one, other] = [await visited({ a: "canary" }), await visited({ a: "canary" })];
    assert.ok(!Buffer.from(one.cookie.slice(15), "base64url").includes("canary"));
    assert.notEqual(one.cookie, other.cookie);
  });

  test("begins with the first value, and not before", async () => {
    const browser = new Browser(new App());
    for (const change of [() => undefined, (session: Session<Data>) => session.clear(), (session: Session<Data>) => session.regenerateId()]) {
      await browser.ask(async (session) => {
        await session.load();
        change(session);
        return new Response();
      });
      assert.deepEqual(browser.lines, []);
    }
  });

  test("is not sent again by a request that reads it, or never loads it", async () => {
    const browser = await visited({ a: 1 });
    await browser.values();
    assert.deepEqual(browser.lines, []);
    await browser.ask(() => new Response());
    assert.deepEqual(browser.lines, []);
  });

  test("keeps its id, birth and end while it is written, and tells each commit", async () => {
    const browser = await visited({ a: 1 });
    const before = await browser.loaded();
    browser.app.pass(60);
    await browser.set({ b: 2 });
    assert.deepEqual(browser.app.told().slice(-2), ["session-loaded", "session-committed"]);
    const after = await browser.loaded();
    assert.deepEqual([after.id, after.createdAt], [before.id, before.createdAt]);
    assert.deepEqual(valuesOf(after), { a: 1, b: 2 });
  });

  test("takes update, delete, clear, and several commits of one request", async () => {
    const browser = await visited({ n: 1, gone: true });
    await browser.ask(async (session) => {
      await session.load();
      session.update("n", (n) => (n as number) + 1);
      await session.commit();
      session.update("n", (n) => (n as number) + 1);
      session.delete("gone");
      return new Response();
    });
    assert.equal(browser.lines.length, 1);
    assert.deepEqual(await browser.values(), { n: 3 });
    await browser.ask(async (session) => {
      await session.load();
      session.clear();
      return new Response();
    });
    assert.deepEqual(await browser.values(), {});
    assert.equal((await browser.loaded()).isNew, false);
  });

  test("is the later answer's whole where two write at once", async () => {
    const browser = await visited({ a: 1 });
    const cookie = browser.cookie;
    await browser.set({ b: 2 });
    await browser.ask(
      async (session) => {
        await session.load();
        session.set("c", 3);
        return new Response();
      },
      { cookie },
    );
    assert.deepEqual(await browser.values(), { a: 1, c: 3 });
  });

  test("is written by frameworks that set cookies themselves", async () => {
    const browser = new Browser(new App({ cookie: { maxAgeSeconds: 600 } }));
    const session = await browser.loaded();
    session.set("a", "x".repeat(5000));
    await session.commit();
    const cookies = session.cookies();
    assert.deepEqual(
      cookies.map(({ name, options }) => [name, options.maxAge]),
      [
        ["__Host-session", 600],
        ["__Host-session-1", 600],
        ["__Host-session-2", 600],
      ],
    );
    const header = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
    const next = browser.app.sessions.open(request({ cookie: header }));
    await next.load();
    assert.equal((next.get("a") as string).length, 5000);
  });
});

describe("a session longer than one cookie", () => {
  test("is cut into several, and shrinks with its values", async () => {
    const browser = await visited({ a: "x".repeat(5000) });
    assert.deepEqual(browser.names(), ["__Host-session", "__Host-session-1", "__Host-session-2"]);
    for (const line of browser.lines) assert.ok(line.length <= 4050);
    assert.deepEqual(await browser.values(), { a: "x".repeat(5000) });
    await browser.set({ a: "y" });
    assert.deepEqual(browser.names(), ["__Host-session"]);
    assert.deepEqual(await browser.values(), { a: "y" });
  });

  test("is refused beyond 7,500 characters, and the old one stays", async () => {
    const browser = await visited({ a: "old" });
    assert.equal(await codeOf(() => browser.set({ a: "x".repeat(5600) })), "cookie-too-large");
    assert.deepEqual(await browser.values(), { a: "old" });
  });

  test("leaves a request that goes on with what it had, where a commit was refused", async () => {
    const browser = await visited({ a: "old" });
    await browser.ask(async (session) => {
      await session.load();
      session.set("a", "x".repeat(6000));
      assert.equal(await codeOf(() => session.commit()), "cookie-too-large");
      session.set("a", "new");
      return new Response();
    });
    assert.deepEqual(await browser.values(), { a: "new" });
  });

  test("is no session with a piece missing, swapped, altered or of an older one", async () => {
    const browser = await visited({ a: "x".repeat(5000) });
    const older = new Map(browser.jar.getCookiesSync(URL).map(({ key, value }) => [key, value]));
    await browser.set({ a: "y".repeat(5000) });
    const there = new Map(browser.jar.getCookiesSync(URL).map(({ key, value }) => [key, value]));
    const [first = "", second = ""] = ["__Host-session-1", "__Host-session-2"].map((name) => there.get(name));
    const damaged = [
      ["__Host-session=chunks-2", `__Host-session-1=${first}`],
      ["__Host-session=chunks-2", `__Host-session-2=${second}`],
      ["__Host-session=chunks-2", `__Host-session-1=${second}`, `__Host-session-2=${first}`],
      ["__Host-session=chunks-2", `__Host-session-1=${older.get("__Host-session-1")}`, `__Host-session-2=${second}`],
      ["__Host-session=chunks-2", `__Host-session-1=${first.slice(1)}`, `__Host-session-2=${second}`],
      ["__Host-session=chunks-3", `__Host-session-1=${first}`, `__Host-session-2=${second}`],
      ["__Host-session=chunks-2147483647", `__Host-session-1=${first}`, `__Host-session-2=${second}`],
    ];
    for (const cookies of damaged) {
      browser.app.events.length = 0;
      assert.deepEqual(await browser.values({ cookie: cookies.join("; ") }), {});
      assert.equal(browser.app.reasons().length, 1, cookies[0]);
    }
    assert.deepEqual(await browser.values({ cookie: `__Host-session=chunks-2; __Host-session-1=${first}; __Host-session-2=${second}` }), {
      a: "y".repeat(5000),
    });
  });
});

describe("a cookie that is none of ours", () => {
  test("is no session and no error, told once with its reason", async () => {
    const app = new App();
    const browser = await visited({ a: 1 });
    const [, value = ""] = browser.cookie.split("=");
    const cases: [cookie: string, reason: string | undefined][] = [
      ["", undefined],
      ["__Host-session-temp=x", undefined],
      ["__Host-session=", "malformed"],
      ["__Host-session=x", "malformed"],
      [`__Host-session=${value.slice(1)}`, "malformed"],
      [`__Host-session=${value.slice(0, -2)}AA`, "unauthentic"],
      [`__Host-session=AQAAAA${value.slice(6)}`, "unknown-key"],
    ];
    for (const [cookie, reason] of cases) {
      app.events.length = 0;
      const session = app.sessions.open(request({ cookie }));
      await session.load();
      assert.deepEqual([session.isNew, session.id, session.size], [true, undefined, 0]);
      assert.deepEqual(app.reasons(), reason === undefined ? [] : [reason], cookie.slice(0, 30));
    }
  });

  test("does not count beside another that opens to a different state", async () => {
    const [one, other] = [await visited({ a: 1 }), await visited({ a: 2 })];
    const session = one.app.sessions.open(request({ cookie: `${one.cookie}; ${other.cookie}` }));
    await session.load();
    assert.equal(session.isNew, true);
    assert.deepEqual(one.app.reasons(), ["ambiguous"]);
    assert.deepEqual(await one.values({ cookie: `${one.cookie}; ${one.cookie}; __Host-session=junk` }), { a: 1 });
    for (const planted of ["x", "", "chunks-9"]) {
      const junk = Array(3).fill(`__Host-session=${planted}`).join("; ");
      assert.deepEqual(await one.values({ cookie: `${junk}; ${one.cookie}` }), { a: 1 });
      assert.deepEqual(one.app.reasons(), []);
      assert.deepEqual(await one.values({ cookie: `${one.cookie}; ${junk}; ${other.cookie}` }), {});
      assert.deepEqual(one.app.reasons(), ["ambiguous"]);
    }
  });

  test("does not count beside another session, though both hold the same values", async () => {
    const app = new App();
    const cookies = await Promise.all(
      [1, 2].map(async () => {
        const session = app.sessions.open(request());
        await session.load();
        session.set("a", 1);
        await session.commit();
        return session.cookies().map(({ name, value }) => `${name}=${value}`);
      }),
    );
    const session = app.sessions.open(request({ cookie: cookies.flat().join("; ") }));
    await session.load();
    assert.deepEqual([session.isNew, app.reasons().filter((reason) => reason !== undefined)], [true, ["ambiguous"]]);
  });

  test("of a session with an id only, or of TempData, or protected text, does not open", async () => {
    const { sessions } = new App();
    const protector = sessions.protector("cookie-session");
    const session = sessions.open(request({ cookie: `__Host-session=${protector.protect("x")}` }));
    await session.load();
    assert.equal(session.isNew, true);
  });

  test("whatever it is, is no error", async (t) => {
    const below = dice(seedFor(t));
    const app = new App();
    const { cookie } = await visited({ a: 1 });
    for (let count = 0; count < 2000; count++) {
      const at = below(cookie.length);
      const text = cookie.slice(0, at) + String.fromCharCode(33 + below(94)) + cookie.slice(at + below(3));
      const session = app.sessions.open(request({ cookie: text }));
      await session.load();
    }
  });
});

describe("the limits of a session in cookies", () => {
  test("end it when it was idle, whatever the browser kept", async () => {
    const browser = await visited({ a: 1 });
    browser.app.pass(1199);
    assert.deepEqual(await browser.values({ mode: "no-cors" }), { a: 1 });
    browser.app.pass(1);
    assert.deepEqual(await browser.values(), {});
  });

  test("end it absolutely, however busy", async () => {
    const browser = await visited({ a: 1 });
    for (let minutes = 0; minutes < 1430; minutes += 10) {
      browser.app.pass(600);
      await browser.set({ minutes });
    }
    browser.app.pass(599);
    assert.equal((await browser.values()).a, 1);
    browser.app.pass(1);
    assert.deepEqual(await browser.values(), {});
  });

  test("let it live for ever where there is no absolute one", async () => {
    const browser = await visited({ a: 1 }, { absoluteTimeoutSeconds: Number.POSITIVE_INFINITY });
    for (let days = 0; days < 300; days++) {
      browser.app.pass(1199);
      assert.deepEqual(await browser.values(), { a: 1 });
    }
  });

  test("slide: past half of the idle time a page that loads it is answered with it again", async () => {
    const browser = await visited({ a: 1 });
    browser.app.pass(600);
    await browser.values();
    assert.deepEqual(browser.lines, []);
    browser.app.pass(1);
    for (const sent of [{ mode: "no-cors" }, { mode: "cors" }, { method: "POST" }]) {
      await browser.values(sent);
      assert.deepEqual(browser.lines, [], JSON.stringify(sent));
    }
    await browser.ask(async (session) => {
      await session.load();
      return new Response(null, { status: 500 });
    });
    assert.deepEqual(browser.lines, []);
    await browser.values({ mode: "navigate" });
    assert.equal(browser.lines.length, 1);
    browser.app.pass(1199);
    assert.deepEqual(await browser.values(), { a: 1 });
  });

  test("do not slide where attributes that grew leave no room; it is read, and made smaller", async () => {
    const app = new App({ cookie: { name: "session", secure: false } });
    const before = app.sessions.open(request());
    await before.load();
    before.set("text", "x".repeat(5487));
    await before.commit();
    const cookie = before
      .cookies()
      .map(({ name, value }) => `${name}=${value}`)
      .join("; ");
    const grown = createSessions<Data>({ ...app.options, cookie: { name: "session", secure: false, path: `/${"p".repeat(900)}` } });
    app.pass(700);
    const session = grown.open(request({ cookie }));
    await session.load();
    assert.deepEqual([String(session.get("text")).length, session.setCookieHeaders()], [5487, []]);
    session.set("text", "");
    await session.commit();
    assert.equal(session.setCookieHeaders().length, 3);
  });

  test("are not lengthened by the browser's copy of an older answer", async () => {
    const browser = await visited({ a: 1 });
    const { cookie } = browser;
    browser.app.pass(700);
    await browser.values();
    browser.app.pass(500);
    assert.deepEqual(await browser.values({ cookie }), {});
    assert.deepEqual(await browser.values(), { a: 1 });
  });
});

describe("persistent cookies", () => {
  /** A session that was begun, with its cookie and what its line says of its life. */
  async function begun(app: App) {
    const session = app.sessions.open(request());
    await session.load();
    session.set("a", 1);
    await session.commit();
    const [cookie] = session.cookies();
    return { header: `${cookie?.name}=${cookie?.value}`, maxAge: cookie?.options.maxAge };
  }

  test("are sent again after half of their own life, where that is shorter than the idle time", async () => {
    const app = new App({ cookie: { maxAgeSeconds: 600 } });
    const { header, maxAge } = await begun(app);
    const again = async () => {
      const session = app.sessions.open(request({ cookie: header }));
      await session.load();
      return session.cookies().map(({ options }) => options.maxAge);
    };
    app.pass(300);
    assert.deepEqual([maxAge, await again()], [600, []]);
    app.pass(1);
    assert.deepEqual(await again(), [600]);
  });

  test("live no longer than the session", async () => {
    const { maxAge } = await begun(new App({ cookie: { maxAgeSeconds: 600 }, idleTimeoutSeconds: 60, absoluteTimeoutSeconds: 90 }));
    assert.equal(maxAge, 90);
  });
});

describe("destroy", () => {
  test("clears the browser, pieces too", async () => {
    const browser = await visited({ a: "x".repeat(5000) });
    await browser.ask(async (session) => {
      await session.destroy();
      assert.equal(session.id, undefined);
      return new Response();
    });
    assert.deepEqual(browser.names(), []);
    assert.deepEqual(browser.app.told(), ["session-destroyed"]);
    assert.deepEqual(await browser.values(), {});
  });

  test("clears the browser only: a copy that somebody kept opens until its limit", async () => {
    const browser = await visited({ a: 1 });
    const { cookie } = browser;
    const session = await browser.loaded();
    await session.destroy();
    assert.deepEqual(await browser.values({ cookie, mode: "cors" }), { a: 1 });
    browser.app.pass(1200);
    assert.deepEqual(await browser.values({ cookie }), {});
  });

  test("lets a set after it begin a session under a new id", async () => {
    const browser = await visited({ a: 1 });
    const { id } = await browser.loaded();
    await browser.ask(async (session) => {
      await session.load();
      await session.destroy();
      session.set("b", 2);
      return new Response();
    });
    assert.notEqual((await browser.loaded()).id, id);
    assert.deepEqual(await browser.values(), { b: 2 });
  });

  test("of cookies that do not open expires those", async () => {
    const browser = new Browser(new App());
    browser.jar.setCookieSync("__Host-session=chunks-3; Path=/; Secure", URL);
    browser.jar.setCookieSync("__Host-session-2=x; Path=/; Secure", URL);
    await browser.ask(async (session) => {
      await session.destroy();
      return new Response();
    });
    assert.deepEqual(browser.names(), []);
  });

  test("of pieces whose number is lost expires those", async () => {
    const browser = new Browser(new App());
    browser.jar.setCookieSync("__Host-session-2=x; Path=/; Secure", URL);
    await browser.ask(async (session) => {
      await session.load();
      await session.destroy();
      return new Response();
    });
    assert.deepEqual(browser.names(), []);
  });
});

describe("regenerateId", () => {
  test("gives a new id and birth and the same values", async () => {
    const browser = await visited({ a: 1 });
    const before = await browser.loaded();
    browser.app.pass(10);
    await browser.ask(async (session) => {
      await session.load();
      session.regenerateId();
      session.set("user", "ann");
      return new Response();
    });
    assert.deepEqual(browser.app.told().slice(-2), ["session-regenerated", "session-committed"]);
    const after = await browser.loaded();
    assert.notEqual(after.id, before.id);
    assert.equal(after.createdAt, browser.app.now);
    assert.deepEqual(valuesOf(after), { a: 1, user: "ann" });
  });

  test("begins the absolute limit anew", async () => {
    const browser = await visited({ a: 1 }, { idleTimeoutSeconds: 100, absoluteTimeoutSeconds: 100 });
    browser.app.pass(60);
    await browser.ask(async (session) => {
      await session.load();
      session.regenerateId();
      return new Response();
    });
    browser.app.pass(99);
    assert.deepEqual(await browser.values({ mode: "cors" }), { a: 1 });
    browser.app.pass(1);
    assert.deepEqual(await browser.values(), {});
  });

  test("decides whether the cookies outlive the browser, and takes no grace", async () => {
    const browser = await visited({ a: 1 }, { cookie: { maxAgeSeconds: 86_400 } });
    assert.match(browser.lines[0] ?? "", /; Max-Age=86400; /);
    await browser.ask(async (session) => {
      await session.load();
      assert.throws(() => session.regenerateId({ graceSeconds: 1 }), { code: "invalid-options" });
      session.regenerateId({ graceSeconds: 0, persistent: false });
      return new Response();
    });
    assert.doesNotMatch(browser.lines[0] ?? "", /Max-Age/);
    await browser.set({ b: 2 });
    assert.doesNotMatch(browser.lines[0] ?? "", /Max-Age/);
  });
});

describe("text bound to a session in cookies", () => {
  test("opens for it, also after a write, and for no other", async () => {
    const browser = await visited({ a: 1 });
    const other = await visited({ a: 1 });
    const protector = browser.app.sessions.protector("csrf");
    const token = protector.protect("x", { boundTo: await browser.loaded() });
    await browser.set({ b: 2 });
    const session = await browser.loaded();
    assert.equal(protector.unprotect(token, { boundTo: session }), "x");
    assert.equal(protector.unprotect(token, { boundTo: await other.loaded() }), undefined);
    session.regenerateId();
    assert.equal(protector.unprotect(token, { boundTo: session }), undefined);
  });

  test("is bound from the first set on", async () => {
    const browser = new Browser(new App());
    const protector = browser.app.sessions.protector("csrf");
    const session = await browser.loaded();
    assert.throws(() => protector.protect("x", { boundTo: session }), { code: "no-session" });
    session.set("a", 1);
    const token = protector.protect("x", { boundTo: session });
    await session.commit();
    browser.take(session.setCookieHeaders());
    assert.equal(protector.unprotect(token, { boundTo: await browser.loaded() }), "x");
  });
});

describe("handle with cookieStore", () => {
  test("sends nothing with an answer of failure but what was committed by hand", async () => {
    const browser = await visited({ a: 1 });
    const fail = (commits: boolean) =>
      browser.ask(async (session) => {
        await session.load();
        session.set("a", 2);
        if (commits) await session.commit();
        session.set("a", 3);
        return new Response(null, { status: 500 });
      });
    await fail(false);
    assert.deepEqual(browser.lines, []);
    assert.ok(browser.app.told().includes("cookie-withheld"));
    await fail(true);
    assert.deepEqual(await browser.values(), { a: 2 });
  });

  test("rejects where the session does not fit, and with throwOnError: false answers without it", async () => {
    for (const throwOnError of [true, false]) {
      const browser = await visited({ a: 1 }, { throwOnError });
      const code = await codeOf(() => browser.set({ a: "x".repeat(6000) }));
      assert.equal(code, throwOnError ? "cookie-too-large" : "");
      assert.deepEqual(await browser.values(), { a: 1 });
    }
  });

  test("makes the answer private", async () => {
    const browser = await visited({ a: 1 });
    const response = await browser.ask(async (session) => {
      await session.load();
      return new Response();
    });
    assert.equal(response.headers.get("cache-control"), "private, no-store");
  });

  test("refuses a change, and a commit, after the response was made", async () => {
    const browser = await visited({ a: 1 });
    const session = await browser.loaded();
    session.set("a", 2);
    session.applyTo(new Response());
    assert.equal(await codeOf(() => session.commit()), "response-started");
    assert.throws(() => session.set("a", 3), { code: "response-started" });
    assert.equal(await codeOf(() => session.destroy()), "response-started");
  });

  test("refuses a change of what was loaded read-only", async () => {
    const browser = await visited({ a: 1 });
    const session = browser.app.sessions.open(request({ cookie: browser.cookie }));
    await session.load({ readOnly: true });
    assert.throws(() => session.set("a", 2), { code: "read-only" });
    await session.load();
    session.set("a", 2);
  });
});

describe("TempData beside a session in cookies", () => {
  test("is read once, and goes with the session when that is destroyed", async () => {
    const browser = await visited({ a: 1 });
    const flash = (change: (session: Session<Data>) => unknown) =>
      browser.ask(async (session) => {
        await session.load();
        await change(session);
        return new Response();
      });
    await flash((session) => session.tempData.set("notice", "Saved."));
    assert.deepEqual(browser.names(), ["__Host-session", "__Host-session-temp"]);
    await flash((session) => assert.equal(session.tempData.get("notice"), "Saved."));
    assert.deepEqual(browser.names(), ["__Host-session"]);
    await flash((session) => session.tempData.set("notice", "Saved."));
    await flash((session) => session.destroy());
    assert.deepEqual(browser.names(), []);
  });
});

describe("without consent", () => {
  test("no cookie is set, nor sent again; what is there is read, and ended", async () => {
    let agreed = true;
    const browser = await visited({ a: 1 }, { consent: () => agreed });
    agreed = false;
    await browser.set({ a: 2 });
    assert.deepEqual(browser.lines, []);
    browser.app.pass(700);
    assert.deepEqual(await browser.values(), { a: 1 });
    assert.deepEqual(browser.lines, []);
    await browser.ask(async (session) => {
      await session.destroy();
      return new Response();
    });
    assert.deepEqual(browser.names(), []);
  });
});

describe("a rotated secret", () => {
  test("opens as long as it is listed, and the next page has the session under the new one", async () => {
    const browser = await visited({ a: 1 }, { secrets: [OLD_SECRET] });
    const deployed = (...secrets: string[]) => createSessions<Data>({ ...browser.app.options, secrets });
    assert.deepEqual(await browser.values({ mode: "cors" }, deployed(SECRET, OLD_SECRET)), { a: 1 });
    assert.deepEqual(await browser.values({}, deployed(SECRET)), {});
    assert.deepEqual(await browser.values({}, deployed(SECRET, OLD_SECRET)), { a: 1 });
    assert.ok(browser.app.told().includes("old-secret-seen"));
    assert.deepEqual(await browser.values({}, deployed(SECRET)), { a: 1 });
  });
});

describe("cookieStore refuses", () => {
  const base = { secrets: [SECRET], store: cookieStore() };

  test("at construction what needs a store, by name", () => {
    const refused: [Partial<SessionsOptions>, RegExp][] = [
      [{ concurrency: "merge" }, /concurrency: /],
      [{ concurrency: "exclusive" }, /concurrency: /],
      [{ slide: "every-request" }, /slide: /],
      [{ commit: "background" }, /commit: /],
      [{ tempData: { provider: "session" } }, /tempData: /],
    ];
    for (const [options, message] of refused) assert.throws(() => createSessions({ ...base, ...options }), { code: "invalid-options", message });
    const all = Object.assign({}, ...refused.map(([options]) => options)) as Partial<SessionsOptions>;
    assert.throws(() => createSessions({ ...base, ...all }), /slide: .*commit: .*concurrency: |concurrency: .*slide: .*commit: /);
  });

  test("nothing of what gives way to what it can", () => {
    createSessions({ ...base, concurrency: "last-write-wins", slide: "on-load", commit: "before-response", encryptRecords: true });
    createSessions({ ...base, concurrency: undefined, slide: undefined, commit: undefined });
  });

  test("openById and the cache", async () => {
    const sessions = createSessions(base);
    assert.throws(() => sessions.openById("8PHy8_T19vf4-fr7_P3-_w"), { code: "invalid-options" });
    const { cache } = sessions;
    for (const call of [
      () => cache.get("a"),
      () => cache.set("a", 1),
      () => cache.getOrSet("a", () => 1),
      () => cache.refresh("a"),
      () => cache.remove("a"),
    ]) {
      assert.equal(await codeOf(call), "invalid-options");
    }
  });

  test("more than maxRecordBytes, before it is sealed", async () => {
    const browser = new Browser(new App({ maxRecordBytes: 100 }));
    assert.equal(await codeOf(() => browser.set({ a: "x".repeat(100) })), "record-too-large");
    await browser.set({ a: "x".repeat(50) });
    assert.equal(browser.lines.length, 1);
  });
});

test("who does not use cookieStore does not download it", async () => {
  const bundled = async (name: string) => {
    const contents = `export { createSessions, ${name} } from "edge-session";`;
    const result = await build({
      stdin: { contents, resolveDir: join(ROOT, "tests") },
      bundle: true,
      write: false,
      minify: true,
      format: "esm",
      conditions: ["workerd"],
      external: ["*.wasm?module"],
    });
    return result.outputFiles[0]?.text ?? "";
  };
  const mark = "the session would be longer than maxRecordBytes";
  assert.ok((await bundled("cookieStore")).includes(mark));
  assert.ok(!(await bundled("memoryStore")).includes(mark));
});
