// JavaScript judges a record in clear as the core does.

import assert from "node:assert/strict";
import { test } from "node:test";
import { judge, judgeInCore } from "../../dist/records.js";
import { dice, seedFor } from "./seeds.ts";

const REVISION = "0123456789abcdef";
const BIRTH = "ABCDEFGHIJ-_xyz0";
const ID = "ABCDEFGHIJKLMNOPQRST_w";
const VALUES = '{\n"a":1}';

/** A record of these fields. */
const record = (kind: string, ...rest: string[]) => `${[kind, REVISION, BIRTH, ...rest].join(".")}.${VALUES}`;
const LIVE = record("1j", REVISION, "1790000000000", "1790086400");

test("a session's values in clear are live until their deadline", () => {
  for (const [previous, created, deadline] of [
    [REVISION, "1790000000000", "1790086400"],
    ["-", "0", "-"],
    ["-", "999999999999999", "999999999999999"],
  ] as const) {
    const text = record("1j", previous, created, deadline);
    const end = deadline === "-" ? Number.POSITIVE_INFINITY : Number(deadline);
    const judged = judge(text, 1_790_000_000);
    assert.deepEqual(judged, { standing: 2, header: text.slice(0, -VALUES.length), values: VALUES, created: Number(created), deadline: end });
    assert.deepEqual(judgeInCore(text, 1_790_000_000), judged);
    if (deadline !== "-") assert.equal(judge(text, end).standing, 3);
  }
});

test("every kind of record is judged alike, at any time", () => {
  const records = [
    LIVE,
    record("1s", "-", "1790000000000", "1790086400"),
    record("1m", REVISION, ID, "1790086400"),
    record("1d", "-", "-", "1790086400"),
    record("2j", "-", "1790000000000", "1790086400"),
    record("1j", "-", "1790000000000", "0"),
    record("1j", "-", "1790000000000", "01790086400"),
    record("1j", "-", "01790000000000", "1790086400"),
    record("1j", "-", "1790000000000", "1790086400000000"),
    record("1j", "", "1790000000000", "1790086400"),
    record("1j", `${REVISION}0`, "1790000000000", "1790086400"),
    `${LIVE.slice(0, LIVE.indexOf("{"))}{}`,
    "{}",
    "",
  ];
  const times = [0, 1_790_086_399, 1_790_086_400, 1_790_086_460, 2 ** 53, -1, Number.NaN, Number.POSITIVE_INFINITY];
  for (const text of records) for (const now of times) assert.deepEqual(judge(text, now), judgeInCore(text, now), `${text} at ${now}`);
});

test("nothing of the values is what matched last, which anybody can read", () => {
  for (const text of [LIVE, LIVE.replace("1j.", "1s."), `${LIVE}${"x".repeat(500)}`, LIVE.replace("{", " {")]) {
    /a/.exec("a");
    judge(text, 1_790_000_000);
    const kept = ["input", "rightContext", "lastMatch", "leftContext"].map((name) => (RegExp as unknown as Record<string, string>)[name]);
    assert.ok(!kept.join().includes('"a":1'), kept.join());
  }
});

test("20,000 altered records are judged alike", (t) => {
  const roll = dice(seedFor(t));
  const alphabet = "0123456789.-_jsmd{}azAZ+/ é\n\0";
  let live = 0;
  for (let round = 0; round < 20_000; round++) {
    let text = LIVE;
    for (let edits = 1 + roll(3); edits > 0; edits--) {
      const at = roll(LIVE.indexOf("{") + 2);
      const put = alphabet[roll(alphabet.length)] ?? "";
      text = text.slice(0, at) + [put, "", put + text.slice(at, at + 1), text.slice(at, at + roll(8))][roll(4)] + text.slice(at + roll(2));
    }
    const judged = judge(text, 1_790_000_000);
    assert.deepEqual(judged, judgeInCore(text, 1_790_000_000), text);
    if (judged.standing === 2) live += 1;
  }
  assert.ok(live > 500 && live < 19_500, `${live} were live`);
});
