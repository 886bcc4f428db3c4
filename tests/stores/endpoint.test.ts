// When a call is tried again, and when it is given up.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { effortBefore } from "../../dist/failure.js";
import { Endpoint, type Exchange, type Limits, type Platform } from "../../dist/http.js";
import { anyIo } from "../store-laws.ts";

type Outcome = "ok" | "hang" | "refused" | "broken" | { status: number; retryAfter?: string; body?: string | ReadableStream };

/** Time that moves only when everybody waits, and an endpoint that takes `takes` ms for each outcome but `hang`. */
function simulate(
  outcomes: Outcome[],
  { takes = 0, limits = {}, start = 1_800_000_000_000 }: { takes?: number; limits?: Partial<Limits>; start?: number } = {},
) {
  let now = start;
  let skew = 0;
  const timers = new Set<{ at: number; act: () => void }>();
  const asked: number[] = [];
  const after = (milliseconds: number, act: () => void) => {
    const timer = { at: now + milliseconds, act };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  const platform: Platform = {
    now: () => now + skew,
    after,
    fetch: (_, init) => {
      asked.push(now - start);
      const outcome = outcomes.length > 1 ? outcomes.shift() : outcomes[0];
      return new Promise((resolve, reject) => {
        init.signal?.addEventListener("abort", () => reject(init.signal?.reason));
        if (outcome !== "hang") after(takes, () => answer(outcome ?? "ok", resolve, reject));
      });
    },
  };
  const endpoint = new Endpoint({ operationTimeoutMs: 1000, retryTimeoutMs: 1000, circuitBreaker: false, ...limits }, platform);
  /** Runs a call to its end; tells how long it took. */
  const run = async (writes = false, io = anyIo()) => {
    const began = now;
    let isOver = false;
    const call = endpoint.call(exchange(writes), io).then(
      ({ lost }) => ({ lost, code: "ok", tries: 0 }),
      (error: { code?: string; name?: string }) => ({ lost: false, code: error.code ?? error.name ?? "?", tries: effortBefore(error).tries }),
    );
    void call.then(() => {
      isOver = true;
    });
    while (!isOver) {
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      await new Promise(setImmediate);
      if (isOver) break;
      const next = [...timers].sort((one, other) => one.at - other.at)[0];
      assert.ok(next, "something is waited for");
      timers.delete(next);
      now = Math.max(now, next.at);
      next.act();
    }
    return { ...(await call), took: now - began, timers: timers.size };
  };
  const move = (milliseconds: number) => {
    now += milliseconds;
  };
  /** Sets the clock that is read; what waits goes on waiting. */
  const setClock = (milliseconds: number) => {
    skew = milliseconds;
  };
  return { endpoint, asked, run, move, setClock };
}

function exchange(writes: boolean): Exchange<string> {
  return {
    url: "http://store.invalid",
    init: { method: "POST", headers: {}, body: "" },
    writes,
    read: (text) => text,
    refusal: (text) => (({ OOM: "store-quota", LOADING: "store-unavailable" }) as const)[text],
  };
}

function answer(outcome: Outcome, resolve: (response: Response) => void, reject: (error: unknown) => void): void {
  if (outcome === "ok") resolve(new Response("ok"));
  else if (outcome === "refused") reject(Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNREFUSED" } }));
  else if (outcome === "broken") reject(new TypeError("Network connection lost."));
  else if (outcome !== "hang") {
    const { status, retryAfter, body = "" } = outcome;
    resolve(new Response(body, { status, headers: retryAfter === undefined ? {} : { "Retry-After": retryAfter } }));
  }
}

describe("a call that fails is tried again", () => {
  it("after 20 ms, then at the deadline, by default", async () => {
    const { run, asked } = simulate(["broken"]);
    assert.equal((await run()).code, "store-unavailable");
    assert.deepEqual(asked, [0, 20, 1000]);
  });

  it("every second in between, where retryTimeoutMs is longer", async () => {
    const { run, asked } = simulate(["broken"], { limits: { retryTimeoutMs: 3500 } });
    await run();
    assert.deepEqual(asked, [0, 20, 1020, 2020, 3020, 3500]);
  });

  it("never where retryTimeoutMs is 0", async () => {
    const { run, asked } = simulate(["broken"], { limits: { retryTimeoutMs: 0 } });
    await run();
    assert.deepEqual(asked, [0]);
  });

  it("until it is answered", async () => {
    const { run, asked } = simulate(["broken", "broken", "ok"]);
    assert.equal((await run()).code, "ok");
    assert.deepEqual(asked, [0, 20, 1000]);
  });

  it("once more after a try that took all the time to retry, in the time that is left", async () => {
    const { run, asked } = simulate(["hang"]);
    const { code, took } = await run();
    assert.equal(code, "timeout");
    assert.equal(took, 2000);
    assert.deepEqual(asked, [0, 1000]);
  });

  it("with the last try clipped, so that the caller waits for both timeouts at most", async () => {
    const { run, asked } = simulate(["hang"], { limits: { operationTimeoutMs: 700, retryTimeoutMs: 1000 } });
    assert.equal((await run()).took, 1700);
    assert.deepEqual(asked, [0, 720, 1420]);
  });

  it("a bounded number of times even when the clock is set back", async () => {
    const { run, asked, setClock } = simulate([...Array.from({ length: 30 }, () => "broken" as const), "ok"], { limits: { retryTimeoutMs: 3500 } });
    const call = run();
    setClock(-3_600_000);
    assert.equal((await call).code, "store-unavailable");
    assert.ok(asked.length <= 7, `${asked.length} tries`);
  });

  it("leaves no timer behind, whatever the end", async () => {
    assert.equal((await simulate(["ok"]).run()).timers, 0);
    assert.equal((await simulate(["broken", "ok"]).run()).timers, 0);
    assert.equal((await simulate([{ status: 404 }]).run()).timers, 0);
  });
});

describe("which answers are tried again", () => {
  const tries = async (outcome: Outcome) => {
    const { run, asked } = simulate([outcome]);
    const { code } = await run();
    return { code, tries: asked.length };
  };

  it("500, 502, 503 and 504 are, as store-unavailable", async () => {
    assert.deepEqual(await tries({ status: 500 }), { code: "store-unavailable", tries: 3 });
    assert.deepEqual(await tries({ status: 502, body: "<html>" }), { code: "store-unavailable", tries: 3 });
    assert.deepEqual(await tries({ status: 503 }), { code: "store-unavailable", tries: 3 });
    assert.deepEqual(await tries({ status: 504 }), { code: "store-unavailable", tries: 3 });
  });

  it("408 and 425 are, as store-unavailable, 429 as store-throttled", async () => {
    assert.deepEqual(await tries({ status: 408 }), { code: "store-unavailable", tries: 3 });
    assert.deepEqual(await tries({ status: 425 }), { code: "store-unavailable", tries: 3 });
    assert.deepEqual(await tries({ status: 429 }), { code: "store-throttled", tries: 3 });
  });

  it("no other 4xx is", async () => {
    assert.deepEqual(await tries({ status: 400 }), { code: "store-protocol", tries: 1 });
    assert.deepEqual(await tries({ status: 401 }), { code: "store-auth", tries: 1 });
    assert.deepEqual(await tries({ status: 403 }), { code: "store-auth", tries: 1 });
    assert.deepEqual(await tries({ status: 404 }), { code: "store-protocol", tries: 1 });
    assert.deepEqual(await tries({ status: 405 }), { code: "store-protocol", tries: 1 });
    assert.deepEqual(await tries({ status: 413 }), { code: "store-rejected", tries: 1 });
    assert.deepEqual(await tries({ status: 451 }), { code: "store-protocol", tries: 1 });
  });

  it("no redirect is", async () => {
    assert.deepEqual(await tries({ status: 301 }), { code: "store-protocol", tries: 1 });
    assert.deepEqual(await tries({ status: 307 }), { code: "store-protocol", tries: 1 });
  });

  it("no refusal in words is, not inside a 500 either", async () => {
    assert.deepEqual(await tries({ status: 400, body: "OOM" }), { code: "store-quota", tries: 1 });
    assert.deepEqual(await tries({ status: 500, body: "OOM" }), { code: "store-quota", tries: 1 });
  });

  it("a server that says in words that it cannot serve now is, but inside a 4xx", async () => {
    assert.deepEqual(await tries({ status: 500, body: "LOADING" }), { code: "store-unavailable", tries: 3 });
    assert.deepEqual(await tries({ status: 400, body: "LOADING" }), { code: "store-unavailable", tries: 1 });
  });
});

describe("a refusal whose body never comes", () => {
  /** What became of it, and whether the body was given up. */
  const refusal = async (status: number) => {
    let dropped = false;
    const body = new ReadableStream({
      cancel: () => {
        dropped = true;
      },
    });
    const { code, tries, took } = await simulate([{ status, body }], { limits: { retryTimeoutMs: 0 } }).run(true);
    return { code, tries, took, dropped };
  };

  it("is what its status says, after a moment", async () => {
    const codes = {
      401: "store-auth",
      403: "store-auth",
      408: "store-unavailable",
      413: "store-rejected",
      425: "store-unavailable",
      429: "store-throttled",
    };
    for (const [status, code] of Object.entries(codes)) {
      assert.deepEqual(await refusal(Number(status)), { code, tries: 1, took: 50, dropped: true }, status);
    }
  });

  it("leaves the connection free where it comes at once", async () => {
    const { code, took } = await simulate([{ status: 401, body: "no" }], { limits: { retryTimeoutMs: 0 } }).run(true);
    assert.deepEqual([code, took], ["store-auth", 0]);
  });

  it("is no answer where the text would say more", async () => {
    for (const status of [400, 404, 500, 503]) assert.equal((await refusal(status)).code, "timeout", String(status));
  });
});

describe("Retry-After", () => {
  const asked = async (retryAfter: string, status = 429) => {
    const simulation = simulate([{ status, retryAfter }, "ok"]);
    const { code, took } = await simulation.run();
    assert.ok(took <= 2000);
    return { code, asked: simulation.asked };
  };

  it("is waited for in seconds where it fits", async () => {
    assert.deepEqual(await asked("1"), { code: "ok", asked: [0, 1000] });
    assert.deepEqual(await asked("1", 503), { code: "ok", asked: [0, 1000] });
  });

  it("is waited for as a date where it fits", async () => {
    assert.deepEqual(await asked(new Date(1_800_000_001_000).toUTCString()), { code: "ok", asked: [0, 1000] });
  });

  it("gives up at once where it does not fit", async () => {
    assert.deepEqual(await asked("2"), { code: "store-throttled", asked: [0] });
    assert.deepEqual(await asked("99999999999999999999"), { code: "store-throttled", asked: [0] });
    assert.deepEqual(await asked(new Date(1_800_000_060_000).toUTCString()), { code: "store-throttled", asked: [0] });
  });

  it("that is nonsense, nothing or past changes nothing", async () => {
    assert.deepEqual(await asked("-5"), { code: "ok", asked: [0, 20] });
    assert.deepEqual(await asked("1e20"), { code: "ok", asked: [0, 20] });
    assert.deepEqual(await asked("soon"), { code: "ok", asked: [0, 20] });
    assert.deepEqual(await asked(""), { code: "ok", asked: [0, 20] });
    assert.deepEqual(await asked("0"), { code: "ok", asked: [0, 20] });
    assert.deepEqual(await asked("Xyz, 99 Foo 2026 99:99:99 GMT"), { code: "ok", asked: [0, 20] });
    assert.deepEqual(await asked(new Date(1_799_999_000_000).toUTCString()), { code: "ok", asked: [0, 20] });
  });
});

describe("whether an earlier try may have been carried out", () => {
  const lost = async (...outcomes: Outcome[]) => (await simulate(outcomes).run(true)).lost;

  it("is said after a broken connection, a timeout or a 5xx", async () => {
    assert.equal(await lost("broken", "ok"), true);
    assert.equal(await lost("hang", "ok"), true);
    assert.equal(await lost({ status: 504 }, "ok"), true);
    assert.equal(await lost("broken", "refused", "ok"), true);
  });

  it("is not said at the first try, nor where nothing was sent or all was refused", async () => {
    assert.equal(await lost("ok"), false);
    assert.equal(await lost("refused", "ok"), false);
    assert.equal(await lost({ status: 429 }, "ok"), false);
  });

  it("decides a write's error: a refusal of a later try does not hide it", async () => {
    assert.equal((await simulate(["hang", { status: 401 }]).run(true)).code, "timeout");
    assert.equal((await simulate(["broken", { status: 500, body: "OOM" }]).run(true)).code, "store-unavailable");
    assert.equal((await simulate(["broken", { status: 404 }]).run(true)).code, "store-unavailable");
    assert.equal((await simulate(["refused", { status: 401 }]).run(true)).code, "store-auth");
  });

  it("does not matter to a read: the last try's error is given", async () => {
    assert.equal((await simulate(["hang", { status: 401 }]).run(false)).code, "store-auth");
  });
});

describe("the caller's signal", () => {
  it("that is aborted already lets nothing be sent", async () => {
    const { run, asked } = simulate(["ok"]);
    assert.equal((await run(false, { signal: AbortSignal.abort() })).code, 20);
    assert.deepEqual(asked, []);
  });

  it("ends a try at once, with its own reason", async () => {
    const { endpoint } = simulate(["hang"]);
    const controller = new AbortController();
    const call = endpoint.call(exchange(false), { signal: controller.signal });
    const reason = new Error("the visitor left");
    controller.abort(reason);
    await assert.rejects(call, (error) => error === reason);
  });

  it("ends a wait at once, with its own reason, and nothing is sent after", async () => {
    const controller = new AbortController();
    let sent = 0;
    const platform: Platform = {
      now: () => 0,
      after(milliseconds) {
        if (milliseconds === 20) queueMicrotask(() => controller.abort("left"));
        return () => {};
      },
      fetch() {
        sent++;
        return Promise.reject(new TypeError("fetch failed"));
      },
    };
    const endpoint = new Endpoint({ operationTimeoutMs: 1000, retryTimeoutMs: 1000, circuitBreaker: true }, platform);
    await assert.rejects(endpoint.call(exchange(false), { signal: controller.signal }), (error) => error === "left");
    assert.equal(sent, 1);
  });

  it("whose reason is a used-up budget is our timeout", async () => {
    const { endpoint } = simulate(["hang"]);
    const controller = new AbortController();
    const call = endpoint.call(exchange(false), { signal: controller.signal });
    controller.abort(new DOMException("over", "TimeoutError"));
    await assert.rejects(call, { name: "SessionError", code: "timeout" });
  });

  it("ends the call even where the runtime's fetch ignores its signal", async () => {
    const platform: Platform = { now: () => 0, after: () => () => {}, fetch: () => new Promise(() => {}) };
    const endpoint = new Endpoint({ operationTimeoutMs: 1000, retryTimeoutMs: 0, circuitBreaker: true }, platform);
    const controller = new AbortController();
    const call = endpoint.call(exchange(false), { signal: controller.signal });
    controller.abort("left");
    await assert.rejects(call, (error) => error === "left");
  });
});

describe("how often a call was sent before it failed", () => {
  it("is told with its error: every try, and none that was not made", async () => {
    const count = async (outcomes: Outcome[], limits: Partial<Limits> = {}) => (await simulate(outcomes, { limits }).run()).tries;
    assert.equal(await count(["broken"]), 3);
    assert.equal(await count(["hang"]), 2);
    assert.equal(await count(["broken"], { retryTimeoutMs: 3500 }), 6);
    assert.equal(await count(["broken"], { retryTimeoutMs: 0 }), 1);
    assert.equal(await count([{ status: 404 }]), 1);
    assert.equal(await count(["broken", { status: 401 }]), 2);
    assert.equal(await count([{ status: 429, retryAfter: "60" }]), 1);
  });

  it("is the writes' too, whose error may be that of an earlier try", async () => {
    const { code, tries } = await simulate(["hang", { status: 401 }]).run(true);
    assert.deepEqual([code, tries], ["timeout", 2]);
  });

  it("is 0 where the breaker did not let it be sent, and 1 for the probe", async () => {
    const { run, move } = simulate(["broken"], { limits: { circuitBreaker: true } });
    for (let call = 1; call <= 5; call++) await run();
    assert.equal((await run()).tries, 0);
    move(1000);
    assert.equal((await run()).tries, 1);
  });

  it("counts a try that the budget cut short, and one for whoever says nothing of it", async () => {
    const { endpoint } = simulate(["hang"]);
    const controller = new AbortController();
    const call = endpoint.call(exchange(false), { signal: controller.signal });
    controller.abort(new DOMException("over", "TimeoutError"));
    await assert.rejects(call, (error) => effortBefore(error).tries === 1);
    assert.equal(effortBefore(new Error("of another store")).tries, 1);
    assert.equal(effortBefore(undefined).tries, 1);
  });
});

describe("the circuit breaker", () => {
  const limits = { circuitBreaker: true, retryTimeoutMs: 0 };

  it("opens after five calls in a row without an answer, and then refuses at once", async () => {
    const { run, asked, endpoint } = simulate(["broken"], { limits });
    for (let call = 1; call <= 4; call++) await run();
    assert.equal(endpoint.isOpen, false);
    await run();
    assert.equal(endpoint.isOpen, true);
    const refused = await run();
    assert.deepEqual([refused.code, refused.took, asked.length], ["store-unavailable", 0, 5]);
  });

  it("counts timeouts, and calls rather than tries", async () => {
    const { run, asked, endpoint } = simulate(["hang"], { limits: { circuitBreaker: true } });
    for (let call = 1; call <= 4; call++) await run();
    assert.equal(endpoint.isOpen, false);
    assert.equal(asked.length, 8);
    await run();
    assert.equal(endpoint.isOpen, true);
  });

  it("does not open when an answer came in between, be it a refusal", async () => {
    const { run, endpoint } = simulate(
      ["broken", "broken", "broken", "broken", { status: 401 }, "broken", "broken", "broken", "broken", "ok", "broken"],
      { limits },
    );
    for (let call = 1; call <= 11; call++) await run();
    assert.equal(endpoint.isOpen, false);
  });

  it("does not count what the caller cancelled", async () => {
    const { endpoint } = simulate(["hang"], { limits });
    for (let call = 1; call <= 8; call++) {
      const controller = new AbortController();
      const cancelled = endpoint.call(exchange(false), { signal: controller.signal });
      controller.abort("left");
      await assert.rejects(cancelled);
    }
    assert.equal(endpoint.isOpen, false);
  });

  it("counts what a used-up budget cut short, but not a caller's own limit", async () => {
    const cut = async (callersOwn: boolean) => {
      const { endpoint } = simulate(["hang"], { limits });
      for (let call = 1; call <= 5; call++) {
        const controller = new AbortController();
        const { signal } = controller;
        const ended = endpoint.call(exchange(false), callersOwn ? ({ signal, caller: signal } as { signal: AbortSignal }) : { signal });
        controller.abort(new DOMException("over", "TimeoutError"));
        await assert.rejects(ended, { code: "timeout" });
      }
      return endpoint.isOpen;
    };
    assert.deepEqual([await cut(false), await cut(true)], [true, false]);
  });

  it("lets one probe through after a second, which closes it by an answer", async () => {
    const { run, asked, endpoint, move } = simulate(["broken", "broken", "broken", "broken", "broken", "ok"], { limits });
    for (let call = 1; call <= 5; call++) await run();
    move(999);
    assert.equal((await run()).code, "store-unavailable");
    assert.equal(asked.length, 5);
    move(1);
    assert.equal((await run()).code, "ok");
    assert.equal(endpoint.isOpen, false);
  });

  it("stays open for another second when the probe fails, which is one try", async () => {
    const { run, asked, move } = simulate(["broken"], { limits: { circuitBreaker: true } });
    for (let call = 1; call <= 5; call++) await run();
    const before = asked.length;
    move(1000);
    await run();
    assert.equal(asked.length, before + 1);
    await run();
    assert.equal(asked.length, before + 1);
    move(1000);
    await run();
    assert.equal(asked.length, before + 2);
  });

  it("lets others wait for no probe, and is not stuck when the probe never ends", async () => {
    const { run, endpoint, asked, move } = simulate(["broken", "broken", "broken", "broken", "broken", "hang", "ok"], { limits });
    for (let call = 1; call <= 5; call++) await run();
    move(1000);
    endpoint.call(exchange(false), anyIo()).catch(() => {});
    assert.equal((await run()).took, 0);
    assert.equal(asked.length, 6);
    move(1000);
    assert.equal((await run()).code, "ok");
  });

  it("is not stuck when the clock is set back", async () => {
    const { run, asked, setClock } = simulate(["broken"], { limits });
    for (let call = 1; call <= 5; call++) await run();
    setClock(-3_600_000);
    await run();
    assert.equal(asked.length, 6);
  });

  it("is left out by circuitBreaker: false", async () => {
    const { run, asked, endpoint } = simulate(["broken"], { limits: { circuitBreaker: false, retryTimeoutMs: 0 } });
    for (let call = 1; call <= 10; call++) await run();
    assert.equal(asked.length, 10);
    assert.equal(endpoint.isOpen, false);
  });
});
