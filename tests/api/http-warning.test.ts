// The one warning that a Secure cookie went out over http.

import assert from "node:assert/strict";
import { test } from "node:test";
import { headersOnly, request, type Sent, World } from "./world.ts";

async function warned(world: World, how: Sent): Promise<boolean> {
  const answer = await world.sessions.handle(request(how), undefined, async (session) => {
    await session.load();
    session.set("a", 1);
    return new Response();
  });
  assert.equal(answer.headers.getSetCookie().length, 1);
  return world.told().includes("secure-cookie-over-http");
}

test("comes once, for http from another machine, and never where the cookie arrives", async () => {
  const world = new World();
  const plain = new World({ cookie: { name: "session", secure: false } });
  const fine: Sent[] = [
    { url: "https://app.example/" },
    { url: "http://localhost:8787/" },
    { url: "http://app.localhost/" },
    { url: "http://127.0.0.1/" },
    { url: "http://127.1.2.3:80/" },
    { url: "http://[::1]/" },
    { url: "http://app.example/", headers: { "x-forwarded-proto": "https" } },
  ];
  for (const how of fine) assert.equal(await warned(world, how), false, JSON.stringify(how));
  const answer = await world.sessions.handle(headersOnly(), undefined, async (session) => {
    await session.load();
    session.set("a", 1);
    return new Response();
  });
  assert.deepEqual([answer.headers.getSetCookie().length, world.told().includes("secure-cookie-over-http")], [1, false]);
  assert.equal(await warned(plain, { url: "http://app.example/" }), false);
  assert.equal(await warned(world, { url: "http://app.example/" }), true);
  assert.equal(await warned(world, { url: "http://app.example/" }), false);
  assert.equal(await warned(new World(), { url: "http://192.168.0.7/" }), false);
});
