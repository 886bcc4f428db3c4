// The README's store calls are counted, row by row.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createSessions, memoryStore, type Session, type SessionsOptions, type Store } from "edge-session";
import { readProjectFile, tableBelow } from "./markdown.ts";

const SECRETS = ["a secret of this test, of 32 bytes or more"];
const operations = ["load", "create", "update", "replace", "refresh", "remove", "put", "lock", "unlock"] as const;

/** A memory that counts what it is asked. */
function counting(memory = memoryStore({ isolated: true })): Store & { calls: number } {
  const store = { name: memory.name, capabilities: memory.capabilities, calls: 0 } as Store & { calls: number };
  for (const operation of operations) {
    Object.assign(store, {
      [operation](...parts: unknown[]) {
        store.calls += 1;
        return (memory[operation] as (...parts: unknown[]) => unknown).apply(memory, parts);
      },
    });
  }
  return store;
}

/** Counts what a request costs whose session was begun before. */
async function costOf(act: (session: Session) => unknown, options: Partial<SessionsOptions> = {}, begun = true): Promise<number> {
  const store = counting();
  const sessions = createSessions({ secrets: SECRETS, store, onEvent: () => {}, ...options });
  const visit = (cookie: string, handler: (session: Session) => unknown) =>
    sessions.handle(new Request("https://app.example/", { headers: { cookie } }), undefined, async (session) => {
      await handler(session);
      return new Response();
    });
  const first = begun ? await visit("", (session) => change(session, "first")) : undefined;
  store.calls = 0;
  await visit(first?.headers.getSetCookie()[0]?.split(";")[0] ?? "", act);
  return store.calls;
}

async function change(session: Session, value: string): Promise<void> {
  await session.load();
  session.set("value", value);
}

const rows: Record<string, () => Promise<number>> = {
  "has no cookie of ours, or one that does not open": () => costOf((session) => session.load(), {}, false),
  "has a session and never loads it": () => costOf(() => {}),
  loads: () => costOf((session) => session.load()),
  "loads and changes": () => costOf((session) => change(session, "second")),
  "sets a visitor's first value": () => costOf((session) => change(session, "first"), {}, false),
  "loads, changes and calls `regenerateId()`": () =>
    costOf(async (session) => {
      await change(session, "second");
      session.regenerateId();
    }),
  "loads and destroys": () =>
    costOf(async (session) => {
      await session.load();
      await session.destroy();
    }),
  "is a visitor's who sets nothing": () =>
    costOf(
      async (session) => {
        await session.load();
        session.delete("nothing");
      },
      {},
      false,
    ),
};

describe("a request", () => {
  test("costs what the README's table says, in each row", async () => {
    const said = tableBelow(readProjectFile("README.md"), "What a request costs").rows.map((row) => [
      row.get("the request"),
      Number(row.get("calls")),
    ]);
    const counted = await Promise.all(Object.entries(rows).map(async ([name, count]) => [name, await count()]));
    assert.deepEqual(counted, said);
  });

  test('costs nothing under slide: "on-load" where it never loads', async () => {
    assert.equal(await costOf(() => {}, { slide: "on-load" }), 0);
  });

  test('costs two calls more under concurrency: "exclusive" where it loads to write, and none where it only reads', async () => {
    const exclusive = { concurrency: "exclusive" } as const;
    assert.equal(await costOf((session) => change(session, "second"), exclusive), 4);
    assert.equal(await costOf((session) => session.load(), exclusive), 3);
    assert.equal(await costOf((session) => session.load({ readOnly: true }), exclusive), 1);
    assert.equal(await costOf((session) => change(session, "first"), exclusive, false), 1);
  });

  test("costs one call more for each conflict", async () => {
    const store = counting();
    const sessions = createSessions({ secrets: SECRETS, store });
    const first = sessions.open(new Request("https://app.example/"));
    await change(first, "first");
    await first.commit();
    const cookie = first.setCookieHeaders()[0]?.split(";")[0] ?? "";
    const racers = [1, 2, 3].map(() => sessions.open(new Request("https://app.example/", { headers: { cookie } })));
    for (const racer of racers) await racer.load();
    const costs: number[] = [];
    for (const [index, racer] of racers.entries()) {
      store.calls = 0;
      racer.set(`racer ${index}`, true);
      await racer.commit();
      costs.push(store.calls);
    }
    assert.deepEqual(costs, [1, 2, 2]);
  });

  for (const [conflicts, calls] of [
    [0, 2],
    [1, 3],
    [8, 10],
    [9, 12],
    [10, 14],
  ] as const) {
    test(`costs ${calls} calls where others come first ${conflicts} times`, async () => {
      assert.equal(await costAmong(conflicts), calls);
    });
  }
});

/** Counts what a request costs before whose commit others change the record, so many times. */
async function costAmong(conflicts: number): Promise<number> {
  const rival = memoryStore({ isolated: true });
  const store = counting(rival);
  const { update } = store;
  let left = 0;
  store.update = async (key, record, expected, seconds, io) => {
    const there = left > 0 ? await rival.load(key, 0, io) : null;
    left -= 1;
    if (there !== null) await rival.update(key, `1j.${String(left).padStart(16, "r")}${there.slice(19)}`, there.slice(3, 19), seconds, io);
    return await update(key, record, expected, seconds, io);
  };
  const sessions = createSessions({ secrets: SECRETS, store });
  const first = sessions.open(new Request("https://app.example/"));
  await change(first, "first");
  await first.commit();
  const second = sessions.open(new Request("https://app.example/", { headers: { cookie: first.setCookieHeaders()[0]?.split(";")[0] ?? "" } }));
  store.calls = 0;
  left = conflicts;
  await change(second, "second");
  await second.commit();
  return store.calls;
}
