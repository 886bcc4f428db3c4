// Without consent nothing is set and nothing stored.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Session, SessionsOptions } from "edge-session";
import { Browser, PROVIDERS, redirect } from "./temp-browser.ts";
import { type Data, OLD_SECRET, pairOf, request, SECRET, type Sent, World } from "./world.ts";

/** A world that asks for consent, which `agree` gives. */
function asking(options: Partial<SessionsOptions> = {}): { world: World; agree(answer: boolean): void; asked(): number } {
  let agreed = false;
  let asked = 0;
  const consent = () => {
    asked += 1;
    return agreed;
  };
  const agree = (answer: boolean) => {
    agreed = answer;
  };
  return { world: new World({ consent, ...options }), agree, asked: () => asked };
}

function visit(world: World, how: Sent, handler: (session: Session<Data>) => unknown, status = 200): Promise<Response> {
  return world.sessions.handle(request(how), undefined, async (session) => {
    await session.load();
    await handler(session);
    return new Response(null, { status });
  });
}

/** A session that was begun with consent, which is then withdrawn. */
async function withdrawn(options: Partial<SessionsOptions> = {}) {
  const { world, agree, asked } = asking(options);
  agree(true);
  const begun = await world.begun();
  agree(false);
  return { world, agree, asked, ...begun };
}

describe("without consent", () => {
  test("a new session lives for the request only: no cookie, no call, one warning", async () => {
    const { world } = asking();
    const answer = await visit(world, {}, (session) => {
      session.set("a", 1);
      session.update("a", (a) => Number(a) + 1);
      assert.equal(session.get("a"), 2);
    });
    assert.deepEqual([answer.status, answer.headers.getSetCookie(), world.store.taken()], [200, [], []]);
    assert.deepEqual(world.events, [{ name: "cookie-withheld", level: "warning", reason: "consent", session: world.events[0]?.session }]);
  });

  test("an explicit commit resolves, stores nothing, and the warning stays one", async () => {
    const { world } = asking();
    const answer = await visit(world, {}, async (session) => {
      session.set("a", 1);
      await session.commit();
      await session.commit();
      assert.deepEqual([session.setCookieHeaders(), session.cookies(), session.get("a"), session.isNew], [[], [], 1, true]);
    });
    assert.deepEqual([answer.headers.getSetCookie(), world.store.taken(), world.told()], [[], [], ["cookie-withheld"]]);
  });

  test("a visitor who sets nothing is not asked, nor told of", async () => {
    const { world, asked } = asking();
    await visit(world, {}, (session) => session.get("a"));
    assert.deepEqual([asked(), world.told()], [0, []]);
  });

  test("an id whose record expired gets no new one", async () => {
    const { world, cookie } = await withdrawn();
    world.pass(1200);
    const answer = await visit(world, { cookie }, (session) => session.set("b", 2));
    assert.deepEqual([answer.headers.getSetCookie(), world.store.taken()], [[], ["load"]]);
    assert.deepEqual(await world.values(cookie), {});
  });

  test("a request that calls regenerateId() commits nothing, with one warning", async () => {
    const { world, cookie, id } = await withdrawn();
    const answer = await visit(world, { cookie }, (session) => {
      session.set("b", 2);
      session.regenerateId();
    });
    assert.deepEqual([answer.headers.getSetCookie(), world.store.taken()], [[], ["load"]]);
    assert.deepEqual(
      world.told().filter((name) => name !== "session-loaded"),
      ["cookie-withheld"],
    );
    assert.deepEqual([(await world.loaded(cookie)).id, await world.values(cookie)], [id, { a: 1 }]);
  });

  test("a session that there is, is read, written and renewed", async () => {
    const { world, cookie } = await withdrawn();
    await visit(world, { cookie }, (session) => session.set("b", 2));
    await world.sessions.handle(request({ cookie }), undefined, () => new Response());
    assert.deepEqual(world.store.taken(), ["load", "update", "refresh"]);
    assert.deepEqual(await world.values(cookie), { a: 1, b: 2 });
    assert.ok(!world.told().includes("cookie-withheld"));
  });

  test("destroy() ends a session and expires its cookie; what is set after it lives for the request", async () => {
    const { world, cookie } = await withdrawn();
    const answer = await visit(world, { cookie }, async (session) => {
      await session.destroy();
      session.set("b", 2);
    });
    const [line = "", ...others] = answer.headers.getSetCookie();
    assert.match(line, /^__Host-session=; .*Max-Age=0/);
    assert.deepEqual([others, world.store.taken()], [[], ["load", "update"]]);
    assert.deepEqual(await world.values(cookie), {});
  });

  test("a cookie is not sent again: past half of its life, or under an older secret", async () => {
    const persistent = await withdrawn({ cookie: { maxAgeSeconds: 1000 } });
    persistent.world.pass(600);
    const rotated = await withdrawn({ secrets: [OLD_SECRET] });
    const sessions = rotated.world.deployed({ secrets: [SECRET, OLD_SECRET] });
    const read = async (session: Session<Data>) => {
      await session.load();
      return new Response();
    };
    const { world, cookie } = persistent;
    for (const agreed of [false, true]) {
      persistent.agree(agreed);
      rotated.agree(agreed);
      const late = await world.sessions.handle(request({ cookie }), undefined, read);
      const resealed = await sessions.handle(request({ cookie: rotated.cookie }), undefined, read);
      assert.deepEqual([late.headers.getSetCookie().length, resealed.headers.getSetCookie().length], agreed ? [1, 1] : [0, 0]);
    }
  });

  test("a session that is known by its id is changed and ended as ever", async () => {
    const { world, id, cookie } = await withdrawn();
    const session = world.sessions.openById(id);
    await session.load();
    session.set("b", 2);
    await session.commit();
    assert.deepEqual(await world.values(cookie), { a: 1, b: 2 });
    await world.sessions.openById(id).destroy();
    assert.deepEqual(await world.values(cookie), {});
  });

  test("an answer that is anything but true is none: a promise, a text, nothing", async () => {
    for (const answer of [Promise.resolve(true), "yes", 1, undefined]) {
      const world = new World({ consent: (() => answer) as unknown as () => boolean });
      const response = await visit(world, {}, (session) => session.set("a", 1));
      assert.deepEqual([response.headers.getSetCookie(), world.store.taken()], [[], []]);
    }
  });

  test("a function that throws keeps nothing, and its error is the answer's", async () => {
    const world = new World({
      consent: () => {
        throw new RangeError("the function's own");
      },
    });
    await assert.rejects(
      visit(world, {}, (session) => session.set("a", 1)),
      { message: "the function's own" },
    );
    assert.deepEqual(world.store.taken(), []);
  });

  test("an error page is withheld for that reason, as ever", async () => {
    const { world } = asking();
    await visit(world, {}, (session) => session.set("a", 1), 500);
    assert.deepEqual(
      world.events.map((event) => (event as { reason?: string }).reason),
      ["error-response"],
    );
  });
});

describe("with consent", () => {
  test("given later in the same request, what was set before counts too", async () => {
    const { world, agree } = asking();
    const answer = await visit(world, {}, async (session) => {
      session.set("a", 1);
      await session.commit();
      agree(true);
      session.set("b", 2);
    });
    const [line = ""] = answer.headers.getSetCookie();
    assert.deepEqual([await world.values(pairOf(line)), answer.headers.getSetCookie().length], [{ a: 1, b: 2 }, 1]);
  });

  test("it is asked with the request itself, where something is to be kept", async () => {
    const given: unknown[] = [];
    const world = new World({ consent: (asked) => given.push(asked) > 0 });
    const asked = request();
    const session = world.sessions.open(asked);
    await session.load();
    assert.deepEqual(given, []);
    session.set("a", 1);
    await session.commit();
    assert.equal(given.length, 1);
    assert.equal(given[0], asked);
    session.set("b", 2);
    await session.commit();
    assert.equal(given.length, 1);
  });

  test("all goes as where nobody asks", async () => {
    const { world, agree } = asking();
    agree(true);
    const { cookie } = await world.begun();
    const answer = await visit(world, { cookie }, (session) => session.regenerateId());
    assert.deepEqual(await world.values(pairOf(answer.headers.getSetCookie()[0] ?? "")), { a: 1 });
    assert.ok(!world.told().includes("cookie-withheld"));
  });
});

describe("TempData", () => {
  const notice = (session: Session<Data>) => session.tempData.set("notice", "Saved.");
  const answer = () => new Response();
  /** A browser with two messages, whose visitor does not agree any more. */
  const havingTwo = async () => {
    const { world, agree } = asking();
    const browser = new Browser(world);
    agree(true);
    await browser.visit((session) => {
      notice(session);
      session.tempData.set("other", 1);
      return answer();
    });
    agree(false);
    return { world, agree, browser };
  };

  test("that is set without consent lives for the request only, under both providers, with one warning", async () => {
    for (const provider of PROVIDERS) {
      const { world } = asking({ tempData: { provider } });
      const browser = new Browser(world);
      const seen = await browser.use((tempData, session) => {
        notice(session);
        session.set("a", 1);
        return tempData.peek("notice");
      });
      assert.deepEqual([seen, browser.lines, world.store.taken(), world.told()], ["Saved.", [], [], ["cookie-withheld"]], provider);
    }
  });

  test("that is set before consent was given in the same request goes out", async () => {
    for (const provider of PROVIDERS) {
      const { world, agree } = asking({ tempData: { provider } });
      const browser = new Browser(world);
      await browser.use((_, session) => {
        notice(session);
        agree(true);
      });
      assert.equal(await browser.use((tempData) => tempData.get("notice")), "Saved.", provider);
    }
  });

  test("that is there is read, and its cookie expired, though consent was withdrawn", async () => {
    const { world, agree } = asking();
    const browser = new Browser(world);
    agree(true);
    await browser.visit((session) => {
      notice(session);
      return answer();
    });
    agree(false);
    assert.equal(await browser.use((tempData) => tempData.get("notice")), "Saved.");
    assert.deepEqual([browser.lines.map((line) => line.split(";")[0]), await browser.names()], [["__Host-session-temp="], []]);
    assert.ok(!world.told().includes("cookie-withheld"));
  });

  test("that was read stays where an answer redirects, but is written anew for nobody who did not agree", async () => {
    const { world, browser } = await havingTwo();
    const cookie = await browser.cookie();
    const redirected = async (change: (session: Session<Data>) => void) => {
      const session = world.sessions.open(request({ cookie }));
      change(session);
      await session.commit();
      const lines = session.applyTo(redirect()).headers.getSetCookie();
      return [lines.map((line) => line.split(";")[0]), world.told()];
    };
    const readAll = (session: Session<Data>) => {
      session.tempData.get("notice");
      session.tempData.get("other");
    };
    const readOne = (session: Session<Data>) => {
      session.tempData.get("notice");
      session.tempData.delete("other");
    };
    assert.deepEqual(await redirected(readAll), [[], []]);
    assert.deepEqual(await redirected(readOne), [["__Host-session-temp="], ["cookie-withheld"]]);
  });

  test("of several messages, one that is read stays without consent, as the rest would need the cookie", async () => {
    const { world, agree, browser } = await havingTwo();
    assert.equal(await browser.use((tempData) => tempData.get("notice")), "Saved.");
    assert.deepEqual([browser.lines, world.told()], [[], ["cookie-withheld"]]);
    agree(true);
    assert.equal(await browser.use((tempData) => tempData.get("notice")), "Saved.");
    assert.deepEqual(await browser.use((tempData) => [...tempData.keys()]), ["other"]);
  });

  test("under an essential cookie needs none", async () => {
    const { world, asked } = asking({ cookie: { isEssential: true } });
    const browser = new Browser(world);
    await browser.visit((session) => {
      notice(session);
      return answer();
    });
    assert.deepEqual([await browser.names(), asked()], [["__Host-session-temp"], 0]);
  });
});

describe("an essential cookie", () => {
  test("needs no consent, and nobody is asked", async () => {
    const { world, asked } = asking({ cookie: { isEssential: true } });
    const { cookie } = await world.begun();
    const answer = await visit(world, { cookie }, (session) => session.regenerateId());
    assert.deepEqual(await world.values(pairOf(answer.headers.getSetCookie()[0] ?? "")), { a: 1 });
    assert.equal(asked(), 0);
  });
});
