// Every way a store over HTTP can fail, and what is said.

import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import type { Store } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";
import { webdisStore } from "edge-session/stores/webdis";
import { drip, endless, type FaultServer, hang, reply, reset, type Step, startFaultServer } from "../fault-server.ts";
import { type Fault, faults, type Speech, upstashSpeech, webdisSpeech } from "../faults.ts";
import { freePort } from "../servers.ts";
import { anyIo, recordOf, revisionOf } from "../store-laws.ts";

const oneTry = { operationTimeoutMs: 30_000, retryTimeoutMs: 0, circuitBreaker: false };
/** For what ends by the time limit alone; another call may be late too on a busy machine. */
const hasty = { operationTimeoutMs: 150 };
const key = "{laws_faults}_Data";
const [old, next] = [recordOf("a"), recordOf("b")];

/** Of 127.0.0.1, signed by itself; neither is used for anything else. */
const KEY = createPrivateKey({
  key: Buffer.from(
    "MHcCAQEEIOPiriQ0xd2raCosKUmjaie250Z8MVk2X/Xr8AsDjPeKoAoGCCqGSM49AwEHoUQDQgAEuYilhsgGRzjr4F/NY8EQDGEj5nmWgcMtVVy1Go2jTC8QF6U1uANlW8M/ZifmTXwvf0U0ovwMcrFJg9BtiI8YSA==",
    "base64",
  ),
  format: "der",
  type: "sec1",
}).export({ format: "pem", type: "sec1" });
const CERTIFICATE = new X509Certificate(
  Buffer.from(
    "MIIBjzCCATagAwIBAgIULNWAEwiuvNnHPjSIULV+A+89yhUwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJMTI3LjAuMC4xMCAXDTI2MTEyMTEyMDEyMVoYDzIx" +
      "MjYxMDI4MTIwMTIxWjAUMRIwEAYDVQQDDAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAS5iKWGyAZHOOvgX81jwRAMYSPmeZaBwy1VXLUa" +
      "jaNMLxAXpTW4A2Vbwz9mJ+ZNfC9/RTSi/AxysUmD0G2IjxhIo2QwYjAdBgNVHQ4EFgQUd4MeW3swpQMQtlloBlQLSTVw+f8wHwYDVR0jBBgwFoAUd4MeW3sw" +
      "pQMQtlloBlQLSTVw+f8wDwYDVR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMCA0cAMEQCIFQv+zRgZLV4LZ0z5eZ366xys3FSeJjg" +
      "ob2kDbrCcpmfAiBDqd4CQnsEtQcqoDBfxu9gGVq+UhDx6Gvi7qhxaQ3QvA==",
    "base64",
  ),
).toString();

/** Every operation, each with the command that answers it. */
const operations: { [operation: string]: (store: Store) => Promise<unknown> } = {
  load: (store) => store.load(key, 60, anyIo()),
  create: (store) => store.create(key, old, 60, anyIo()),
  update: (store) => store.update(key, next, revisionOf(old), 60, anyIo()),
  replace: (store) => store.replace(key, next, 60, anyIo()),
  refresh: (store) => store.refresh(key, 60, anyIo()),
  remove: (store) => store.remove(key, anyIo()),
  put: (store) => store.put(key, "1c.-.-.1", 60, anyIo()),
  lock: async (store) => store.lock?.(key, "token", 60_000, anyIo()),
  unlock: async (store) => store.unlock?.(key, "token", anyIo()),
};

/** Each operation ends with the code, and none with an answer. */
async function all(store: Store, code: string, fault = ""): Promise<void> {
  const ended = Object.entries(operations).map(async ([operation, run]) => {
    const outcome = await run(store).then(
      (value) => ({ value }),
      (error: { code?: string }) => error.code,
    );
    assert.deepEqual([fault, operation, outcome], [fault, operation, code]);
  });
  await Promise.all(ended);
}

networkFaults("upstashStore", (url, limits) => upstashStore({ url, token: "t", ...oneTry, ...limits }), upstashSpeech);
networkFaults("webdisStore", (url, limits) => webdisStore({ url, ...oneTry, ...limits }), webdisSpeech);

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

function networkFaults(name: string, open: (url: string, limits?: object) => Store, speech: Speech): void {
  const answer = speech.value;
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
      await all(code === "timeout" ? open(server.url, hasty) : store, code);
    };

    /** Every operation ends with the code of every fault of these. */
    const fail = async (...group: Fault[]) => {
      assert.ok(group.length > 5);
      for (const fault of group) {
        server.play(fault.play(speech));
        await all(fault.code === "timeout" ? open(server.url, hasty) : store, fault.code, fault.name);
      }
    };

    it("a closed port is store-unavailable", async () => {
      await all(open(`http://127.0.0.1:${await freePort()}`), "store-unavailable");
    });

    it("a name that nobody knows is store-unavailable", async () => {
      await all(open(`https://${"n".repeat(64)}.invalid`), "store-unavailable");
    });

    it("a certificate that nobody vouches for is store-unavailable, and nothing is sent", async () => {
      const asked: unknown[] = [];
      const impostor = createServer({ key: KEY, cert: CERTIFICATE }, (request) => asked.push(request.url)).listen(0, "127.0.0.1");
      await once(impostor, "listening");
      try {
        await all(open(`https://127.0.0.1:${(impostor.address() as AddressInfo).port}`), "store-unavailable");
        assert.deepEqual(asked, []);
      } finally {
        impostor.close();
      }
    });

    it("a port that does not speak TLS is store-unavailable", async () => {
      await all(open(server.url.replace("http:", "https:")), "store-unavailable");
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
      await fail(...faults.filter(({ group }) => group === "connection"));
    });

    it("an answer without end is stopped, as store-protocol", async () => {
      server.play(endless);
      const patient = open(server.url);
      await assert.rejects(patient.load(key, 60, anyIo()), { code: "store-protocol" });
    });

    it("an answer up to twice the longest record is read, a longer one is store-protocol", async () => {
      const patient = open(server.url);
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
      await fail(...faults.filter(({ group }) => group === "status"));
    });

    it("a refusal in words is told apart", async () => {
      await fail(...faults.filter(({ group }) => group === "words"));
    });

    it("a redirect is not followed", async () => {
      const elsewhere = await startFaultServer(reply(200, answer("stolen", "GETEX")));
      for (const status of [301, 302, 303, 307, 308]) await failsAs("store-protocol", reply(status, "", { Location: elsewhere.url }));
      await failsAs("store-protocol", reply(304));
      assert.equal(elsewhere.seen.length, 0);
      await elsewhere.stop();
    });

    it("a byte order mark, trailing junk, a cut answer, or any other that is none, is store-protocol, never absent", async () => {
      await fail(...faults.filter(({ group }) => group === "shape"));
    });

    it("a value of another type is store-protocol, never absent and never done", async () => {
      const wrong = {
        load: [0, 1, true, {}, 1.5],
        create: [0, 2, true, null, {}],
        update: [2, -1, true, null, {}],
        refresh: ["OK", null, 2, true],
        remove: ["OK", null, -1, {}],
        lock: ["OK", null, 2, true],
        unlock: ["OK", null, 2, true],
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
    const store = webdisStore({ url: server.url, ...oneTry });
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

  it("means the same in whatever form it comes", async () => {
    const upstash = upstashStore({ url: server.url, token: "t", ...oneTry });
    for (const { name: text, code } of faults.filter(({ group }) => group === "words")) {
      server.play(reply(200, JSON.stringify({ error: text, result: null })));
      await all(upstash, code, text);
      server.play(reply(500, JSON.stringify({ error: `Failed to execute Redis command: ${text}` })));
      await all(upstash, code, text);
    }
  });

  it("that is none of Redis' is not taken for one", async () => {
    const upstash = upstashStore({ url: server.url, token: "t", ...oneTry });
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
