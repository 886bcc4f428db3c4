// JavaScript begins an ordinary commit as the core does.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { memoryStore } from "edge-session";
import { type Outcome, outcomeText } from "../../dist/changes.js";
import { settle } from "../../dist/options.js";
import { merge } from "../../dist/records.js";
import { flags, type Step } from "../../dist/results.js";
import { rewrite } from "../../dist/rewrite.js";
import { begin, type Visit } from "../../dist/visit.js";
import { dice, seedFor } from "./seeds.ts";
import { SECRET } from "./world.ts";

const REVISION = "0123456789abcdef";
const BIRTH = "ABCDEFGHIJ-_xyz0";
const ID = "ABCDEFGHIJKLMNOPQRST_w";
const NOW_MS = 1_790_000_000_456;
const VALUES = '{\n"a":1,\n"user":{"id":7},\n"ab":"x"}';
const settings = settle({ secrets: [SECRET], store: memoryStore({ isolated: true }) });

/** A session's header, `-` where there is nothing. */
const headerOf = (previous = "-", deadline = "1790086400", kind = "1j") => `${kind}.${REVISION}.${BIRTH}.${previous}.1790000000000.${deadline}.`;
const sets = (texts: Record<string, string | undefined>, cleared = false): Outcome => ({ cleared, texts: new Map(Object.entries(texts)) });

const UPDATES = flags.compares | flags.wasLive;

/** A session that was loaded and changed. */
function changed(outcome: Outcome | undefined, values = VALUES, header = headerOf(), differs: Partial<Visit> = {}): Visit {
  return Object.assign(begin(settings, undefined), { stand: "live", id: ID, header, values, outcome }, differs);
}

/** What the core begins. */
const begunInCore = (visit: Visit): Step => settings.core.write(ID, BIRTH, visit.header, UPDATES, NOW_MS);

/** A step with the revision that was drawn for it masked. */
function masked(step: Step): Step {
  const revision = step.header.slice(3, 19);
  assert.match(revision, /^[\w-]{16}$/);
  return { ...step, header: step.header.replace(revision, "*"), state: step.state.replace(revision, "*") };
}

describe("values of a living record that are set", () => {
  test("are begun as the core begins them, the values as it merges them", () => {
    const outcomes = [{ '"a"': "2" }, { '"user"': "null", '"ab"': '"y"' }, { '"b"': "[1]" }, { '"c"': "1", '"a"': "3", '"d"': "2" }, {}];
    for (const header of [headerOf(), headerOf("-bcdefghijklmno-"), headerOf("-", "-"), headerOf("-", "1790000001")]) {
      for (const [values, texts] of outcomes.flatMap((texts) => [VALUES, "{}", '{\n"a":1}'].map((values) => [values, texts] as const))) {
        const visit = changed(sets(texts), values, header);
        const begun = rewrite(visit, UPDATES, NOW_MS);
        assert.ok(begun !== undefined, JSON.stringify([values, texts]));
        assert.deepEqual(masked(begun.step), masked(begunInCore(visit)));
        assert.equal(begun.text, merge(values, outcomeText(sets(texts))));
      }
    }
  });

  test("have a revision that is drawn anew each time", () => {
    const drawn = new Set(Array.from({ length: 1000 }, () => rewrite(changed(sets({ '"a"': "2" })), UPDATES, NOW_MS)?.step.header.slice(3, 19)));
    assert.equal(drawn.size, 1000);
  });
});

describe("left to the core", () => {
  const left = (visit: Visit, nowMs = NOW_MS, given: number = UPDATES) => assert.equal(rewrite(visit, given, nowMs), undefined);

  test("are values that go, are cleared, or are not known yet", () => {
    for (const outcome of [sets({ '"a"': undefined }), sets({ '"b"': "1", '"a"': undefined }), sets({ '"a"': "1" }, true), undefined])
      left(changed(outcome));
  });

  test("are values that are not one valid entry a line, or have a key twice", () => {
    const damaged = ['{"a":1}', '{\n"a":1,\n"b":x}', '{\n"a":1,\n"b":2', '{\n"a":{"x":1,\n"ab":2},\n"ab":3}', '{\n"\\u0061":1}', '{\n"é":1}', ""];
    for (const values of damaged) left(changed(sets({ '"ab"': "2" }), values));
    left(changed(sets({ '"a"': "2" }), '{\n"a":1,\n"b":2,\n"a":3}'));
  });

  test("is a session that has no record, is over, or lies sealed", () => {
    const outcome = sets({ '"a"': "2" });
    for (const given of [0, flags.compares, UPDATES | flags.ownId, UPDATES | flags.lost]) left(changed(outcome), NOW_MS, given);
    left(changed(outcome, VALUES, headerOf(), { id: undefined }));
    left(changed(outcome, VALUES, headerOf("-", "1790086400", "1s")));
    left(changed(outcome, VALUES, headerOf("-", "1790000000")));
    for (const nowMs of [1_790_086_400_000, -1, Number.NaN, Number.POSITIVE_INFINITY]) left(changed(outcome), nowMs);
  });

  test("is a store that cannot compare", () => left(changed(sets({ '"a"': "2" })), NOW_MS, flags.wasLive));
});

test("20,000 altered values, changes and headers are begun alike", (t) => {
  const roll = dice(seedFor(t));
  const pick = <T>(all: readonly T[]): T => all[roll(all.length)] as T;
  const keys = ['"a"', '"ab"', '"user"', '"\\u0000tnote"', '"new"', '"\\"q\\":"'];
  const texts = ["1", '"x"', "[]", '{"a":1,"ab":[2]}', '"\\n\\"a\\":2"', "null"];
  let begun = 0;
  for (let round = 0; round < 20_000; round++) {
    const entries = Array.from({ length: roll(5) }, () => `\n${pick(keys)}:${pick(texts)}`);
    let values = `{${entries.join(",")}}`;
    if (roll(3) === 0) {
      const at = roll(values.length);
      values = values.slice(0, at) + pick(["", "\n", ",", "}", '"', " ", "é", "0"]) + values.slice(at + roll(2));
    }
    const outcome = sets(
      Object.fromEntries(Array.from({ length: roll(4) }, () => [pick(keys), roll(8) === 0 ? undefined : pick(texts)])),
      roll(10) === 0,
    );
    const header = headerOf(pick(["-", REVISION, "-bcdefghijklmno-"]), pick(["-", "1790086400", "1790000001", "1790000000"]));
    const visit = changed(outcome, values, header);
    const made = rewrite(visit, UPDATES, NOW_MS);
    if (made === undefined) continue;
    begun += 1;
    const what = JSON.stringify([values, [...outcome.texts], header]);
    assert.deepEqual(masked(made.step), masked(begunInCore(visit)), what);
    assert.equal(made.text, merge(values, outcomeText(outcome)), what);
  }
  assert.ok(begun > 3000 && begun < 17_000, `${begun} were begun`);
});
