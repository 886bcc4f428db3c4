// What the README says of peers is so of ours.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createSessions, memoryStore, type Session } from "edge-session";
import { codesIn, readProjectFile, tableBelow } from "./markdown.ts";
import { exists } from "./ours.ts";

const readme = readProjectFile("README.md");

/** What each of theirs has that a program names. */
const theirs = {
  "express-session": `req.session.key save() regenerate() destroy() touch() req.sessionID cookie.maxAge secret store name cookie resave
    saveUninitialized unset rolling genid`,
  "iron-session": "getIronSession( session.key save() destroy() password ttl cookieName cookieOptions chunk onUnsealError sealData() unsealData()",
  "hono-sessions": `sessionMiddleware( c.get("session") session.get( session.set( forget( flash( deleteSession() touch() session_key_rotation
    expireAfterSeconds autoExtendExpiration encryptionKey store sessionCookieName cookieOptions`,
};

/** What the middleware for Hono gives; it has tests of its own. */
const ofHono = ["session(sessions)", "edge-session/hono", "c.var.session"];

describe("the table for who comes from", () => {
  for (const [heading, names] of Object.entries(theirs)) {
    const { rows } = tableBelow(readme, heading);

    test(`${heading} has a row for each call and option`, () => {
      const said = rows.map((row) => row.get("theirs")).join(" ");
      for (const name of names.split(/\s+/)) assert.ok(said.includes(name), name);
    });

    test(`${heading} names nothing of ours that is not there`, () => {
      const ours = rows.flatMap((row) => codesIn(row.get("ours") ?? ""));
      assert.ok(ours.length > 10);
      assert.deepEqual(
        ours.filter((code) => !ofHono.includes(code) && !exists(code)),
        [],
      );
      assert.deepEqual([exists("session.forget(key)"), exists("cookie.maxAge"), exists("rolling")], [false, false, false]);
    });
  }
});

describe("what differs from them", () => {
  /** One visit after the other, with what the last one was given. */
  function visitor() {
    const sessions = createSessions({ secrets: ["a secret of this test, of 32 bytes or more"], store: memoryStore({ isolated: true }) });
    let cookie = "";
    return async (act: (session: Session) => unknown, status = 200) => {
      const request = new Request("https://app.example/", { headers: { cookie } });
      const answer = await sessions.handle(request, undefined, async (session) => {
        await session.load();
        return new Response(JSON.stringify((await act(session)) ?? null), { status, headers: status === 303 ? { Location: "/" } : {} });
      });
      const pairs = answer.headers.getSetCookie().map((line) => line.split(";")[0]);
      if (pairs.length > 0) cookie = pairs.join("; ");
      return { said: await answer.json(), lines: answer.headers.getSetCookie() };
    };
  }

  test("what is done to a value is stored only by a set or an update", async () => {
    const visit = visitor();
    await visit((session) => session.set("cart", ["bread"]));
    await visit((session) => {
      (session.get("cart") as string[]).push("dates");
    });
    assert.deepEqual((await visit((session) => session.get("cart"))).said, ["bread"]);
  });

  test("values come along to a new id, and clear() drops them", async () => {
    const visit = visitor();
    await visit((session) => session.set("n", 1));
    assert.equal((await visit((session) => session.regenerateId())).lines.length, 1);
    assert.equal((await visit((session) => session.get("n"))).said, 1);
    await visit((session) => {
      session.regenerateId();
      session.clear();
    });
    assert.deepEqual((await visit((session) => [session.isNew, session.get("n")])).said, [false, null]);
  });

  test("a value that is not there is undefined, and destroy() expires the cookie", async () => {
    const visit = visitor();
    assert.equal((await visit((session) => session.get("n") === undefined)).said, true);
    await visit((session) => session.set("n", 1));
    const { lines } = await visit((session) => session.destroy());
    assert.match(lines[0] ?? "", /^__Host-session=; Path=\/; Max-Age=0; /);
  });

  test("a message that is read by an answer which redirects stays", async () => {
    const visit = visitor();
    await visit((session) => session.tempData.set("notice", "Saved."));
    assert.equal((await visit((session) => session.tempData.get("notice"), 303)).said, "Saved.");
    assert.equal((await visit((session) => session.tempData.get("notice"))).said, "Saved.");
  });
});
