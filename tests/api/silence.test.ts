// Answers that never come, and what the session holds afterwards.

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
