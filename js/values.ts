// What the handler put in: values as text, one a line.

import { SessionError } from "./errors.ts";
import { areLines } from "./records.ts";

/** What JSON does more to than put quotes around the text, or a record does not take as it is. */
const special = /[^ !#-[\]-~]/;
/** What no name has that stands behind a dot in JavaScript. */
const unnamed = /^$|^\d|[^\w$]/;
/** How deep a value may be nested. */
const deepest = 64;
/** Keys that begin with it are ours. */
const ours = "\u0000";
/** The start of a key's text whose value is TempData's. */
export const tempPrefix = '"\\u0000t';
/** The start of a value that stands for something JSON has not: an object whose only key is ours. */
const tagged = '{"\\u0000';

/** Writes a user's key as it stands in a record. */
export function keyText(key: string): string {
  if (typeof key !== "string") throw new SessionError("value-not-serializable", "a key must be a string.");
  if (!has(key, special)) return `"${key}"`;
  if (!isWellFormed(key)) throw new SessionError("value-not-serializable", "a key must not hold a lone surrogate.");
  return ascii(JSON.stringify(key.startsWith(ours) ? ours + key : key));
}

/** Reads a user's key from a record; `undefined` for one of ours. */
export function keyOf(text: string): string | undefined {
  const key = JSON.parse(text) as string;
  if (!key.startsWith(ours)) return key;
  return key.startsWith(ours + ours) ? key.slice(1) : undefined;
}

/** Writes a value, a copy of it, and refuses what would not come back equal. */
export function valueText(value: unknown): string {
  // JSON writes such a number alike, and takes longer.
  if (typeof value === "number" && Number.isFinite(value)) return `${value}`;
  if (value instanceof Uint8Array) return `${tagged}b":"${toBase64Url(value)}"}`;
  check(value, "value", 0, []);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const [only, ...others] = Object.keys(value).filter((key) => (value as Record<string, unknown>)[key] !== undefined);
    if (only?.startsWith(ours) && others.length === 0) return ascii(JSON.stringify({ [ours + only]: (value as Record<string, unknown>)[only] }));
  }
  return ascii(JSON.stringify(value));
}

/** Reads a value, each time a fresh one. */
export function valueFrom(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw corrupt();
  }
  if (!text.startsWith(tagged)) return value;
  const [[key, inside] = ["", undefined], ...others] = Object.entries(value as Record<string, unknown>);
  if (others.length > 0) return value;
  if (key === `${ours}b` && typeof inside === "string") return fromBase64Url(inside);
  return key.startsWith(ours + ours) ? { [key.slice(1)]: inside } : value;
}

/** Finds a key's value in a record's values. */
export function find(values: string, key: string): string | undefined {
  const at = values.indexOf(`\n${key}:`);
  if (at < 0) return undefined;
  const start = at + key.length + 2;
  // Somebody's editor put a space there: no line of ours.
  if (values.charCodeAt(start) <= 0x20) return undefined;
  const end = values.indexOf("\n", start);
  return end < 0 ? values.slice(start, -1) : values.slice(start, end - 1);
}

/** Gives the keys of a record's values, as text. */
export function keyTexts(values: string): string[] {
  const keys: string[] = [];
  for (let at = values.indexOf("\n"); at >= 0; at = values.indexOf("\n", at + 1)) keys.push(values.slice(at + 1, keyEnd(values, at + 2)));
  return keys;
}

/** Finds the end of the key whose text goes on at `at`: behind the first quote that is not escaped. */
function keyEnd(values: string, at: number): number {
  for (let index = at; ; index++) {
    const code = values.charCodeAt(index);
    if (code === 0x5c) index++;
    else if (code === 0x22 || Number.isNaN(code)) return index + 1;
  }
}

/** Says whether values begin and end as lines do: enough to look a key up, as a miss looks at all of them. */
export function beginAsLines(values: string): boolean {
  return values === "{}" || (values.startsWith('{\n"') && values.endsWith("}"));
}

/**
 * Gives values with one entry a line: as they are, or written anew where somebody's editor laid them out otherwise.
 *
 * @throws {SessionError} `record-corrupt`: they are no JSON object.
 */
export function asLines(values: string): string {
  return areLines(values) ? values : relaid(values);
}

/** Reads values with a real parser and writes them anew, one entry a line. */
export function relaid(values: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(values);
  } catch {
    throw corrupt();
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw corrupt();
  const entries = Object.entries(parsed).map(([key, value]) => `\n${ascii(JSON.stringify(key))}:${ascii(JSON.stringify(value))}`);
  return `{${entries.join(",")}}`;
}

/** The error for a record that is none. */
export function corrupt(): SessionError {
  return new SessionError("record-corrupt", "what is stored for this session is not a record. It was left as it is; destroy() removes it.");
}

/** What to store in place of what JSON would change. */
const instead = new Map([
  ["undefined", "null, or use delete"],
  ["bigint", "it as text"],
  ["Date", "its toISOString() or getTime()"],
  ["Map", "an array of its entries"],
  ["Set", "an array of its entries"],
  ["Uint8Array", "it as a value of its own, or as base64"],
]);

/** Refuses what JSON would change, naming where it is. */
function check(value: unknown, path: string, depth: number, above: object[]): void {
  switch (typeof value) {
    case "string":
      if (!isWellFormed(value)) throw refusal(path, "text with a lone surrogate", "its toWellFormed()");
      return;
    case "number":
      if (!Number.isFinite(value)) throw refusal(path, "a number that is not finite", "null");
      return;
    case "boolean":
      return;
    case "object":
      if (value !== null) checkObject(value, path, depth, above);
      return;
    default:
      throw refusal(path, value === undefined ? "undefined" : `a ${typeof value}`, instead.get(typeof value));
  }
}

function checkObject(value: object, path: string, depth: number, above: object[]): void {
  if (above.includes(value)) throw refusal(path, "a cycle");
  if (depth >= deepest) throw refusal(path, `below more than ${deepest} levels`);
  const isArray = Array.isArray(value);
  if (!(isArray ? isPlainArray(value) : isPlain(value))) throw refusalOf(value, path);
  if (Object.getOwnPropertySymbols(value).length > 0) throw refusal(path, "an object with a symbol as a key");
  // Also where no list of keys shows it: JSON writes what it gives.
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") throw refusal(path, "an object with toJSON", "what that gives");
  above.push(value);
  if (isArray) {
    if (Object.keys(value).length !== value.length) throw refusal(path, "an array with holes or names");
    // Holes too: as many names would make up for them in the count.
    for (let index = 0; index < value.length; index++) check(value[index], `${path}[${index}]`, depth + 1, above);
  } else {
    for (const key of Object.keys(value)) {
      if (!isWellFormed(key)) throw refusal(path, "an object whose key has a lone surrogate");
      const item = (value as Record<string, unknown>)[key];
      if (item !== undefined) check(item, has(key, unnamed) ? `${path}[...]` : `${path}.${key}`, depth + 1, above);
    }
  }
  above.pop();
}

/** An object whose prototype is none, or the top one, of whichever realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || isTop(prototype);
}

/** An array whose prototype is that of arrays, of whichever realm. */
function isPlainArray(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Array.prototype || (prototype !== null && isTop(Object.getPrototypeOf(prototype)));
}

/** Says whether it is what all objects of a realm stand on. */
function isTop(prototype: unknown): boolean {
  return (
    typeof prototype === "object" && prototype !== null && Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf")
  );
}

/** Refuses an object of a class; of those that everybody has it says which. */
function refusalOf(value: object, path: string): SessionError {
  // The name comes from our list: what an object says of itself may be a value, or throw.
  let kind = "";
  try {
    kind = Object.prototype.toString.call(value).slice(8, -1);
  } catch {}
  const advice = instead.get(kind);
  return refusal(path, advice === undefined ? "an object of a class" : `a ${kind}`, advice);
}

function refusal(path: string, what: string, advice = "plain data"): SessionError {
  return new SessionError("value-not-serializable", `${path} is ${what}, which would not come back equal. Store ${advice}.`);
}

function isWellFormed(text: string): boolean {
  return text.isWellFormed();
}

/** Escapes everything that is not ASCII, as a record is ASCII text. */
function ascii(json: string): string {
  if (!/[\u0080-\uffff]/.test(json)) return json;
  const escaped = json.replace(/[\u0080-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
  forgetMatch();
  return escaped;
}

/** Says whether the text has what the pattern finds, and leaves no match. */
function has(text: string, pattern: RegExp): boolean {
  const found = pattern.test(text);
  if (found) forgetMatch();
  return found;
}

/** Makes nothing what matched last, which anybody can read from `RegExp`. */
function forgetMatch(): void {
  /^/.test("");
}

function toBase64Url(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 4096) binary += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromBase64Url(text: string): Uint8Array {
  let binary: string;
  try {
    binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    throw corrupt();
  }
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
