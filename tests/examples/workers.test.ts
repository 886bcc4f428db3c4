// The examples that wrangler runs.

import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Visitor } from "../jar.ts";
import { ROOT } from "../package/installed.ts";
import { bin } from "../runtimes/folder.ts";
import { wrangler } from "../runtimes/serve.ts";
import { type Examples, openExamples } from "./example.ts";

describe("an example that wrangler runs", () => {
  let examples: Examples;
  before(async () => {
    examples = await openExamples();
  });
  after(() => examples.stop());

  const started = async (name: string) => {
    const { url } = await examples.serve(examples.open(name), wrangler(bin("wrangler"), "--env-file", ".env"));
    return { url, visitor: new Visitor(url), other: new Visitor(url) };
  };
  const text = async (answer: Promise<Response>) => (await answer).text();
  /** What is answered where another site acts: by a link, by a form, by a page that hides where it is. */
  const refusals = async (visitor: Visitor, path: string) => [
    (await visitor.get(path)).status,
    (await visitor.post(path, {}, { Origin: "https://evil.example" })).status,
    (await visitor.post(path, {}, { Origin: "null" })).status,
  ];

  test("counts visits below itty-router, and forgets them after signing out", async () => {
    const { visitor } = await started("itty-router");
    await visitor.get("/");
    assert.equal(await text(visitor.get("/")), '{"visits":2}');
    assert.equal(await text(visitor.post("/sign-out")), '{"visits":1}');
  });

  test("lets sockets of a Durable Object speak for a session, until it ends", async () => {
    const { url, visitor, other } = await started("durable-object");
    const socketOf = async (from: Visitor) => {
      const headers = { cookie: `__Host-session=${await from.cookie("__Host-session")}` };
      return new WebSocket(`${url.replace("http", "ws")}/room`, { headers } as never);
    };
    const heard = async (socket: WebSocket) => ((await once(socket, "message")) as [MessageEvent<string>])[0].data;
    const [refused] = (await once(await socketOf(other), "error")) as [Event];
    assert.equal(refused.type, "error");
    assert.deepEqual(await refusals(other, "/sign-in"), [405, 403, 403]);
    assert.deepEqual(other.setCookieLines, []);
    await visitor.post("/sign-in", { name: "ann" });
    const socket = await socketOf(visitor);
    await once(socket, "open");
    for (const [said, answer] of [
      ["hello", "ann (1): hello"],
      ["again", "ann (2): again"],
    ] as const) {
      socket.send(said);
      assert.equal(await heard(socket), answer);
    }
    assert.deepEqual(await refusals(visitor, "/sign-out"), [405, 403, 403]);
    socket.send("still here");
    assert.equal(await heard(socket), "ann (3): still here");
    await visitor.post("/sign-out");
    socket.send("still here?");
    const [closed] = (await once(socket, "close")) as [CloseEvent];
    assert.deepEqual([closed.code, closed.reason], [1008, "Signed out."]);
  });

  test("counts visits in a worker written in Rust", async () => {
    const folder = examples.open("rust-worker");
    folder.write("Cargo.toml", folder.read("Cargo.toml").replace('path = "../.."', `path = ${JSON.stringify(ROOT)}`));
    const command = wrangler(bin("wrangler"), "--env-file", ".env");
    const { url } = await examples.serve(folder, { ...command, variables: { CARGO_TARGET_DIR: join(ROOT, "target/examples") } });
    const visitor = new Visitor(url);
    await visitor.get("/");
    assert.equal(await text(visitor.get("/")), '{"visits":2}');
    assert.equal((await visitor.cookie("__Host-session"))?.length, 96);
    const answers = await Promise.all(Array.from({ length: 8 }, () => visitor.get("/")));
    assert.ok(answers.every(({ status }) => status === 200));
    assert.equal(await text(visitor.get("/")), '{"visits":11}');
  });

  describe("and consumes a queue", () => {
    /** Signs a visitor in under each name. */
    const signedIn = async (url: string, ...users: string[]) => {
      const visitors = users.map(() => new Visitor(url));
      await Promise.all(visitors.map((visitor, index) => visitor.post("/sign-in", { user: users[index] ?? "" })));
      return visitors;
    };
    /** Asks until the visitor is signed out, for as long as a slow machine may take. */
    const signedOut = async (visitor: Visitor | undefined) => {
      const end = Date.now() + 60_000;
      while ((await text((visitor as Visitor).get("/"))) !== "nobody") assert.ok(Date.now() < end, "the visitor is still signed in");
    };

    test("logs a user out everywhere, and nobody whose name only begins alike", async () => {
      const { url } = await started("queue");
      const [first, second, alike, other] = await signedIn(url, "ann", "ann", "ann/x", "bob");
      assert.equal(await text((second as Visitor).get("/")), "ann");
      assert.deepEqual(await refusals(first as Visitor, "/sign-out-everywhere"), [405, 403, 403]);
      assert.deepEqual(await refusals(first as Visitor, "/sign-in"), [405, 403, 403]);
      assert.equal(await text((first as Visitor).get("/")), "ann");
      await first?.post("/sign-out-everywhere");
      for (const visitor of [first, second]) await signedOut(visitor);
      // Whatever else was asked for before is over when what was asked for later is.
      await other?.post("/sign-out-everywhere");
      await signedOut(other);
      assert.equal(await text((alike as Visitor).get("/")), "ann/x");
    });

    test("logs a user out of more sessions than a batch or a page of the list holds", async () => {
      const { url } = await started("queue");
      const visitors = await signedIn(url, ...Array<string>(101).fill("eve"));
      assert.equal((await (visitors[0] as Visitor).post("/sign-out-everywhere")).status, 200);
      for (const visitor of visitors) await signedOut(visitor);
    });
  });
});
