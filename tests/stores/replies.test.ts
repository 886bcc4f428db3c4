// Writes whose answer is lost on its way, on real servers.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Store } from "edge-session";
import { forward, loseReply } from "../fault-proxy.ts";
import { type FaultServer, reset, startFaultServer } from "../fault-server.ts";
import { type Front, fronts } from "../fronts.ts";
import { type Server, startRedis } from "../servers.ts";
import { anyIo, freshKey, recordOf, revisionOf } from "../store-laws.ts";

const limits = { operationTimeoutMs: 2000, retryTimeoutMs: 40 };

for (const front of fronts) lostReplies(front);

function lostReplies({ name, start, open }: Front): void {
  describe(`${name} whose answer is lost after the write`, () => {
    let redisServer: Server;
    let front: Server;
    let between: FaultServer;
    let store: Store;

    before(async () => {
      redisServer = await startRedis();
      front = await start(redisServer.port);
      between = await startFaultServer(reset);
      store = open(between.url, limits);
    });
    after(async () => {
      await between.stop();
      await front.stop();
      await redisServer.stop();
    });
    const loseFirst = () => between.play(loseReply(front.url), forward(front.url));

    it("a create sees its own record and is done", async () => {
      const key = freshKey();
      loseFirst();
      assert.equal(await store.create(key, recordOf("a"), 60, anyIo()), "done");
      assert.equal(between.seen.length, 2);
    });

    it("an update sees its own record and is done, once", async () => {
      const key = freshKey();
      between.play(forward(front.url));
      await store.create(key, recordOf("a"), 60, anyIo());
      loseFirst();
      assert.equal(await store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo()), "done");
      assert.equal(between.seen.length, 2);
      assert.equal(await store.load(key, 0, anyIo()), recordOf("b"));
    });

    it("an update that another writer followed is a conflict that says what it does not know", async () => {
      const key = freshKey();
      between.play(forward(front.url));
      await store.create(key, recordOf("a"), 60, anyIo());
      const direct = open(front.url);
      const follow = async () => void (await direct.update(key, recordOf("c"), revisionOf(recordOf("b")), 60, anyIo()));
      between.play(async (seen, response) => {
        await (await fetch(front.url + seen.target, asSent(seen))).text();
        await follow();
        response.socket?.resetAndDestroy();
      }, forward(front.url));
      const answer = await store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo());
      assert.deepEqual(answer, { conflict: recordOf("c"), lost: true });
    });

    it("a conflict at the first try says nothing of the kind", async () => {
      const key = freshKey();
      between.play(forward(front.url));
      await store.create(key, recordOf("a"), 60, anyIo());
      const answer = await store.update(key, recordOf("c"), revisionOf(recordOf("b")), 60, anyIo());
      assert.deepEqual(answer, { conflict: recordOf("a") });
    });

    it("an update of what was removed meanwhile is gone, and stays gone", async () => {
      const key = freshKey();
      between.play(forward(front.url));
      await store.create(key, recordOf("a"), 60, anyIo());
      const direct = open(front.url);
      between.play(async (_, response) => {
        await direct.remove(key, anyIo());
        response.socket?.resetAndDestroy();
      }, forward(front.url));
      assert.equal(await store.update(key, recordOf("b"), revisionOf(recordOf("a")), 60, anyIo()), "gone");
      assert.equal(await direct.load(key, 0, anyIo()), null);
    });

    it("a remove, a refresh, a replace and a put are repeated without harm", async () => {
      const key = freshKey();
      loseFirst();
      await store.put(key, recordOf("a"), 60, anyIo());
      loseFirst();
      await store.refresh(key, 60, anyIo());
      loseFirst();
      assert.equal(await store.replace(key, recordOf("b"), 60, anyIo()), "done");
      loseFirst();
      await store.remove(key, anyIo());
      assert.equal(await store.load(key, 0, anyIo()), null);
    });

    it("a lock whose answer is lost is found to be ours, and an unlock frees no other's", async () => {
      const key = freshKey();
      const { lock, unlock } = store as Required<Store>;
      loseFirst();
      assert.equal(await lock.call(store, key, "ours", 60_000, anyIo()), "done");
      assert.equal(between.seen.length, 2);
      const direct = open(front.url) as Required<Store>;
      between.play(async (seen, response) => {
        await (await fetch(front.url + seen.target, asSent(seen))).text();
        assert.equal(await direct.lock(key, "another's", 60_000, anyIo()), "done");
        response.socket?.resetAndDestroy();
      }, forward(front.url));
      await unlock.call(store, key, "ours", anyIo());
      assert.equal(await direct.lock(key, "a third's", 60_000, anyIo()), "held");
    });

    it("a load is repeated and gives the record", async () => {
      const key = freshKey();
      between.play(forward(front.url));
      await store.create(key, recordOf("a"), 60, anyIo());
      loseFirst();
      assert.equal(await store.load(key, 60, anyIo()), recordOf("a"));
    });
  });
}

function asSent({
  method,
  headers,
  body,
}: {
  method: string;
  headers: { authorization?: string | undefined; "content-type"?: string | undefined };
  body: string;
}): RequestInit {
  return { method, headers: { Authorization: headers.authorization ?? "", "Content-Type": headers["content-type"] ?? "" }, body };
}
