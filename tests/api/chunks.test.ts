// A value over several cookies.
// ASP.NET Core's tests of it carry their names.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore } from "edge-session";
import { findValues } from "../../dist/core.js";
import { type CookieOptions, settle } from "../../dist/options.js";
import { SECRET } from "./world.ts";

const NAME = "TestCookie";
const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/** Attributes so long that a line has room for 1,948 characters of a value. */
const LONG: CookieOptions = { name: NAME, path: `/${"p".repeat(1023)}`, domain: "d".repeat(1024) };

/** The lines that set a value, where the browser has these cookies. */
function lines(value: string, seen = 0, cookie: CookieOptions = { name: NAME }, maxAge = 0): string[] {
  return settle({ secrets: [SECRET], store: memoryStore(), cookie }).core.lines(NAME, value, seen, maxAge, 1000);
}

/** Bits for the named cookie and so many pieces. */
const withPieces = (count: number) => 2 ** (count + 1) - 1;
const namesOf = (all: readonly string[]) => all.map((line) => line.slice(0, line.indexOf("=")));
const textOf = (line: string | undefined) => (line ?? "").slice((line ?? "").indexOf("=") + 1, (line ?? "").indexOf(";"));
const named = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => `${NAME}-${first + index}`);
const pieces = (values: readonly string[]) => values.map((value, index) => `${NAME}-${index + 1}=${value}`);
const found = (cookies: readonly string[]) => findValues(cookies.join("; "), NAME).values;

test("AppendLargeCookie_Appended", () => {
  assert.deepEqual(lines(ALPHABET), [`${NAME}=${ALPHABET}; Path=/; Secure; HttpOnly; SameSite=Lax`]);
});

test("AppendLargeCookie_WithOptions_Appended", () => {
  const cookie: CookieOptions = { name: NAME, domain: "foo.com", path: "/bar", sameSite: "strict" };
  const attributes = "Path=/bar; Domain=foo.com; Max-Age=300; Expires=Thu, 01 Jan 1970 00:21:40 GMT; Secure; HttpOnly; SameSite=Strict";
  assert.deepEqual(lines(ALPHABET, 0, cookie, 300), [`${NAME}=${ALPHABET}; ${attributes}`]);
});

test("AppendLargeCookieWithLimit_Chunked (the limit is 4,050 characters of a line)", () => {
  const value = ALPHABET.repeat(100);
  const cut = lines(value);
  assert.deepEqual([namesOf(cut), textOf(cut[0])], [[NAME, ...named(1, 2)], "chunks-2"]);
  assert.equal(cut.slice(1).map(textOf).join(""), value);
  assert.equal(Math.max(...cut.map((line) => line.length)), 4049);
});

test("AppendLargeCookieWithExtensions_Chunked (every attribute is counted, and stands on each)", () => {
  const value = ALPHABET.repeat(90);
  const cut = lines(value, 0, { ...LONG, partitioned: true }, 60);
  assert.deepEqual([namesOf(cut), textOf(cut[0])], [[NAME, ...named(1, 3)], "chunks-3"]);
  assert.equal(cut.slice(1).map(textOf).join(""), value);
  const attributes = cut.map((line) => line.slice(line.indexOf(";")));
  assert.deepEqual(new Set(attributes).size, 1);
  assert.match(attributes[0] ?? "", /^; Path=.*; Domain=.*; Max-Age=60; Expires=.*; Secure; HttpOnly; SameSite=Lax; Partitioned$/);
  assert.ok(cut.every((line) => line.length <= 4050));
});

test("AppendSmallerCookieThanPriorValue_SingleChunk_DeletesOldChunks", () => {
  const all = lines("ShortValue", withPieces(7));
  assert.deepEqual(namesOf(all), [...named(1, 7), NAME]);
  assert.deepEqual(all.map(textOf), ["", "", "", "", "", "", "", "ShortValue"]);
  assert.ok(all.slice(0, 7).every((line) => line.includes("; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; ")));
});

test("AppendSmallerCookieThanPriorValue_MultipleChunks_DeletesOldChunks", () => {
  const all = lines(ALPHABET.repeat(100), withPieces(7));
  assert.deepEqual(namesOf(all), [...named(3, 7), NAME, ...named(1, 2)]);
  assert.deepEqual(
    all.map((line) => line.includes("Max-Age=0;")),
    [true, true, true, true, true, false, false, false],
  );
});

test("GetLargeChunkedCookie_Reassembled", () => {
  const cookies = [`${NAME}=chunks-7`, ...pieces(["abcdefghi", "jklmnopqr", "stuvwxyz0", "123456789", "ABCDEFGHI", "JKLMNOPQR", "STUVWXYZ"])];
  assert.deepEqual(found(cookies), [ALPHABET]);
  assert.deepEqual(found(cookies.reverse()), [ALPHABET]);
});

test("GetLargeChunkedCookieWithMissingChunk_ThrowingEnabled_Throws (nothing throws: a stranger can send it)", () => {
  const cookies = [`${NAME}=chunks-7`, ...pieces(["a", "b", "c", "d", "e", "f", "g"])];
  for (let missing = 1; missing <= 7; missing++) assert.deepEqual(found(cookies.toSpliced(missing, 1)), []);
});

test("GetLargeChunkedCookieWithMissingChunk_ThrowingDisabled_NotReassembled (nor is the number of pieces a value)", () => {
  assert.deepEqual(found([`${NAME}=chunks-7`, ...pieces(["a", "", "c", "d", "e", "f", "g"])]), []);
  assert.deepEqual(found([`${NAME}=chunks-7`]), []);
});

test("DeleteChunkedCookieWithOptions_AllDeleted", () => {
  const all = lines("", withPieces(7), { name: NAME, domain: "foo.com" });
  assert.deepEqual(namesOf(all), [NAME, ...named(1, 7)]);
  const attributes = "Path=/; Domain=foo.com; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax";
  for (const line of all) assert.equal(line.slice(line.indexOf("=")), `=; ${attributes}`);
});

test("DeleteChunkedCookieWithMissingRequestCookies_OnlyPresentCookiesDeleted", () => {
  const { seen } = findValues([`${NAME}=chunks-7`, ...pieces(["a", "b"])].join("; "), NAME);
  assert.deepEqual(namesOf(lines("", seen)), [NAME, ...named(1, 2)]);
  assert.deepEqual(lines("", 0), []);
});

test("DeleteChunkedCookieWithMissingRequestCookies_StopsAtMissingChunk (not here: what the browser still has behind the gap goes too)", () => {
  const { seen } = findValues(`${NAME}=chunks-7; ${NAME}-1=a; ${NAME}-2=b; ${NAME}-4=d`, NAME);
  assert.deepEqual(namesOf(lines("", seen)), [NAME, ...named(1, 2), ...named(4, 4)]);
});

test("DeleteChunkedCookieWithOptionsAndResponseCookies_AllDeleted (one line a cookie: nothing is queued twice)", () => {
  const all = lines("", withPieces(7));
  assert.equal(new Set(namesOf(all)).size, all.length);
  const again = lines("ShortValue", withPieces(7));
  assert.equal(new Set(namesOf(again)).size, again.length);
});

test("a value that would leave no room beside it for others' cookies is refused before anything is written", () => {
  for (const cookie of [{ name: NAME }, LONG]) {
    assert.throws(() => lines("v".repeat(7500), withPieces(3), cookie), { code: "cookie-too-large" });
    assert.throws(() => lines("v".repeat(1_000_000), 0, cookie), { code: "cookie-too-large" });
  }
});

test("a header of a mebibyte is read in time, and leaves the scratch as it was", () => {
  const header = `${`${NAME}=chunks-2000000000; `.repeat(20_000)}${NAME}-1=${"v".repeat(500_000)}`;
  assert.deepEqual(findValues(header, NAME), { values: [], more: true, seen: 3 });
  assert.deepEqual(found([`${NAME}=ünï`]), ["ünï"]);
});
