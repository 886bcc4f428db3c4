// Laws of stores: what happens when calls meet.

import type { Store } from "../store.ts";
import { expect } from "./expect.ts";
import { anyIo, freshKey, recordOf, revisionOf } from "./records.ts";
import type { Declare } from "./subject.ts";

export function parallelLaws(law: Declare): void {
  law("of concurrent creates exactly one is done", async ({ store }) => {
    const key = freshKey();
    const answers = await Promise.all(Array.from({ length: 16 }, (_, index) => store.create(key, recordOf(`w${index}`), 60, anyIo())));
    expect.equal(answers.filter((answer) => answer === "done").length, 1);
    const winner = await store.load(key, 0, anyIo());
    expect.ok(
      answers.every((answer) => answer === "done" || answer.exists === winner),
      "every other create was told of the one that is stored",
    );
  });

  law("of concurrent updates exactly one wins", async ({ store }) => {
    const key = freshKey();
    await store.create(key, recordOf("a"), 60, anyIo());
    const update = (_: unknown, index: number) => store.update(key, recordOf(`w${index}`), revisionOf(recordOf("a")), 60, anyIo());
    const answers = await Promise.all(Array.from({ length: 16 }, update));
    expect.equal(answers.filter((answer) => answer === "done").length, 1);
    const winner = await store.load(key, 0, anyIo());
    expect.ok(
      answers.every((answer) => answer === "done" || (answer !== "gone" && answer.conflict === winner)),
      "every other update was told of the one that won",
    );
  });

  law("no increment of parallel writers is lost", async ({ store }) => {
    const key = freshKey();
    await store.create(key, recordOf("start", "0"), 60, anyIo());
    await Promise.all(Array.from({ length: 8 }, (_, writer) => incrementOften(store, key, writer, 20)));
    expect.match((await store.load(key, 0, anyIo())) ?? "", /\.160$/);
  });

  law("no update that races a remove brings the record back", async ({ store }) => {
    for (let round = 0; round < 25; round++) {
      const key = freshKey();
      await store.create(key, recordOf("a"), 60, anyIo());
      const update = store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo());
      await Promise.all(round % 2 === 0 ? [update, store.remove(key, anyIo())] : [store.remove(key, anyIo()), update]);
      expect.equal(await store.load(key, 0, anyIo()), null);
    }
  });
}

async function incrementOften(store: Store, key: string, writer: number, times: number): Promise<void> {
  let found = (await store.load(key, 60, anyIo())) ?? "";
  for (let done = 0; done < times; ) {
    const next = recordOf(`w${writer}n${done}`, String(Number(found.slice(found.lastIndexOf(".") + 1)) + 1));
    const answer = await store.update(key, next, revisionOf(found), 60, anyIo());
    expect.notEqual(answer, "gone");
    if (answer === "done") {
      done++;
      found = next;
    } else if (typeof answer === "object") {
      found = answer.conflict;
    }
  }
}
