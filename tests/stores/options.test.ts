// What the stores over HTTP refuse when they are made.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type UpstashOptions, upstashStore } from "edge-session/stores/upstash";
import { type WebdisOptions, webdisStore } from "edge-session/stores/webdis";

const good = { url: "https://store.example", token: "t" };
const upstash = (options: object) => () => upstashStore({ ...good, ...options } as UpstashOptions);
const webdis = (options: object) => () => webdisStore({ url: good.url, ...options } as WebdisOptions);

/** Refused with one error that says all of these and none of the values. */
function refuses(make: () => unknown, ...says: RegExp[]): void {
  assert.throws(make, (error: Error & { code?: string }) => {
    assert.equal(error.code, "invalid-options");
    for (const said of says) assert.match(error.message, said);
    assert.doesNotMatch(error.message, /canary/i);
    assert.equal(error.cause, undefined);
    return true;
  });
}

describe("a store over HTTP is made", () => {
  it("from the least there is, undefined being the default", () => {
    assert.equal(upstashStore(good).name, "upstash");
    assert.equal(webdisStore({ url: "https://webdis.example/base/" }).name, "webdis");
    upstash({ operationTimeoutMs: undefined, retryTimeoutMs: undefined, circuitBreaker: undefined, allowInsecureHttp: undefined })();
    webdis({ username: undefined, password: undefined, databaseId: undefined })();
  });

  it("saying that it compares and sets, locks, slides on load, and is strong", () => {
    const capabilities = { compareAndSet: true, locks: true, slides: "on-load", minTtlSeconds: 1, consistency: "strong" };
    assert.deepEqual(upstashStore(good).capabilities, capabilities);
    assert.deepEqual(webdisStore({ url: good.url }).capabilities, capabilities);
  });

  it("without touching the network, the clock or a timer", () => {
    const untouched = {
      fetch: globalThis.fetch,
      setTimeout: globalThis.setTimeout,
      now: Date.now,
      random: Math.random,
      timeout: AbortSignal.timeout,
    };
    const touch = () => assert.fail("touched");
    Object.assign(globalThis, { fetch: touch, setTimeout: touch });
    Object.assign(Date, { now: touch });
    Object.assign(Math, { random: touch });
    Object.assign(AbortSignal, { timeout: touch });
    try {
      upstash({})();
      webdis({})();
    } finally {
      Object.assign(globalThis, { fetch: untouched.fetch, setTimeout: untouched.setTimeout });
      Object.assign(Date, { now: untouched.now });
      Object.assign(Math, { random: untouched.random });
      Object.assign(AbortSignal, { timeout: untouched.timeout });
    }
  });

  it("with http: to this machine", () => {
    upstash({ url: "http://127.0.0.1:8079" })();
    upstash({ url: "http://127.9.9.9" })();
    upstash({ url: "http://localhost:7379/" })();
    webdis({ url: "http://[::1]:7379" })();
  });

  it("with http: to another machine only where allowInsecureHttp says so", () => {
    refuses(upstash({ url: "http://canary.example" }), /url: .*allowInsecureHttp/);
    refuses(webdis({ url: "http://10.0.0.1" }), /url: .*allowInsecureHttp/);
    refuses(webdis({ url: "http://127.0.0.1.canary.example" }), /url: .*allowInsecureHttp/);
    refuses(webdis({ url: "http://localhost.canary.example" }), /url: .*allowInsecureHttp/);
    refuses(webdis({ url: "http://[::2]" }), /url: .*allowInsecureHttp/);
    upstash({ url: "http://store.example", allowInsecureHttp: true })();
  });
});

describe("a store over HTTP refuses", () => {
  it("a url that is none", () => {
    refuses(upstash({ url: undefined }), /url: /);
    refuses(upstash({ url: "" }), /url: /);
    refuses(upstash({ url: "canary.example" }), /url: /);
    refuses(upstash({ url: "redis://canary.example:6379" }), /url: /);
    refuses(upstash({ url: 7 }), /url: /);
    refuses(webdis({ url: "file:///canary" }), /url: /);
  });

  it("credentials, a query or a fragment in the url", () => {
    refuses(upstash({ url: "https://canary-user:canary-pw@store.example" }), /url: .*credentials/);
    refuses(webdis({ url: "https://canary@store.example" }), /url: .*credentials/);
    refuses(upstash({ url: "https://store.example/?_token=canary" }), /url: .*query/);
    refuses(webdis({ url: "https://store.example/#canary" }), /url: .*fragment/);
  });

  it("a token that no header can carry", () => {
    refuses(upstash({ token: undefined }), /token: /);
    refuses(upstash({ token: "" }), /token: /);
    refuses(upstash({ token: "canary\n" }), /token: /);
    refuses(upstash({ token: "canary canary" }), /token: /);
    refuses(upstash({ token: "canary\u0000" }), /token: /);
    refuses(upstash({ token: "canaryé" }), /token: /);
    refuses(upstash({ token: { canary: 1 } }), /token: /);
  });

  it("half of a user and password, and what Basic authentication cannot carry", () => {
    refuses(webdis({ username: "canary" }), /username, password: /);
    refuses(webdis({ password: "canary" }), /username, password: /);
    refuses(webdis({ username: "canary:x", password: "p" }), /username: /);
    refuses(webdis({ username: "", password: "p" }), /username: /);
    refuses(webdis({ username: "u", password: "canary\r\n" }), /password: /);
    refuses(webdis({ username: 1, password: 2 }), /username: .*password: /);
  });

  it("a database that is no whole number", () => {
    refuses(webdis({ databaseId: -1 }), /databaseId: /);
    refuses(webdis({ databaseId: 1.5 }), /databaseId: /);
    refuses(webdis({ databaseId: "7" }), /databaseId: /);
    refuses(webdis({ databaseId: Number.NaN }), /databaseId: /);
  });

  it("any database but the first of Upstash, which has no other", () => {
    refuses(upstash({ databaseId: 1 }), /databaseId: /);
    refuses(upstash({ databaseId: "canary" }), /databaseId: /);
    refuses(upstash({ databaseId: null }), /databaseId: /);
    upstash({ databaseId: 0 })();
    upstash({ databaseId: undefined })();
  });

  it("timeouts that are not whole milliseconds in range", () => {
    refuses(upstash({ operationTimeoutMs: 0 }), /operationTimeoutMs: /);
    refuses(upstash({ operationTimeoutMs: 1.5 }), /operationTimeoutMs: /);
    refuses(upstash({ operationTimeoutMs: Number.POSITIVE_INFINITY }), /operationTimeoutMs: /);
    refuses(upstash({ operationTimeoutMs: 2 ** 31 }), /operationTimeoutMs: /);
    refuses(upstash({ operationTimeoutMs: "1000" }), /operationTimeoutMs: /);
    refuses(webdis({ retryTimeoutMs: -1 }), /retryTimeoutMs: /);
    refuses(webdis({ retryTimeoutMs: null }), /retryTimeoutMs: /);
    webdis({ retryTimeoutMs: 0 })();
  });

  it("switches that are not true or false", () => {
    refuses(upstash({ circuitBreaker: "no" }), /circuitBreaker: /);
    refuses(upstash({ allowInsecureHttp: 1 }), /allowInsecureHttp: /);
    refuses(upstash({ allowInsecureHttp: "true", url: "http://canary.example" }), /url: .*allowInsecureHttp: /);
  });

  it("everything at once, in one error that names each and shows no value", () => {
    const wrong = { url: "http://canary.example", token: "canary ", operationTimeoutMs: -1, retryTimeoutMs: -1, circuitBreaker: "canary" };
    refuses(upstash(wrong), /url: .*token: .*operationTimeoutMs: .*retryTimeoutMs: .*circuitBreaker: /);
    refuses(webdis({ url: "canary", username: "canary", databaseId: "canary" }), /url: .*username, password: .*databaseId: /);
  });

  it("null in the place of any option", () => {
    const ofAll = ["url", "operationTimeoutMs", "retryTimeoutMs", "circuitBreaker", "allowInsecureHttp", "databaseId"];
    for (const option of [...ofAll, "token"]) refuses(upstash({ [option]: null }), new RegExp(`${option}: `));
    for (const option of ofAll) refuses(webdis({ [option]: null }), new RegExp(`${option}: `));
    for (const option of ["username", "password"]) refuses(webdis({ username: "u", password: "p", [option]: null }), new RegExp(`${option}: `));
  });

  it("options that are no object", () => {
    refuses(() => upstashStore(undefined as never), /url: .*token: /);
    refuses(() => webdisStore(null as never), /url: /);
    refuses(() => webdisStore("https://canary.example" as never), /url: /);
  });
});
