// Every way a store over HTTP can fail, and what is said of it.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Store } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";
import { webdisStore } from "edge-session/stores/webdis";
import { drip, endless, type FaultServer, hang, reply, reset, type Step, startFaultServer, truncate } from "../fault-server.ts";
import { freePort } from "../servers.ts";
import { anyIo, recordOf, revisionOf } from "../store-laws.ts";

const quick = { operationTimeoutMs: 150, retryTimeoutMs: 0, circuitBreaker: false };
const key = "{laws_faults}_Data";
const [old, next] = [recordOf("a"), recordOf("b")];

/** Every operation, each with the command that answers it. */
const operations: { [operation: string]: (store: Store) => Promise<unknown> } = {
  load: (store) => store.load(key, 60, anyIo()),
  create: (store) => store.create(key, old, 60, anyIo()),
  update: (store) => store.update(key, next, revisionOf(old), 60, anyIo()),
  replace: (store) => store.replace(key, next, 60, anyIo()),
  refresh: (store) => store.refresh(key, 60, anyIo()),
  remove: (store) => store.remove(key, anyIo()),
  put: (store) => store.put(key, "1c.-.-.1", 60, anyIo()),
};

/** Each operation ends with the code, and none with an answer. */
async function all(store: Store, code: string): Promise<void> {
  const ended = Object.entries(operations).map(async ([operation, run]) => {
    const outcome = await run(store).then(
      (value) => ({ value }),
      (error: { code?: string }) => error.code,
    );
    assert.deepEqual([operation, outcome], [operation, code]);
  });
  await Promise.all(ended);
}

networkFaults(
  "upstashStore",
  (url, limits) => upstashStore({ url, token: "t", ...quick, ...limits }),
  (value) => JSON.stringify({ result: value }),
);
networkFaults(
  "webdisStore",
  (url, limits) => webdisStore({ url, ...quick, ...limits }),
  (value, command) => JSON.stringify({ [command]: value }),
);

/** The least time of three, in milliseconds: what the machine does besides is no fault of the call. */
async function quickest(act: () => Promise<void>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round++) {
    const began = performance.now();
    await act();
    least = Math.min(least, performance.now() - began);
  }
  return least;
}

/** `answer` is what the front says when Redis answered the command with the value. */
function networkFaults(name: string, open: (url: string, limits?: object) => Store, answer: (value: unknown, command: string) => string): void {
  describe(`${name} over a failing network`, () => {
    let server: FaultServer;
    let store: Store;

    before(async () => {
      server = await startFaultServer(hang);
      store = open(server.url);
    });
    after(() => server.stop());

    const failsAs = async (code: string, ...steps: Step[]) => {
      server.play(...steps);
      await all(store, code);
    };

    it("a closed port is store-unavailable", async () => {
      await all(open(`http://127.0.0.1:${await freePort()}`), "store-unavailable");
    });

    it("no answer, or one that drips, is timeout within its time", async () => {
      const began = performance.now();
      await failsAs("timeout", hang);
      await failsAs("timeout", drip);
      assert.ok(performance.now() - began < 5000, "nothing stopped the drip");
    });

    it("with every try unanswered the caller waits for both timeouts and 50 ms at most", async () => {
      server.play(hang);
      const patient = open(server.url, { operationTimeoutMs: 200, retryTimeoutMs: 100 });
      const took = await quickest(() => assert.rejects(patient.load(key, 60, anyIo()), { code: "timeout" }));
      assert.ok(took >= 290 && took <= 350, `${took} ms`);
      assert.equal(server.seen.length, 6);
    });

    it("after five calls without an answer the next is refused within 5 ms, unsent", async () => {
      server.play(reset);
      const guarded = open(server.url, { circuitBreaker: true });
      for (let call = 1; call <= 5; call++) await assert.rejects(guarded.load(key, 60, anyIo()), { code: "store-unavailable" });
      const took = await quickest(() => assert.rejects(guarded.load(key, 60, anyIo()), { code: "store-unavailable" }));
      assert.ok(took <= 5, `${took} ms`);
      assert.equal(server.seen.length, 5);
    });

    it("a connection that breaks before or inside the answer is store-unavailable", async () => {
      await failsAs("store-unavailable", reset);
      await failsAs("store-unavailable", truncate('{"resu'));
      await failsAs("store-unavailable", truncate(answer("x", "GETEX")));
    });

    it("an answer without end is stopped, as store-protocol", async () => {
      server.play(endless);
      const patient = open(server.url, { operationTimeoutMs: 10_000 });
      await assert.rejects(patient.load(key, 60, anyIo()), { code: "store-protocol" });
    });

    it("an answer up to twice the longest record is read, a longer one is store-protocol", async () => {
      const patient = open(server.url, { operationTimeoutMs: 10_000 });
      const long = '"'.repeat(1_048_576);
      server.play(reply(200, answer(long, "GETEX")));
      assert.equal(await patient.load(key, 60, anyIo()), long);
      server.play(reply(200, answer(`${long}${'"'.repeat(4096)}`, "GETEX")));
      await assert.rejects(patient.load(key, 60, anyIo()), { code: "store-protocol" });
    });

    it("a text that is no UTF-8 is store-protocol, not a text with other characters", async () => {
      server.play(reply(200, Buffer.from(answer("\u00ff", "GETEX"), "latin1")));
      await assert.rejects(store.load(key, 60, anyIo()), { code: "store-protocol" });
    });

    it("a member that an answer inherits is none of its own", async () => {
      Object.defineProperties(Object.prototype, { result: { value: null, configurable: true }, GETEX: { value: null, configurable: true } });
      try {
        server.play(reply(200, "{}"));
        await assert.rejects(store.load(key, 60, anyIo()), { code: "store-protocol" });
      } finally {
        Reflect.deleteProperty(Object.prototype, "result");
        Reflect.deleteProperty(Object.prototype, "GETEX");
      }
    });

    it("a refusal by status is told apart", async () => {
      await failsAs("store-auth", reply(401, "Unauthorized"));
      await failsAs("store-auth", reply(403));
      await failsAs("store-protocol", reply(400, "Bad Request"));
      await failsAs("store-protocol", reply(404, "<html>Not Found</html>"));
      await failsAs("store-protocol", reply(404, answer(null, "GETEX")));
      await failsAs("store-rejected", reply(413));
      await failsAs("store-throttled", reply(429, "", { "Retry-After": "1" }));
      await failsAs("store-unavailable", reply(408));
      await failsAs("store-unavailable", reply(500, "<html>"));
      await failsAs("store-unavailable", reply(502, "<html>"));
      await failsAs("store-unavailable", reply(503));
      await failsAs("store-unavailable", reply(504));
    });

    it("a redirect is not followed", async () => {
      const elsewhere = await startFaultServer(reply(200, answer("stolen", "GETEX")));
      for (const status of [301, 302, 303, 307, 308]) await failsAs("store-protocol", reply(status, "", { Location: elsewhere.url }));
      await failsAs("store-protocol", reply(304));
      assert.equal(elsewhere.seen.length, 0);
      await elsewhere.stop();
    });

    it("a 2xx that is no answer is store-protocol, never absent", async () => {
      await failsAs("store-protocol", reply(200, ""));
      await failsAs("store-protocol", reply(204));
      await failsAs("store-protocol", reply(200, "<html>hello</html>"));
      await failsAs("store-protocol", reply(200, "null"));
      await failsAs("store-protocol", reply(200, "[]"));
      await failsAs("store-protocol", reply(200, '"text"'));
      await failsAs("store-protocol", reply(200, "{}"));
      await failsAs("store-protocol", reply(200, '{"__proto__":{"result":null,"GETEX":null}}'));
      await failsAs("store-protocol", reply(200, '{"other":null}'));
      await failsAs("store-protocol", reply(200, new Uint8Array([0x7b, 0xff, 0x7d])));
    });

    it("a byte order mark, trailing junk or a cut answer is store-protocol", async () => {
      for (const command of ["GETEX", "EVAL", "EXPIRE", "DEL"]) {
        server.play(reply(200, `\ufeff${answer(null, command)}`));
        await all(store, "store-protocol");
        server.play(reply(200, `${answer(null, command)}x`));
        await all(store, "store-protocol");
        server.play(reply(200, answer("text", command).slice(0, -1)));
        await all(store, "store-protocol");
      }
    });

    it("a value of another type is store-protocol, never absent and never done", async () => {
      const wrong = {
        load: [0, 1, true, {}, 1.5],
        create: [0, 2, true, null, {}],
        update: [2, -1, true, null, {}],
        refresh: ["OK", null, 2, true],
        remove: ["OK", null, -1, {}],
      };
      for (const [operation, values] of Object.entries(wrong)) {
        const command = { load: "GETEX", refresh: "EXPIRE", remove: "DEL" }[operation] ?? "EVAL";
        for (const value of values) {
          server.play(reply(200, answer(value, command)));
          await assert.rejects(
            operations[operation]?.(store) ?? Promise.resolve(),
            { code: "store-protocol" },
            `${operation} ${JSON.stringify(value)}`,
          );
        }
      }
    });

    it("absent is said by null alone", async () => {
      server.play(reply(200, answer(null, "GETEX")));
      assert.equal(await store.load(key, 60, anyIo()), null);
    });
  });
}

describe("an answer of Webdis", () => {
  it("has one member, named as the command", async () => {
    const server = await startFaultServer(reply(200, '{"GETEX":null,"GET":null}'));
    const store = webdisStore({ url: server.url, ...quick });
    await assert.rejects(store.load(key, 60, anyIo()), { code: "store-protocol" });
    server.play(reply(200, '{"GET":null}'));
    await assert.rejects(store.load(key, 60, anyIo()), { code: "store-protocol" });
    server.play(reply(200, '{"GETEX":[null,"x"]}'));
    await assert.rejects(store.load(key, 60, anyIo()), { code: "store-protocol" });
    server.play(reply(200, '{"GETEX":[true,"x",1]}'));
    await assert.rejects(store.load(key, 60, anyIo()), { code: "store-protocol" });
    await server.stop();
  });
});

describe("an error in words", () => {
  let server: FaultServer;
  before(async () => {
    server = await startFaultServer(hang);
  });
  after(() => server.stop());

  /** The code that both stores give to an error of Redis. */
  const means = async (text: string, code: string) => {
    const upstash = upstashStore({ url: server.url, token: "t", ...quick });
    server.play(reply(400, JSON.stringify({ error: text })));
    await all(upstash, code);
    server.play(reply(200, JSON.stringify({ error: text, result: null })));
    await all(upstash, code);
    server.play(reply(500, JSON.stringify({ error: `Failed to execute Redis command: ${text}` })));
    await all(upstash, code);
    const webdis = webdisStore({ url: server.url, ...quick });
    server.play((seen, response) => {
      const name = seen.method === "PUT" ? "EVAL" : seen.body.split("/")[0];
      response.end(JSON.stringify({ [name ?? ""]: [false, text] }));
    });
    await all(webdis, code);
  };

  it("about credentials or rights is store-auth", async () => {
    await means("WRONGPASS invalid or missing auth token", "store-auth");
    await means("NOAUTH Authentication required.", "store-auth");
    await means("NOPERM this user has no permissions to run the 'getex' command", "store-auth");
    await means("ERR The user executing the script can't run this command or subcommand script: 1", "store-auth");
  });

  it("about a server that cannot serve now is store-unavailable", async () => {
    await means("LOADING Redis is loading the dataset in memory", "store-unavailable");
    await means("READONLY You can't write against a read only replica.", "store-unavailable");
    await means("CLUSTERDOWN The cluster is down", "store-unavailable");
    await means("MASTERDOWN Link with MASTER is down", "store-unavailable");
    await means("MISCONF Redis is configured to save RDB snapshots", "store-unavailable");
    await means("TRYAGAIN Multiple keys request during rehashing of slot", "store-unavailable");
  });

  it("about room or a quota is store-quota", async () => {
    await means("OOM command not allowed when used memory > 'maxmemory'.", "store-quota");
    await means("ERR Error running script (call to f_1): @user_script:1: @user_script: 1: -OOM command not allowed", "store-quota");
    await means("ERR max requests limit exceeded. Limit: 500000, Usage: 500000", "store-quota");
    await means("ERR max daily request limit exceeded", "store-quota");
    await means("ERR max single record size exceeded", "store-quota");
    await means("ERR DB capacity quota exceeded", "store-quota");
  });

  it("about calls per second is store-throttled", async () => {
    await means("ERR max commands per second limit exceeded", "store-throttled");
  });

  it("about the command itself is store-rejected", async () => {
    await means("ERR syntax error", "store-rejected");
    await means("WRONGTYPE Operation against a key holding the wrong kind of value", "store-rejected");
    await means("NOSCRIPT No matching script.", "store-rejected");
    await means("ERR unknown command 'EVAL'", "store-rejected");
  });

  it("that is none of Redis' is not taken for one", async () => {
    const upstash = upstashStore({ url: server.url, token: "t", ...quick });
    server.play(reply(500, '{"error":"SRH: Unable to connect to the Redis server."}'));
    await all(upstash, "store-unavailable");
    server.play(reply(500, '{"error":"Failed to execute Redis command: Connection is closed."}'));
    await all(upstash, "store-unavailable");
    server.play(reply(400, '{"error":"Missing/Invalid authorization header"}'));
    await all(upstash, "store-protocol");
    server.play(reply(200, '{"error":null,"result":"x"}'));
    await all(upstash, "store-protocol");
  });

  it("that LOADING said is tried again, one that ERR said is not", async () => {
    const patient = upstashStore({ url: server.url, token: "t", retryTimeoutMs: 30 });
    server.play(reply(200, '{"error":"LOADING Redis is loading the dataset in memory"}'), reply(200, '{"result":"x"}'));
    assert.equal(await patient.load(key, 60, anyIo()), "x");
    server.play(reply(200, '{"error":"ERR no"}'), reply(200, '{"result":"x"}'));
    await assert.rejects(patient.load(key, 60, anyIo()), { code: "store-rejected" });
    assert.equal(server.seen.length, 1);
  });
});
