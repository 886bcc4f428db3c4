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
    await visitor.get("/sign-in?name=ann");
    const socket = await socketOf(visitor);
    await once(socket, "open");
    for (const [said, answer] of [
      ["hello", "ann (1): hello"],
      ["again", "ann (2): again"],
    ] as const) {
      socket.send(said);
      assert.equal(await heard(socket), answer);
    }
    await visitor.get("/sign-out");
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

  test("logs a user out everywhere through a queue, and nobody else", async () => {
    const { visitor, other, url } = await started("queue");
    const third = new Visitor(url);
    for (const [who, user] of [
      [visitor, "ann"],
      [other, "ann"],
      [third, "bob"],
    ] as const)
      await who.get(`/sign-in?user=${user}`);
    assert.equal(await text(other.get("/")), "ann");
    await visitor.post("/sign-out-everywhere");
    while ((await text(other.get("/"))) !== "nobody");
    while ((await text(visitor.get("/"))) !== "nobody");
    assert.equal(await text(third.get("/")), "bob");
  });
});
