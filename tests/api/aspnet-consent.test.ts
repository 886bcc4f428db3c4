// ASP.NET Core's portable tests of consent, by name.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { RequestLike, Session, SessionsOptions } from "edge-session";
import { type Data, pairOf, request, World } from "./world.ts";

/** ASP.NET Core's consent cookie. The banner that sets it is the site's own. */
const consent = ({ headers }: RequestLike) => /(?:^|; )\.AspNet\.Consent=yes(?:;|$)/.test(headers.get("cookie") ?? "");

/** Sets a value in one request; gives the answer's cookies and the calls that the store got. */
async function set(options: Partial<SessionsOptions>, cookie?: string): Promise<{ cookies: string[]; calls: string[] }> {
  const world = new World(options);
  const answer = await world.sessions.handle(request({ cookie }), undefined, async (session) => {
    await session.load();
    session.set("Test", "Value");
    return new Response();
  });
  return { cookies: answer.headers.getSetCookie(), calls: world.store.taken() };
}

const kept = { count: 1, calls: ["create"] };
const withheld = { count: 0, calls: [] };
const counted = ({ cookies, calls }: { cookies: string[]; calls: string[] }) => ({ count: cookies.length, calls });

test("ConsentChecksOffByDefault", async () => {
  assert.deepEqual(counted(await set({})), kept);
});

test("ConsentEnabledForTemplateScenario", async () => {
  assert.deepEqual(counted(await set({ consent })), withheld);
});

test("NonEssentialCookiesWithOptionsExcluded (and nothing is stored, where upstream stores what no browser reaches)", async () => {
  assert.deepEqual(counted(await set({ consent, cookie: { isEssential: false } })), withheld);
});

test("NonEssentialCookiesCanBeAllowedViaOnAppendCookie (the function decides by whatever it likes)", async () => {
  assert.deepEqual(counted(await set({ consent: ({ headers }) => headers.get("sec-gpc") === null })), kept);
});

test("NeedsConsentDoesNotPreventEssentialCookies", async () => {
  assert.deepEqual(counted(await set({ consent, cookie: { isEssential: true } })), kept);
});

test("HasConsentReadsRequestCookie", async () => {
  assert.deepEqual(counted(await set({ consent }, ".AspNet.Consent=yes")), kept);
});

test("HasConsentIgnoresInvalidRequestCookie", async () => {
  assert.deepEqual(counted(await set({ consent }, ".AspNet.Consent=IAmATeapot")), withheld);
});

test("GrantConsentSetsCookie (granted in this request, what was set in it is kept)", async () => {
  const granted = new WeakSet<object>();
  const world = new World({ consent: (asked) => granted.has(asked) || consent(asked) });
  const grants = request();
  const answer = await world.sessions.handle(grants, undefined, async (session) => {
    await session.load();
    session.set("Test", "Value");
    granted.add(grants);
    return new Response(null, { headers: { "Set-Cookie": ".AspNet.Consent=yes; Path=/" } });
  });
  const [theirs, ours = ""] = answer.headers.getSetCookie();
  assert.equal(theirs, ".AspNet.Consent=yes; Path=/");
  assert.deepEqual(await world.values(pairOf(ours)), { Test: "Value" });
});

test("GrantConsentAfterResponseStartsSetsHasConsentButDoesNotSetCookie", async () => {
  let agreed = false;
  const world = new World({ consent: () => agreed });
  let left: Session<Data> | undefined;
  const answer = await world.sessions.handle(request(), undefined, async (session) => {
    left = session;
    await session.load();
    session.set("Test", "Value");
    return new Response();
  });
  agreed = true;
  await assert.rejects(async () => left?.commit(), { code: "response-started" });
  assert.deepEqual([answer.headers.getSetCookie(), world.store.taken()], [[], []]);
});

test("WithdrawConsentDeletesCookie (the session's own, by destroy(), which needs none)", async () => {
  let agreed = true;
  const world = new World({ consent: () => agreed });
  const { cookie } = await world.begun();
  agreed = false;
  const answer = await world.sessions.handle(request({ cookie }), undefined, async (session) => {
    await session.destroy();
    return new Response();
  });
  assert.match(answer.headers.getSetCookie()[0] ?? "", /^__Host-session=; .*Max-Age=0/);
});

test("DeleteCookieDoesNotRequireConsent", async () => {
  const world = new World({ consent: () => false });
  const { cookie } = await world.begun(undefined, world.deployed({ consent: undefined }));
  const session = await world.loaded(cookie);
  await session.destroy();
  assert.match(session.setCookieHeaders()[0] ?? "", /Max-Age=0/);
});
