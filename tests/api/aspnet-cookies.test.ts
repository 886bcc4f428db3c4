// ASP.NET Core's portable tests of cookies, by name.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { SessionsOptions } from "edge-session";
import { codeOf, NAME, request, World } from "./world.ts";

type CookieOptions = NonNullable<SessionsOptions["cookie"]>;
const EPOCH = "Thu, 01 Jan 1970 00:00:00 GMT";

/** The line of a first value under these options. */
const lineWith = async (cookie: CookieOptions) => (await new World({ cookie }).begun()).line;

/** The lines of an answer whose handler begins a session and ends it. */
async function begunAndDestroyed(cookie: CookieOptions): Promise<string[]> {
  const world = new World({ cookie });
  const answer = await world.sessions.handle(request(), undefined, async (session) => {
    await session.load();
    session.set("key", "value");
    await session.commit();
    await session.destroy();
    return new Response();
  });
  return answer.headers.getSetCookie();
}

test("ConfiguresSecurePolicy (said, never decided from the request)", async () => {
  assert.match(await lineWith({}), /; Secure;/);
  assert.doesNotMatch(await lineWith({ name: "session", secure: false }), /Secure/);
});

test("ComputesMaxAge", async () => {
  assert.match(await lineWith({ maxAgeSeconds: 3600 }), /; Max-Age=3600; Expires=Tue, 01 Jan 2013 02:00:00 GMT;/);
  assert.doesNotMatch(await lineWith({}), /Max-Age|Expires/);
});

test("CookieBuilderPreservesDefaultPath", async () => {
  assert.match(await lineWith({}), /; Path=\/;/);
  assert.match(await lineWith({ name: "session", path: undefined }), /; Path=\/;/);
  assert.match(await lineWith({ name: "session", path: "/base" }), /; Path=\/base;/);
});

test("CookieBuilder_Extensions_Added (the one that browsers know: Partitioned)", async () => {
  assert.match(await lineWith({ partitioned: true }), /; Partitioned$/);
});

test("AppendSameSiteNoneWithoutSecureLogsWarning (refused when it is made)", async () => {
  const none: CookieOptions = { name: "session", sameSite: "none", secure: false };
  assert.equal(await codeOf(() => new World({ cookie: none })), "invalid-options");
  assert.match(await lineWith({ sameSite: "none" }), /; Secure; .*SameSite=None/);
});

test("DeleteCookieShouldSetDefaultPath", async () => {
  assert.deepEqual(await begunAndDestroyed({}), [`${NAME}=; Path=/; Max-Age=0; Expires=${EPOCH}; Secure; HttpOnly; SameSite=Lax`]);
});

test("DeleteCookieWithCookieOptionsShouldKeepPropertiesOfCookieOptions", async () => {
  const [line = ""] = await begunAndDestroyed({ name: "s", domain: "example.com", path: "/a", sameSite: "strict", partitioned: true });
  assert.equal(line, `s=; Path=/a; Domain=example.com; Max-Age=0; Expires=${EPOCH}; Secure; HttpOnly; SameSite=Strict; Partitioned`);
});

test("NoParamsDeleteRemovesCookieCreatedByAdd, DeleteRemovesCookieWithDomainAndPathCreatedByAdd", async () => {
  for (const cookie of [{}, { name: "s", domain: "example.com", path: "/a" }]) {
    const lines = await begunAndDestroyed(cookie);
    assert.deepEqual([lines.length, lines[0]?.includes("Max-Age=0")], [1, true]);
  }
});

test("DeleteCookieWithDomainAndPathDeletesPriorMatchingCookies", async () => {
  const world = new World({ cookie: { name: "s", domain: "example.com", path: "/a" } });
  const { cookie } = await world.begun();
  const others = ["s=1; path=/a", "s=2; domain=example.com; path=/b", "t=3; domain=example.com; path=/a"];
  const answer = await world.sessions.handle(request({ cookie }), undefined, async (session) => {
    await session.destroy();
    const headers = new Headers();
    for (const line of [...others, "s=4; domain=Example.com; path=/a"]) headers.append("set-cookie", line);
    return new Response(null, { headers });
  });
  const [first, second, third, ours, ...more] = answer.headers.getSetCookie();
  assert.deepEqual([first, second, third, ours?.startsWith("s=; "), more], [...others, true, []]);
});

test("ProvidesMaxAgeWithCookieOptionsArgumentExpectMaxAgeToBeSet", async () => {
  assert.match(await lineWith({ maxAgeSeconds: 1 }), /; Max-Age=1;/);
});

test("EscapesValuesBeforeSettingCookie (there is nothing to escape: base64url)", async () => {
  assert.match(await lineWith({}), /^__Host-session=[A-Za-z0-9_-]{96};/);
});

test("InvalidKeysThrow", async () => {
  for (const name of ["key,", "ke@y", "", "a b", "a=b", "a;b", "é"]) {
    assert.equal(await codeOf(() => new World({ cookie: { name } })), "invalid-options", name);
  }
});

test("ParseManyCookies (ours is found among whatever others)", async () => {
  const world = new World();
  const { cookie } = await world.begun();
  const headers = [
    `a=b; ${cookie}`,
    `${cookie}; a=b`,
    `a=b;${cookie};c=d`,
    `a=b; b=c; ${cookie} ; c=d`,
    `a="b;c"; ${cookie}`,
    `a=; ${cookie}`,
    `=a; ${cookie}`,
    `a; ${cookie}`,
    `a=b=c; ${cookie}`,
    `x${NAME}=1; ${cookie}`,
  ];
  for (const header of headers) assert.deepEqual(await world.values(header), { a: 1 }, header);
});

test("ParseInvalidCookies (none of them is ours)", async () => {
  const world = new World();
  const { cookie } = await world.begun();
  const value = cookie.slice(NAME.length + 1);
  for (const header of ["", ";", "; ;;", "=", NAME, `${NAME}=`, `${NAME};${value}`, `${NAME} ${value}`, `=${cookie}`, `${NAME}=%${value}`]) {
    assert.deepEqual(await world.values(header), {}, header);
  }
});

test("UnEscapesValues (ours is never escaped: an escaped one is none)", async () => {
  const world = new World();
  const { cookie } = await world.begun();
  assert.deepEqual(await world.values(cookie.replace(/.$/, (last) => `%${last.charCodeAt(0).toString(16)}`)), {});
});

test("AllExpectedCookieValueCharsPresent (whatever stands in a neighbour's value does ours no harm)", async () => {
  const world = new World();
  const { cookie } = await world.begun();
  for (let code = 0; code < 256; code++) {
    const header = `a=${String.fromCharCode(code)}; ${cookie}`;
    const session = world.sessions.open({ headers: { get: () => header } });
    await session.load();
    assert.equal(session.get("a"), 1, `character ${code}`);
  }
});
