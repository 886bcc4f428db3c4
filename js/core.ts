// The only door to the compiled module.

import wasm from "#wasm";
import { type Exports, instantiate } from "./edge_session.js";
import { SessionError, type SessionErrorCode } from "./errors.ts";

/** What -1, -2 and -3 mean; below them are the problems of settings. */
export const failures: readonly SessionErrorCode[] = ["core-failed", "cookie-too-large", "invalid-options"];
const tooLarge = "the cookie is longer than browsers keep. Store less, or shorten its name, path or domain.";
/** More of a record than any header needs. */
export const longestHeader = 128;
/** The bit of `seen` for more cookies of a name than are tried. */
const moreSeen = 1 << 11;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
/** What the scratch has at least. */
const smallScratch = 16 * 1024;
/** Scratch beyond this is given back at the next small call. */
const largeScratch = 512 * 1024;

/** The exports of the instance that lives; whoever calls one has asked for `room` before. */
export let compiled: Exports;
/** The one object of the compiled module; `compiled` and it come and go together. */
export let instance = 0;
export let isLive = false;
/** How many instances there have been; it grows by one when a failed one is replaced. */
export let generation = 0;
/** Where the scratch lies in linear memory. */
let scratchAt = 0;
let scratchLength = 0;
/** What is given to the compiled module, and what it gives, as bytes. */
export let scratch = new Uint8Array(0);
/** The same, as numbers. */
export let view = new DataView(scratch.buffer);

/** Makes an instance where there is none, and room for `length` bytes in its scratch. */
export function room(length: number): void {
  if (!isLive) {
    compiled = instantiate(wasm);
    instance = compiled.instance_new();
    isLive = true;
    generation += 1;
    scratch = new Uint8Array(0);
  }
  if (scratch.byteLength >= length && scratch.byteLength <= largeScratch && scratch.byteLength > 0) return;
  scratchAt = compiled.instance_reserve(instance, length) >>> 0;
  scratchLength = Math.max(length, smallScratch);
  scratch = new Uint8Array(compiled.memory.buffer, scratchAt, scratchLength);
  view = new DataView(compiled.memory.buffer, scratchAt, scratchLength);
}

/** Looks at the scratch again, as growing memory takes the old view away; it has not moved. */
export function look(): void {
  if (scratch.byteLength > 0 || !isLive) return;
  scratch = new Uint8Array(compiled.memory.buffer, scratchAt, scratchLength);
  view = new DataView(compiled.memory.buffer, scratchAt, scratchLength);
}

/** Gives what the compiled module gave, and throws where that says that it failed. */
export function checked(number: number): number {
  look();
  if (number >= 0) return number;
  // The instance goes on: nothing stays of what it was given.
  wipe(scratch.length);
  const code = failures[-1 - number] ?? "core-failed";
  throw new SessionError(code, code === "cookie-too-large" ? tooLarge : "the compiled core refused its input.");
}

/** Writes text at `at` and gives where it ends. */
export function write(text: string, at: number): number {
  return at + encoder.encodeInto(text, at === 0 ? scratch : scratch.subarray(at)).written;
}

/** Writes text that must be ASCII at `at` and gives where it ends; -1, and the scratch wiped up to there, where it is not. So room for its length is enough. */
export function writeAscii(text: string, at: number): number {
  const { read, written } = encoder.encodeInto(text, at === 0 ? scratch : scratch.subarray(at));
  if (read === text.length && written === read) return at + written;
  // That wrote up to three bytes for each character.
  wipe(at + written);
  return -1;
}

export function read(from: number, to: number): string {
  return decoder.decode(scratch.subarray(from, to));
}

/** Wipes the scratch up to `end`: nothing of a request stays in linear memory. */
export function wipe(end: number): void {
  scratch.fill(0, 0, end);
}

/** Turns what was thrown into our error; a trapped instance is never used again. */
export function failed(error: unknown): SessionError {
  if (error instanceof SessionError) return error;
  isLive = false;
  const name = error instanceof Error ? error.name : typeof error;
  return new SessionError("core-failed", "the compiled core failed; the next call has a fresh one.", { cause: new Error(name) });
}

/** Draws an id and a birth. */
export function draw(): { id: string; birth: string } {
  try {
    room(0);
    checked(compiled.instance_draw(instance));
    const drawn = { id: read(0, 22), birth: read(22, 38) };
    wipe(38);
    return drawn;
  } catch (error) {
    throw failed(error);
  }
}

/** Says whether the text is an id. */
export function isId(text: string): boolean {
  if (text.length !== 22) return false;
  try {
    room(0);
    const end = write(text, 0);
    const is = checked(compiled.instance_is_id(instance, end)) === 1;
    wipe(end);
    return is;
  } catch (error) {
    throw failed(error);
  }
}

/** What a `Cookie` header has of one name. */
export interface Found {
  /** The whole values, in order; another site of the same domain can plant one. */
  readonly values: readonly string[];
  /** Whether there are more cookies than may be tried: then none counts. */
  readonly more: boolean;
  /** Which of its cookies are there: bit 0 the named one, bits 1 to 10 the pieces. */
  readonly seen: number;
}

/** Finds the values of a name in a `Cookie` header, whole or in pieces. */
export function findValues(header: string, name: string): Found {
  try {
    room((name.length + header.length) * 3);
    const nameEnd = write(name, 0);
    const end = write(header, nameEnd);
    const valuesEnd = checked(compiled.instance_chunked_values(instance, nameEnd, end));
    const values = read(4, valuesEnd).split(";").slice(0, -1);
    const seen = view.getUint32(0, true);
    wipe(Math.max(end, valuesEnd));
    return { values, more: seen >= moreSeen, seen: seen % moreSeen };
  } catch (error) {
    throw failed(error);
  }
}
