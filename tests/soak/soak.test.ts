// The soak runs, and would see each wrong answer.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { seedFor } from "../api/seeds.ts";
import { soak } from "./soak.ts";
import { type Answer, User, wrongForStranger } from "./user.ts";

const live = { status: 200, isNew: false };
const failed: Answer = { status: 500, code: "timeout" };

/** A user whose session has begun. */
function signedUp(): User {
  const user = new User("ann");
  assert.equal(user.take("begin", { ...live, owner: "ann-0", count: 0, cookie: "first" }), undefined);
  return user;
}

describe("the soak", () => {
  for (const store of ["webdis", "upstash"] as const) {
    test(`of 1,500 requests over ${store} meets faults and traps, and no wrong answer`, async (t) => {
      const { answers, faults, traps, wrong } = await soak({ store, seed: seedFor(t), faults: 5, traps: 1, milliseconds: 120_000, answers: 1500 });
      t.diagnostic(`${answers} requests, ${faults} faults, ${traps} traps`);
      assert.deepEqual(wrong, []);
      assert.ok(answers >= 1500 && faults > 10 && traps > 2);
    });
  }
});

describe("a user of the soak", () => {
  test("takes what is right", () => {
    const user = signedUp();
    assert.equal(user.takeCounts([{ ...live, owner: "ann-0", count: 1 }]), undefined);
    assert.equal(user.takeCounts([{ ...live, owner: "ann-0", count: 2 }, failed]), undefined);
    assert.equal(user.take("read", { ...live, owner: "ann-0", count: 3 }), undefined);
    assert.equal(user.take("login", { ...live, owner: "ann-0", count: 3, cookie: "second" }), undefined);
    assert.equal(user.take("pass", { status: 200 }), undefined);
    assert.equal(user.take("read", { status: 503 }), undefined);
    assert.equal(user.take("logout", { ...live, cookie: "" }), undefined);
    assert.deepEqual([user.cookie, user.owner], [undefined, "ann-1"]);
  });

  test("sees another's values, a lost update, one that counted twice, and a sign-out", () => {
    const after = (answer: Answer) => {
      const user = signedUp();
      user.takeCounts([{ ...live, owner: "ann-0", count: 1 }, failed]);
      return user.take("read", answer);
    };
    assert.equal(after({ ...live, owner: "ann-0", count: 2 }), undefined);
    assert.match(after({ ...live, owner: "bob-0", count: 1 }) ?? "", /another's/);
    assert.match(after({ ...live, owner: "ann-0", count: 0 }) ?? "", /lost/);
    assert.match(after({ ...live, owner: "ann-0", count: 3 }) ?? "", /twice/);
    assert.match(after({ status: 200, isNew: true }) ?? "", /signed out/);
    assert.match(after({ ...live, owner: "ann-0", count: 1, cookie: "x" }) ?? "", /cookie/);
  });

  test("sees counts that ran at once and did not all count", () => {
    const counted = (count: number) => ({ ...live, owner: "ann-0", count });
    const user = signedUp();
    assert.equal(user.takeCounts([counted(1), counted(2)]), undefined);
    assert.match(user.take("read", counted(1)) ?? "", /lost/);
    assert.match(signedUp().takeCounts([counted(0), counted(1)]) ?? "", /lost/);
    assert.match(signedUp().takeCounts([counted(1), counted(3)]) ?? "", /twice/);
  });

  test("sees a login without a new cookie, and a logout that leaves something", () => {
    const same = { ...live, owner: "ann-0", count: 0 };
    assert.match(signedUp().take("login", same) ?? "", /without a new cookie/);
    assert.match(signedUp().take("login", { ...same, cookie: "first" }) ?? "", /without a new cookie/);
    assert.match(signedUp().take("logout", { ...same, cookie: "" }) ?? "", /values/);
    assert.match(signedUp().take("logout", live) ?? "", /leaves the cookie/);
    assert.match(signedUp().take("logout", { status: 200, isNew: true }) ?? "", /signed out/);
  });

  test("sees a failure that no fault explains, and a cookie in one", () => {
    assert.match(signedUp().take("read", { status: 500, code: "record-corrupt" }) ?? "", /record-corrupt/);
    assert.match(signedUp().take("read", { status: 404 }) ?? "", /404/);
    assert.match(signedUp().take("login", { ...failed, cookie: "second" }) ?? "", /set a cookie/);
  });

  test("in doubt has values of its own or none", () => {
    const doubting = () => {
      const user = signedUp();
      assert.equal(user.take("login", failed), undefined);
      assert.ok(user.inDoubt);
      return user;
    };
    assert.equal(doubting().takeInDoubt({ ...live, owner: "ann-0" }), undefined);
    assert.equal(doubting().takeInDoubt({ status: 200, isNew: true }), undefined);
    assert.match(doubting().takeInDoubt({ ...live, owner: "bob-0" }) ?? "", /another's/);
  });

  test("without a session has none to see", () => {
    assert.equal(wrongForStranger({ status: 200, isNew: true }), undefined);
    assert.match(wrongForStranger({ ...live, owner: "ann-0" }) ?? "", /a session/);
    assert.match(wrongForStranger({ status: 200, isNew: true, cookie: "x" }) ?? "", /cookie/);
  });
});
