// Which cookies leave though the automatic commit failed.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SessionsOptions } from "edge-session";
import { cookieStore } from "edge-session";
import { type Handler, NAME, OLD_SECRET, pairOf, request, SECRET, World } from "./world.ts";

const changed: Handler = async (session) => {
  await session.load();
  session.set("a", 2);
  return new Response("fine");
};

/** An application that goes on where a commit fails, and a session in it; the store fails each update. */
async function failing(options: Partial<SessionsOptions>, seconds = 0): Promise<{ world: World; cookie: string }> {
  const world = new World({ throwOnError: false, ...options });
  const { cookie } = await world.begun();
  world.pass(seconds);
  world.store.before = (operation) => {
    if (operation === "update") throw new Error("down");
  };
  return { world, cookie };
}

/** Gives the `Set-Cookie` lines of an answer that must be the handler's own. */
async function linesOf(sessions: World["sessions"], cookie: string, handler: Handler): Promise<string[]> {
  const answer = await sessions.handle(request({ cookie }), undefined, handler);
  assert.equal(await answer.text(), "fine");
  return answer.headers.getSetCookie();
}

describe("an automatic commit that failed, where throwOnError is false", () => {
  test("keeps back the cookie that load() made due, as it is sealed by an older secret", async () => {
    const { world, cookie } = await failing({ secrets: [OLD_SECRET] });
    const sessions = world.deployed({ secrets: [SECRET, OLD_SECRET] });
    assert.deepEqual(await linesOf(sessions, cookie, changed), []);
    assert.ok(world.told().includes("store-failed"));
    world.store.before = () => undefined;
    assert.equal((await linesOf(sessions, cookie, changed)).length, 1);
  });

  test("keeps back the cookie that load() made due, as half of its life is over", async () => {
    const { world, cookie } = await failing({ cookie: { maxAgeSeconds: 1000 } }, 600);
    assert.deepEqual(await linesOf(world.sessions, cookie, changed), []);
    world.store.before = () => undefined;
    assert.match((await linesOf(world.sessions, cookie, changed))[0] ?? "", /Max-Age=1000/);
  });

  test("keeps back the session that load() made due in cookies, as half of its idle time is over", async () => {
    const world = new World({ throwOnError: false, store: cookieStore() });
    const { cookie } = await world.begun();
    world.pass(700);
    const tooLong: Handler = async (session) => {
      await session.load();
      session.set("a", "x".repeat(50_000));
      return new Response("fine");
    };
    assert.deepEqual(await linesOf(world.sessions, cookie, tooLong), []);
    assert.equal((await linesOf(world.sessions, cookie, changed)).length, 1);
  });

  test("keeps TempData back too: what was read stays unread, what was set is not sent", async () => {
    const { world, cookie } = await failing({ secrets: [OLD_SECRET] });
    const sessions = world.deployed({ secrets: [SECRET, OLD_SECRET] });
    const [line = ""] = await linesOf(sessions, cookie, (session) => {
      session.tempData.set("notice", "Saved.");
      return new Response("fine");
    }).then((lines) => lines.filter((each) => each.startsWith(`${NAME}-temp=`)));
    const both = `${cookie}; ${pairOf(line)}`;
    const withMessages: Handler = async (session) => {
      assert.equal(session.tempData.get("notice"), "Saved.");
      session.tempData.set("other", 1);
      return changed(session);
    };
    assert.deepEqual(await linesOf(sessions, both, withMessages), []);
    world.store.before = () => undefined;
    assert.equal((await linesOf(sessions, both, withMessages)).length, 2);
  });

  test("keeps back nothing that an explicit commit() or destroy() confirmed", async () => {
    const { world, cookie } = await failing({});
    const begun: Handler = async (session) => {
      await session.load();
      session.set("a", 1);
      session.tempData.set("notice", "Welcome.");
      await session.commit();
      return changed(session);
    };
    assert.deepEqual(
      (await linesOf(world.sessions, "", begun)).map((line) => line.split("=", 1)[0]),
      [NAME, `${NAME}-temp`],
    );
    world.store.before = () => undefined;
    const ended: Handler = async (session) => {
      await session.destroy();
      world.store.before = (operation) => {
        if (operation === "create") throw new Error("down");
      };
      return changed(session);
    };
    const lines = await linesOf(world.sessions, cookie, ended);
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /Max-Age=0/);
    assert.ok(world.told().includes("store-failed"));
  });
});
