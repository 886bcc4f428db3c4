// No error of a store tells what was stored or answered.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { inspect } from "node:util";
import { createSessions, type Session, type SessionEvent, type SessionsOptions, type Store } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";
import { webdisStore } from "edge-session/stores/webdis";
import { drip, type FaultServer, hang, reply, reset, type Step, startFaultServer, truncate } from "../fault-server.ts";
import { faults, type Speech, upstashSpeech, webdisSpeech } from "../faults.ts";
import { freePort } from "../servers.ts";
import { anyIo } from "../store-laws.ts";

// Each part of a call carries its own, so that a leak shows where it came from.
const canary = /canary-(token|user|password|key|record|answer|header)/i;
const record = '1j.canary-record__A.canary-record__B.-.1700000000000.4000000000.{\n"canary-name":"canary-value"}';
const limits = { operationTimeoutMs: 60, retryTimeoutMs: 0, circuitBreaker: false };

/** Every text in which an error can show. */
function shown(error: unknown): string {
  assert.ok(error instanceof Error);
  const { message, stack, cause } = error;
  return [
    message,
    stack,
    inspect(cause, { depth: 20, showHidden: true }),
    inspect(error, { depth: 20, showHidden: true }),
    JSON.stringify(error),
    String(error),
  ].join("\n");
}

async function scan(store: Store): Promise<void> {
  const calls = [
    store.load("canary-key", 60, anyIo()),
    store.create("canary-key", record, 60, anyIo()),
    store.update("canary-key", record, "canary-record___", 60, anyIo()),
    store.replace("canary-key", record, 60, anyIo()),
    store.refresh("canary-key", 60, anyIo()),
    store.remove("canary-key", anyIo()),
    store.put("canary-key", record, 60, anyIo()),
    (store as Required<Store>).lock("canary-key", "canary-token", 60_000, anyIo()),
    (store as Required<Store>).unlock("canary-key", "canary-token", anyIo()),
  ];
  const scanned = calls.map((call) =>
    assert.rejects(call, (error) => {
      assert.doesNotMatch(shown(error), canary);
      return true;
    }),
  );
  await Promise.all(scanned);
}

/** What the console was told meanwhile. */
async function listen(act: () => Promise<void>): Promise<string> {
  const heard: string[] = [];
  const names = ["log", "info", "warn", "error", "debug"] as const;
  const kept = names.map((name) => console[name]);
  for (const name of names) console[name] = (...words: unknown[]) => void heard.push(inspect(words));
  try {
    await act();
  } finally {
    names.forEach((name, index) => {
      console[name] = kept[index] ?? console[name];
    });
  }
  return heard.join("\n");
}

describe("no error tells a secret", () => {
  let server: FaultServer;
  before(async () => {
    server = await startFaultServer(hang);
  });
  after(() => server.stop());

  const stores = (url: string) => [
    upstashStore({ url: `${url}/canary-token`, token: "canary-token", ...limits }),
    webdisStore({ url: `${url}/canary-token`, username: "canary-user", password: "canary-password", ...limits }),
  ];
  const scanAll = async (...steps: Step[]) => {
    for (const step of steps) {
      server.play(step);
      for (const store of stores(server.url)) assert.equal(await listen(() => scan(store)), "");
    }
  };

  it("when the connection fails", async () => {
    await scanAll(hang, reset, drip, truncate("canary-answer"));
    for (const store of stores(`http://127.0.0.1:${await freePort()}`)) await scan(store);
  });

  it("when the answer is none", async () => {
    await scanAll(
      reply(200, "canary-answer"),
      reply(200, '{"result":{"canary-answer":1}}'),
      reply(200, '{"canary-answer":"x"}'),
      reply(302, "canary-answer", { Location: "http://canary-header.invalid/" }),
      reply(404, "canary-answer"),
    );
  });

  it("when the answer refuses, quoting what was asked", async () => {
    const said = 'ERR unknown command canary-answer, with args beginning with: "canary-key" "canary-record"';
    await scanAll(
      reply(200, JSON.stringify({ error: said })),
      reply(400, JSON.stringify({ error: said })),
      reply(500, JSON.stringify({ error: `Failed to execute Redis command: ${said}` })),
      reply(401, "canary-answer", { "WWW-Authenticate": "canary-header" }),
      reply(429, "canary-answer", { "Retry-After": "canary-header" }),
      (seen, response) => {
        const name = seen.method === "PUT" ? "EVAL" : seen.body.split("/")[0];
        response.end(JSON.stringify({ [name ?? ""]: [false, said] }));
      },
    );
  });

  it("when it fails in any way that is known", async () => {
    for (const { play } of faults) {
      for (const [place, speech] of [upstashSpeech, webdisSpeech].entries()) {
        const store = stores(server.url)[place];
        assert.ok(store);
        server.play(play(speech));
        assert.equal(await listen(() => scan(store)), "");
      }
    }
  });

  it("when the runtime's own fetch quotes the url", async () => {
    const { fetch } = globalThis;
    globalThis.fetch = (url) =>
      Promise.reject(
        Object.assign(new TypeError(`cannot reach ${String(url)}`), { code: `canary-token ${String(url)}`, cause: new Error(String(url)) }),
      );
    try {
      for (const store of stores("https://store.example")) await scan(store);
    } finally {
      globalThis.fetch = fetch;
    }
  });

  it("and the scan itself finds one that is told", () => {
    assert.match(shown(new Error("x", { cause: { deep: { deeper: "canary-key" } } })), canary);
  });
});

/** What a request does with its session, and with the cache. */
const requests: Record<string, (sessions: Sessions, session: Session) => unknown> = {
  "a load": (_, session) => session.load(),
  "a commit": async (_, session) => {
    await session.load();
    session.set("canary-name", "canary-value");
    await session.commit();
  },
  "a login": async (_, session) => {
    await session.load();
    session.regenerateId();
    await session.commit();
  },
  "a flash message": async (_, session) => {
    await session.load();
    session.tempData.get("canary-name");
    session.tempData.set("canary-key", "canary-value");
    await session.commit();
  },
  "a protected text": async (sessions, session) => {
    await session.load();
    sessions.protector("canary-key").protect("canary-value", { boundTo: session });
  },
  "a destroy": (_, session) => session.destroy(),
  "an end by id": (sessions, session) => sessions.openById(session.id ?? "").destroy(),
  "a read of the cache": (sessions) => sessions.cache.get("canary-key"),
  "a write to the cache": (sessions) => sessions.cache.set("canary-key", "canary-value"),
};
type Sessions = ReturnType<typeof createSessions>;

/** How sessions are kept, by what is said of it. */
const kinds: Record<string, Partial<SessionsOptions>> = {
  "": {},
  ", sealed and under a lock": { encryptRecords: true, tempData: { provider: "session" }, concurrency: "exclusive" },
};

/** Gives the cookie of a session, and every text in it that nobody may see. */
async function begun(sessions: Sessions): Promise<{ cookie: string; secrets: string[] }> {
  const session = sessions.open({ headers: new Headers() });
  await session.load();
  session.set("canary-name", "canary-value");
  await session.commit();
  const [{ name, value } = { name: "", value: "" }] = session.cookies();
  assert.ok(session.id);
  return { cookie: `${name}=${value}`, secrets: [value, session.id] };
}

const credentials = { username: "canary-user", password: "canary-password" };
const patience = { operationTimeoutMs: 10_000 };
sessionsTell("upstashStore", upstashSpeech, (url, given) => upstashStore({ url, token: "canary-token", ...given }));
sessionsTell("webdisStore", webdisSpeech, (url, given) => webdisStore({ url, ...credentials, ...given }));

function sessionsTell(name: string, speech: Speech, open: (url: string, given: object) => Store): void {
  describe(`no session of ${name} tells a secret`, () => {
    let server: FaultServer;
    before(async () => {
      server = await startFaultServer(hang);
    });
    after(() => server.stop());

    const events: SessionEvent[] = [];
    const sessionsWith = (given: object, onEvent?: (event: SessionEvent) => void, kind: Partial<SessionsOptions> = {}) =>
      createSessions({ secrets: ["canary-secret-of-thirty-two-bytes-or-more"], store: open(server.url, given), onEvent, ...kind });
    const calm: Step = (seen, response) => reply(200, speech.value(1, speech.commandIn(seen)))(seen, response);
    const living: Step = (seen, response) => reply(200, speech.value(record, speech.commandIn(seen)))(seen, response);

    const each = Object.entries(kinds).flatMap(([how, kind]) => Object.entries(requests).map(([what, act]) => ({ what, act, how, kind })));
    for (const { what, act, how, kind } of each) {
      it(`by ${what}${how} that fails, at its first call or its second`, async () => {
        const sessions = sessionsWith(limits, (event) => events.push(event), kind);
        server.play(calm);
        const { cookie, secrets } = await begun(sessionsWith(patience));
        events.length = 0;
        let failed = 0;
        const visit = async (...steps: Step[]) => {
          server.play(...steps);
          const session = sessions.open({ headers: new Headers({ cookie }) });
          const heard = await listen(async () => {
            const error: unknown = await Promise.resolve(act(sessions, session)).then(
              () => undefined,
              (thrown: unknown) => thrown,
            );
            if (error === undefined) return;
            failed++;
            secrets.push(session.id ?? "no id");
            const text = shown(error);
            for (const secret of secrets) assert.ok(!text.includes(secret), text);
            assert.doesNotMatch(text, /canary/i);
          });
          assert.equal(heard, "");
          const told = inspect(events, { depth: 20 }) + JSON.stringify(events);
          events.length = 0;
          for (const secret of secrets) assert.ok(!told.includes(secret), told);
          assert.doesNotMatch(told, /canary/i);
        };
        for (const { play } of faults) {
          await visit(play(speech));
          if (!what.includes("cache")) await visit(how === "" ? living : calm, play(speech));
        }
        assert.ok(failed >= faults.length, `${failed} failed`);
      });
    }

    it("on the console, where nobody else listens", async () => {
      server.play(calm);
      const sessions = sessionsWith(patience);
      const { cookie, secrets } = await begun(sessions);
      server.play(reply(400, "canary-answer"));
      const heard = await listen(() => assert.rejects(sessions.open({ headers: new Headers({ cookie }) }).load()));
      assert.match(heard, /store-failed/);
      assert.doesNotMatch(heard, /canary/i);
      for (const secret of secrets) assert.ok(!heard.includes(secret));
    });
  });
}
