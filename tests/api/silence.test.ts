// Answers that never come, and what the session then holds.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createSessions, memoryStore, SessionError, type Store } from "edge-session";
import { pairOf, request, SECRET } from "./world.ts";

/** A store that gives no answer to the update whose number is `silent`, which never arrives there. */
function silentOnce(silent: number): Store {
  const store = memoryStore({ isolated: true });
  let updates = 0;
  return {
    name: "silent",
    capabilities: store.capabilities,
    load: (...parts) => store.load(...parts),
    create: (...parts) => store.create(...parts),
    update: async (...parts) => {
      if (updates++ === silent) throw new SessionError("timeout", "no answer");
      return await store.update(...parts);
    },
    replace: (...parts) => store.replace(...parts),
    refresh: (...parts) => store.refresh(...parts),
    remove: (...parts) => store.remove(...parts),
    put: (...parts) => store.put(...parts),
  };
}

async function begun(silent: number) {
  const sessions = createSessions<{ cart: number; user: string; seen: number }>({ secrets: [SECRET], store: silentOnce(silent), onEvent: () => {} });
  const first = await sessions.handle(request(), undefined, async (session) => {
    await session.load();
    session.set("cart", 1);
    return new Response();
  });
  return { sessions, cookie: pairOf(first.headers.getSetCookie()[0] ?? "") };
}

describe("a login whose old record could not be forwarded at first", () => {
  test("keeps what it set, in this request and in the store", async () => {
    const { sessions, cookie } = await begun(0);
    const answer = await sessions.handle(request({ cookie }), undefined, async (session) => {
      await session.load();
      session.set("user", "Ada");
      session.regenerateId();
      await session.commit();
      assert.equal(session.get("user"), "Ada");
      session.set("seen", 1);
      return new Response();
    });
    const session = sessions.open(request({ cookie: pairOf(answer.headers.getSetCookie()[0] ?? "") }));
    await session.load();
    assert.deepEqual([session.get("cart"), session.get("user"), session.get("seen")], [1, "Ada", 1]);
  });
});

describe("a commit that got no answer", () => {
  test("rejects as ambiguous, and the next one stores it once", async () => {
    const { sessions, cookie } = await begun(0);
    const session = sessions.open(request({ cookie }));
    await session.load();
    session.update("cart", (cart = 0) => cart + 1);
    await assert.rejects(session.commit(), { code: "commit-ambiguous" });
    session.set("seen", 2);
    await session.commit();
    const again = sessions.open(request({ cookie }));
    await again.load();
    assert.deepEqual([again.get("cart"), again.get("seen")], [2, 2]);
  });
});

describe("a regenerateId() while a commit is under way, or after one that got no answer", () => {
  for (const [name, silent] of [
    ["while it is under way", -1],
    ["after it got no answer", 0],
  ] as const) {
    test(`${name} is the next commit's, and the planted id reads nothing of the login`, async () => {
      const { sessions, cookie } = await begun(silent);
      const session = sessions.open(request({ cookie }));
      await session.load();
      session.set("cart", 2);
      const committing = session.commit();
      if (silent === 0) await assert.rejects(committing, { code: "commit-ambiguous" });
      session.regenerateId();
      session.set("user", "Ada");
      if (silent !== 0) await committing;
      await session.commit();
      const fresh = pairOf(session.setCookieHeaders()[0] ?? "");
      assert.notEqual(fresh, "");
      const planted = sessions.open(request({ cookie }));
      await planted.load();
      assert.equal(planted.get("user"), undefined);
      const own = sessions.open(request({ cookie: fresh }));
      await own.load();
      assert.deepEqual([own.get("cart"), own.get("user")], [2, "Ada"]);
    });
  }
});

describe("a logout by an id that moved long ago", () => {
  test("ends the session where it went, loaded or not", async () => {
    for (const loads of [true, false]) {
      let now = 1_800_000_000_000;
      const clock = () => now;
      const sessions = createSessions<{ user: string }>({ secrets: [SECRET], store: memoryStore({ clock, isolated: true }), clock });
      const first = sessions.open(request());
      await first.load();
      first.set("user", "Ada");
      await first.commit();
      const old = first.id ?? "";
      first.regenerateId();
      await first.commit();
      const cookie = pairOf(first.setCookieHeaders()[0] ?? "");
      now += 90_000;
      const byId = sessions.openById(old);
      if (loads) await byId.load();
      await byId.destroy();
      const after = sessions.open(request({ cookie }));
      await after.load();
      assert.equal(after.get("user"), undefined, loads ? "loaded" : "not loaded");
    }
  });
});
