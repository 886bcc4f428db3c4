// The cookie's line, who believes it, and how long it lasts.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SessionsOptions } from "edge-session";
import { CookieJar } from "tough-cookie";
import { dice, seedFor } from "./seeds.ts";
import { NAME, OLD_SECRET, pairOf, World } from "./world.ts";

describe("the line", () => {
  test("is exactly this by default, and never the same twice", async () => {
    const world = new World();
    const lines = await Promise.all(Array.from({ length: 50 }, async () => (await world.begun()).line));
    for (const line of lines) assert.match(line, /^__Host-session=[A-Za-z0-9_-]{96}; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
    assert.equal(new Set(lines).size, 50);
  });

  test("has the attributes that were asked for", async () => {
    const all: [NonNullable<SessionsOptions["cookie"]>, string][] = [
      [{ name: "session", secure: false, httpOnly: false, sameSite: "strict" }, "; Path=/; SameSite=Strict"],
      [{ name: "s", domain: "example.com", path: "/app" }, "; Path=/app; Domain=example.com; Secure; HttpOnly; SameSite=Lax"],
      [{ sameSite: "none", partitioned: true }, "; Path=/; Secure; HttpOnly; SameSite=None; Partitioned"],
      [{ maxAgeSeconds: 60 }, "; Path=/; Max-Age=60; Expires=Tue, 01 Jan 2013 01:01:00 GMT; Secure; HttpOnly; SameSite=Lax"],
    ];
    for (const [cookie, attributes] of all) {
      const world = new World({ cookie });
      const { line } = await world.begun();
      assert.equal(line.slice(line.indexOf(";")), attributes);
      const session = await world.loaded(pairOf(line));
      await session.destroy();
      const forgotten = attributes
        .replace(/; Max-Age=60; Expires=[^;]*/, "")
        .replace(/(; Domain=[^;]*|; Path=[^;]*(?!.*Domain))/, "$1; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
      assert.deepEqual(session.setCookieHeaders(), [`${cookie.name ?? NAME}=${forgotten}`]);
    }
  });

  test("and cookies() say the same", async () => {
    const world = new World({ cookie: { name: "s", domain: "example.com", path: "/app", sameSite: "none", partitioned: true, maxAgeSeconds: 60 } });
    const session = await world.loaded(undefined);
    assert.deepEqual([session.cookies(), session.setCookieHeaders()], [[], []]);
    session.set("a", 1);
    assert.deepEqual(session.cookies(), []);
    await session.commit();
    const [line = ""] = session.setCookieHeaders();
    const options = { path: "/app", domain: "example.com", maxAge: 60, httpOnly: true, secure: true, sameSite: "none", partitioned: true };
    assert.deepEqual(session.cookies(), [{ name: "s", value: pairOf(line).slice(2), options }]);
    await session.destroy();
    assert.deepEqual(session.cookies(), [{ name: "s", value: "", options: { ...options, maxAge: 0 } }]);
    const plain = new World();
    const other = await plain.loaded((await plain.begun()).cookie);
    other.regenerateId();
    await other.commit();
    assert.deepEqual(other.cookies()[0]?.options, { path: "/", httpOnly: true, secure: true, sameSite: "lax" });
  });

  test("is accepted by a browser's jar, and forgotten by it after destroy", async () => {
    const world = new World();
    const jar = new CookieJar(undefined, { prefixSecurity: "strict" });
    const url = "https://app.example/";
    await jar.setCookie((await world.begun()).line, url);
    const cookie = await jar.getCookieString(url);
    assert.deepEqual(await world.values(cookie), { a: 1 });
    const session = await world.loaded(cookie);
    await session.destroy();
    await jar.setCookie(session.setCookieHeaders()[0] ?? "", url);
    assert.equal(await jar.getCookieString(url), "");
  });
});

describe("a cookie that is not ours", () => {
  test("is no session and no error: altered, cut, longer, of another name or application", async (t) => {
    const roll = dice(seedFor(t));
    const world = new World();
    const { cookie } = await world.begun();
    const value = cookie.slice(NAME.length + 1);
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const altered = Array.from({ length: 2000 }, () => {
      const at = roll(96);
      return value.slice(0, at) + alphabet[(alphabet.indexOf(value[at] ?? "") + 1 + roll(63)) % 64] + value.slice(at + 1);
    });
    const others = [
      ...altered,
      "",
      value.slice(1),
      `${value}A`,
      `${value}==`,
      `"${value}"`,
      value.toUpperCase(),
      "A".repeat(96),
      "é".repeat(96),
      "A".repeat(20_000),
    ];
    for (const other of others) {
      const session = world.sessions.open({ headers: { get: () => `${NAME}=${other}` } });
      await session.load();
      assert.equal(session.id, undefined);
    }
    for (const name of ["__host-session", "x__Host-session", "__Host-session2"]) assert.deepEqual(await world.values(`${name}=${value}`), {});
    assert.deepEqual(await world.values(cookie, world.deployed({ applicationName: "other" })), {});
    assert.deepEqual(world.store.taken(), []);
  });

  test("is told with its one reason", async () => {
    const world = new World({ absoluteTimeoutSeconds: 3600 });
    const { cookie } = await world.begun();
    const { cookie: second } = await world.begun();
    const foreign = (await new World({ secrets: [OLD_SECRET] }).begun()).cookie;
    const reasons: [string, string][] = [
      [`${NAME}=short`, "malformed"],
      [foreign, "unknown-key"],
      [`${cookie.slice(0, 40)}${cookie[40] === "A" ? "B" : "A"}${cookie.slice(41)}`, "unauthentic"],
      [`${cookie}; ${second}`, "ambiguous"],
    ];
    for (const [sentCookie, reason] of reasons) {
      await world.loaded(sentCookie);
      assert.deepEqual(world.events.splice(0), [{ name: "cookie-rejected", level: "warning", reason }]);
    }
    world.pass(3600);
    await world.loaded(cookie);
    assert.deepEqual(world.events.splice(0), [{ name: "cookie-rejected", level: "warning", reason: "expired" }]);
  });

  test("beside ours does no harm, nor does ours twice", async () => {
    const world = new World();
    const { cookie } = await world.begun();
    for (const header of [`a=b; ${cookie}`, `${cookie}; ${cookie}`, `${NAME}=garbage; ${cookie}`, `; ;${cookie};x`])
      assert.deepEqual(await world.values(header), { a: 1 });
  });
});
