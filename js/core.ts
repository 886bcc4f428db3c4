// The only door to the compiled module.

import wasm from "#wasm";
import { type Exports, instantiate } from "./edge_session.js";
import { SessionError, type SessionErrorCode } from "./errors.ts";
import type { CookieRejection } from "./events.ts";
import { type Opened, OpenedTokens, onlyToken } from "./opened.ts";

/** What a record means for the request that loaded it; the numbers are the compiled module's. */
export const standings = { corrupt: 0, unsupported: 1, live: 2, expired: 3, graced: 4, forwarded: 5, dead: 6 } as const;

/** A record, judged. */
export interface Judged {
  readonly standing: number;
  /** Everything up to the values. */
  readonly header: string;
  readonly values: string;
  /** Unix milliseconds; 0 where the record is no session's values. */
  readonly created: number;
  /** Unix seconds. */
  readonly deadline: number;
}

/** What a task asks for, or how it ended; the numbers are the compiled module's. */
export interface Step {
  /** 0 call, 1 committed, 2 gone, 3 conflict, 4 ambiguous, 5 unreadable, 6 undecided. */
  code: number;
  readonly waitMs: number;
  readonly secondsToLive: number;
  /** 0 load, 1 create, 2 update, 3 replace, 4 remove. */
  readonly operation: number;
  /** 0 with the changes made, 1 as before the request, 2 none. */
  readonly values: number;
  readonly created: boolean;
  readonly conflicts: number;
  /** The new values, where the task made the changes; else empty. */
  readonly merged: string;
  /** The header with those values. */
  readonly record: string;
  readonly id: string;
  readonly expected: string;
  readonly header: string;
  /** The task, as text for `answer`. */
  readonly state: string;
}

/** What a call brought, as the compiled module counts it. */
export const answers = { done: 0, absent: 1, empty: 2, values: 3, unreadable: 4, lost: 5 } as const;

/** Flags of a task. */
export const flags = { ownId: 1, wasLive: 2, compares: 4, lost: 8 } as const;

/** What a sealed text is for; the numbers are the compiled module's. */
export const purposes = { tempData: 0, cookieSession: 1, protected: 2, record: 3 } as const;

/** What a sealed text says of the session that it is. */
export interface Whole {
  readonly persistent: boolean;
  /** Unix seconds. */
  readonly idleEnd: number;
  /** Unix milliseconds. */
  readonly created: number;
}

/** A sealed text, opened; what its purpose has none of is 0, never, or empty. Times are unix seconds. */
export interface OpenedText extends Whole {
  readonly issued: number;
  readonly expires: number;
  readonly id: string;
  readonly birth: string;
  /** The place of the secret that opened it; 0 is the one that seals. */
  readonly secret: number;
  readonly text: string;
}

const rejections: readonly CookieRejection[] = ["malformed", "unknown-key", "unauthentic", "expired", "ambiguous"];
/** What -1, -2 and -3 mean; below them are the problems of settings. */
const failures: readonly SessionErrorCode[] = ["core-failed", "cookie-too-large", "invalid-options"];
const tooLarge = "the cookie is longer than browsers keep. Store less, or shorten its name, path or domain.";
/** More of a record than any header needs. */
const longestHeader = 128;
/** What a step, and what was given for it, take at most. */
const longestStep = 512;
/** Values of one name that are tried. */
const mostCandidates = 4;
/** Cores that are kept; each is a few kilobytes. */
const mostCores = 16;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
/** What the scratch has at least. */
const smallScratch = 16 * 1024;
/** Scratch beyond this is given back at the next small call. */
const largeScratch = 512 * 1024;

let compiled: Exports;
/** The one object of the compiled module; `compiled` and it come and go together. */
let instance = 0;
let isLive = false;
let generation = 0;
/** Where the scratch lies in linear memory. */
let scratchAt = 0;
let scratchLength = 0;
let scratch = new Uint8Array(0);
let view = new DataView(scratch.buffer);

/** Says how many instances there have been; it grows by one when a failed one is replaced. */
export function instances(): number {
  return generation;
}

/** Makes an instance where there is none, and room for `length` bytes in its scratch. */
function room(length: number): void {
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
function look(): void {
  if (scratch.byteLength > 0 || !isLive) return;
  scratch = new Uint8Array(compiled.memory.buffer, scratchAt, scratchLength);
  view = new DataView(compiled.memory.buffer, scratchAt, scratchLength);
}

/** Gives what the compiled module gave, and throws where that says that it failed. */
function checked(number: number): number {
  look();
  if (number >= 0) return number;
  // The instance goes on: nothing stays of what it was given.
  wipe(scratch.length);
  const code = failures[-1 - number] ?? "core-failed";
  throw new SessionError(code, code === "cookie-too-large" ? tooLarge : "the compiled core refused its input.");
}

/** Writes text at `at` and gives where it ends. */
function write(text: string, at: number): number {
  return at + encoder.encodeInto(text, at === 0 ? scratch : scratch.subarray(at)).written;
}

/** Writes text that must be ASCII at `at` and gives where it ends; -1 where it is not. So it needs no room for more. */
function writeAscii(text: string, at: number): number {
  // No byte beyond what is wiped: where it does not fit, it is not ASCII.
  const { read, written } = encoder.encodeInto(text, scratch.subarray(at, at + text.length));
  return read === text.length && written === read ? at + written : -1;
}

function read(from: number, to: number): string {
  return decoder.decode(scratch.subarray(from, to));
}

/** Wipes the scratch up to `end`: nothing of a request stays in linear memory. */
function wipe(end: number): void {
  scratch.fill(0, 0, end);
}

/** Turns what was thrown into our error; a trapped instance is never used again. */
function failed(error: unknown): SessionError {
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

/** The header of a session's values in clear, of which most records are: when it was created, and its deadline. */
const ordinary = /^1j\.[\w-]{16}\.[\w-]{16}\.(?:[\w-]{16}|-)\.(0|[1-9]\d{0,14})\.(-|0|[1-9]\d{0,14})\.$/;

/** Says what a record means at `now` (unix seconds). */
export function judge(record: string, now: number): Judged {
  // The header alone: what matched last can be read from `RegExp` by anybody.
  const start = record.slice(0, longestHeader);
  const found = ordinary.exec(start.slice(0, Math.max(start.indexOf("{"), 0)));
  if (found !== null) {
    const [header, created, end] = found;
    const deadline = end === "-" ? Number.POSITIVE_INFINITY : Number(end);
    if (now >= 0 && now < deadline)
      return { standing: standings.live, header, values: record.slice(header.length), created: Number(created), deadline };
  }
  return judgeInCore(record, now);
}

/** The same of any record, a damaged one too. */
export function judgeInCore(record: string, now: number): Judged {
  try {
    room(0);
    const head = record.length > longestHeader ? record.slice(0, longestHeader) : record;
    const end = write(head, 0);
    const standing = checked(compiled.instance_judge(instance, end, !record.endsWith("{}"), now));
    const created = view.getFloat64(0, true);
    const deadline = view.getFloat64(8, true);
    const valuesAt = view.getUint32(16, true);
    wipe(end);
    if (standing < standings.live) return { standing, header: "", values: "{}", created: 0, deadline: 0 };
    return { standing, header: record.slice(0, valuesAt), values: record.slice(valuesAt), created, deadline };
  } catch (error) {
    throw failed(error);
  }
}

/** Says whether values are one valid entry a line. */
export function areLines(values: string): boolean {
  try {
    room(values.length);
    const end = writeAscii(values, 0);
    const answer = end >= 0 && checked(compiled.instance_are_lines(instance, end)) === 1;
    wipe(values.length);
    return answer;
  } catch (error) {
    throw failed(error);
  }
}

/** Makes changes to values; `undefined` when the values are not one entry a line. */
export function merge(values: string, changes: string): string | undefined {
  try {
    const most = values.length + changes.length + 64;
    room(most);
    const valuesEnd = writeAscii(values, 0);
    const end = valuesEnd < 0 ? -1 : writeAscii(changes, valuesEnd);
    const length = end < 0 ? 0 : checked(compiled.instance_merge(instance, valuesEnd, end - valuesEnd));
    const merged = length === 0 ? undefined : read(0, length);
    wipe(most);
    return merged;
  } catch (error) {
    throw failed(error);
  }
}

/** What a `Cookie` header has of one name. */
export interface Found {
  /** The first whole values, in order; another site of the same domain can plant one. */
  readonly values: readonly string[];
  /** Whether there are more than may be tried: then none counts. */
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
    const found = { values: values.slice(0, mostCandidates), more: values.length > mostCandidates, seen: view.getUint32(0, true) };
    wipe(Math.max(end, valuesEnd));
    return found;
  } catch (error) {
    throw failed(error);
  }
}

/** The keys and options of one configuration, in whichever instance lives. */
export class Core {
  readonly #settings: Uint8Array;
  readonly #digest: string;
  readonly #tokens = new OpenedTokens();
  /** Its number in the compiled module, where it is there. */
  #number: number | undefined;
  #generation = 0;
  #used = 0;

  private constructor(settings: Uint8Array, key: string) {
    this.#settings = settings;
    this.#digest = key;
  }

  /**
   * Gives the core for these settings, the same one for equal settings.
   *
   * @throws {Problems} where the settings are wrong.
   */
  static for(settings: Uint8Array): Core {
    try {
      room(settings.length);
      scratch.set(settings);
      checked(compiled.instance_digest(instance, settings.length));
      const key = String.fromCharCode(...scratch.subarray(0, 32));
      wipe(settings.length);
      const core = Core.#kept.get(key) ?? new Core(settings, key);
      core.#live();
      return core;
    } catch (error) {
      throw error instanceof Problems ? error : failed(error);
    }
  }

  static readonly #kept = new Map<string, Core>();
  static #clock = 0;

  /** Gives the number of the compiled core, made anew where it was dropped. */
  #live(): number {
    this.#used = ++Core.#clock;
    room(0);
    if (this.#number !== undefined && this.#generation === generation) return this.#number;
    // What a failed instance said is not believed.
    this.#tokens.clear();
    room(this.#settings.length);
    scratch.set(this.#settings);
    const made = compiled.instance_create(instance, this.#settings.length);
    if (made < -failures.length) throw new Problems(readProblems(-failures.length - made));
    this.#number = checked(made);
    this.#generation = generation;
    const successor = Core.#kept.get(this.#digest);
    if (successor !== undefined && successor !== this) successor.#drop();
    Core.#kept.set(this.#digest, this);
    if (Core.#kept.size > mostCores) Core.#dropOldest();
    return this.#number;
  }

  static #dropOldest(): void {
    let oldest: Core | undefined;
    for (const core of Core.#kept.values()) if (oldest === undefined || core.#used < oldest.#used) oldest = core;
    if (oldest === undefined) return;
    Core.#kept.delete(oldest.#digest);
    oldest.#drop();
  }

  /** Frees the compiled core; the next call makes it anew. */
  #drop(): void {
    if (isLive && this.#generation === generation && this.#number !== undefined) compiled.instance_free_core(instance, this.#number);
    this.#number = undefined;
    this.#tokens.clear();
  }

  /** Looks for our cookie, of that name, in a `Cookie` header. */
  open(header: string, name: string, now: number): Opened | CookieRejection | undefined {
    const token = onlyToken(header, name);
    const lives = isLive && this.#generation === generation;
    const known = token !== undefined && lives ? this.#tokens.find(token, now) : undefined;
    if (known !== undefined) {
      this.#used = ++Core.#clock;
      return known;
    }
    try {
      const core = this.#live();
      room(header.length * 3);
      const end = write(header, 0);
      const found = checked(compiled.instance_open(instance, core, end, now));
      const opened = found === 1 ? readOpened() : undefined;
      if (opened !== undefined && token !== undefined) this.#tokens.add(copied(token), opened, now);
      wipe(Math.max(end, 46));
      return opened ?? rejections[found - 2];
    } catch (error) {
      throw failed(error);
    }
  }

  /** Seals an id as a cookie's value. */
  seal(id: string, issued: number, expires: number, persistent: boolean): string {
    try {
      const core = this.#live();
      write(id, 0);
      checked(compiled.instance_seal(instance, core, issued, expires, persistent));
      const value = read(0, 96);
      wipe(96);
      return value;
    } catch (error) {
      throw failed(error);
    }
  }

  /** Writes a `Set-Cookie` line; without a value, the one that makes the browser forget. */
  line(value: string, maxAge: number, now: number): string {
    try {
      const core = this.#live();
      const length = checked(compiled.instance_line(instance, core, write(value, 0), maxAge, now));
      const text = read(0, length);
      wipe(length);
      return text;
    } catch (error) {
      throw failed(error);
    }
  }

  /**
   * Writes the `Set-Cookie` lines of a value under a name, in pieces where it is long, and expires what is left over of
   * the cookies `seen`; without a value all of them.
   *
   * @throws {SessionError} `cookie-too-large`
   */
  lines(name: string, value: string, seen: number, maxAge: number, now: number, size = 0): string[] {
    try {
      const core = this.#live();
      room(Math.max(size, (name.length + value.length) * 3));
      const nameEnd = write(name, 0);
      const end = write(value, nameEnd);
      const length = checked(compiled.instance_chunked_lines(instance, core, nameEnd, end, seen, maxAge, now));
      const fits = length <= scratch.length;
      const text = fits ? read(0, length) : "";
      wipe(fits ? Math.max(end, length) : end);
      if (!fits) return this.lines(name, value, seen, maxAge, now, length);
      return text === "" ? [] : text.split("\n");
    } catch (error) {
      throw failed(error);
    }
  }

  /** Hashes an id with a salt, for events. */
  hash(id: string): string {
    try {
      const core = this.#live();
      const end = write(id, 0);
      checked(compiled.instance_hash(instance, core, end));
      const hash = Array.from(scratch.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
      wipe(end);
      return hash;
    } catch (error) {
      throw failed(error);
    }
  }

  /**
   * Seals ASCII text. `name` and `bound` are the cookie's name and nothing for TempData, its name and id and birth for a
   * cookie session, a purpose and id and birth (or nothing) for protected text, the store key and header for a record.
   */
  sealText(purpose: number, name: string, bound: string, text: string, issued = 0, expires = Number.POSITIVE_INFINITY, whole?: Whole): string {
    try {
      const core = this.#live();
      const end = writeText(name, bound, text);
      const { persistent = false, idleEnd = Number.POSITIVE_INFINITY, created = 0 } = whole ?? {};
      const length = checked(
        compiled.instance_seal_text(instance, core, purpose, nameLength, bound.length, end, issued, expires, persistent, idleEnd, created),
      );
      const sealed = read(0, length);
      wipe(Math.max(end, length));
      return sealed;
    } catch (error) {
      throw failed(error);
    }
  }

  /** Opens what `sealText` made, named and bound alike; only a cookie session says itself what it is bound to. */
  openText(purpose: number, name: string, bound: string, token: string, now: number): OpenedText | CookieRejection {
    try {
      const core = this.#live();
      const end = writeText(name, bound, token);
      // What is not ASCII did not fit, and is no token.
      const isText = end === nameLength + bound.length + token.length;
      const found = isText ? checked(compiled.instance_open_text(instance, core, purpose, nameLength, bound.length, end, now)) : 2;
      const opened = found === 1 ? readOpenedText() : undefined;
      wipe(Math.max(end, 80));
      return opened ?? rejections[found - 2] ?? "malformed";
    } catch (error) {
      throw failed(error);
    }
  }

  /**
   * Begins a commit under `id`; `header` is what was loaded, or empty. It makes the changes to the values as `merge` does;
   * where it cannot, nothing is merged.
   */
  write(id: string, birth: string, header: string, flags: number, nowMs: number, values: string, changes: string): Step {
    const given = id + birth + header;
    const longest = given.length + values.length + changes.length;
    try {
      const core = this.#live();
      room(longest + longestStep);
      const isAscii = writeAscii(given + values + changes, 0) === longest;
      const lengths: [number, number] = isAscii ? [values.length, changes.length] : [0, 0];
      return readStep(compiled.instance_write(instance, core, given.length, ...lengths, flags, nowMs), longest + longestStep);
    } catch (error) {
      throw failed(error);
    }
  }

  /** Begins a regeneration from `id` to `nextId`. */
  regenerate(id: string, nextId: string, nextBirth: string, header: string, flags: number, graceSeconds: number, nowMs: number): Step {
    return this.#step(id + nextId + nextBirth + header, (core, length) =>
      compiled.instance_regenerate(instance, core, length, flags, graceSeconds, nowMs),
    );
  }

  /** Begins a destroy of `id`. */
  destroy(id: string, header: string, flags: number, tombstoneSeconds: number, nowMs: number): Step {
    return this.#step(id + header, (core, length) => compiled.instance_destroy(instance, core, length, flags, tombstoneSeconds, nowMs));
  }

  /** Gives a task the answer to its call, and the record that came with it. */
  answer(state: string, what: number, record: string, lost: boolean, given: number, nowMs: number): Step {
    return this.#step(record === "" ? state : state + record.slice(0, longestHeader), (core, length) =>
      compiled.instance_answer(instance, core, state.length, length, what, lost ? given | flags.lost : given, nowMs),
    );
  }

  #step(given: string, take: (core: number, length: number) => number): Step {
    try {
      const core = this.#live();
      return readStep(take(core, write(given, 0)));
    } catch (error) {
      throw failed(error);
    }
  }
}

/** What is wrong with settings, each naming its option. */
export class Problems extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super("problems");
    this.problems = problems;
  }
}

/** Gives a text that holds no longer one in memory, as a part of a `Cookie` header does. */
function copied(text: string): string {
  return read(0, write(text, 0));
}

function readProblems(length: number): string[] {
  look();
  const problems = read(0, length).split("\n");
  wipe(length);
  return problems;
}

function readOpened(): Opened {
  return {
    id: read(24, 46),
    issued: view.getFloat64(0, true),
    expires: view.getFloat64(8, true),
    persistent: scratch[16] === 1,
    secret: scratch[17] ?? 0,
  };
}

/** How many bytes the name has that was written last. */
let nameLength = 0;

/** Writes a name of any characters, and ASCII behind it, with room for what either becomes; gives the end. */
function writeText(name: string, bound: string, text: string): number {
  room(name.length * 3 + bound.length + Math.ceil(text.length * 1.34) + 256);
  nameLength = write(name, 0);
  return write(text, write(bound, nameLength));
}

function readOpenedText(): OpenedText {
  const idAt = 40;
  return {
    issued: view.getFloat64(0, true),
    expires: view.getFloat64(8, true),
    idleEnd: view.getFloat64(16, true),
    created: view.getFloat64(24, true),
    persistent: scratch[32] === 1,
    secret: scratch[33] ?? 0,
    id: read(idAt, 62),
    birth: read(62, 78),
    text: read(80, 80 + view.getUint32(36, true)),
  };
}

/** Reads a step from where the compiled module puts it: numbers, then one text. */
function readStep(code: number, end = longestStep): Step {
  checked(code);
  const [headerAt, headerEnd] = [view.getUint16(12, true), view.getUint16(14, true)];
  const text = code === 2 || code === 3 ? "" : read(20, 20 + headerEnd + view.getUint32(16, true));
  const step = {
    code,
    waitMs: view.getUint32(0, true),
    secondsToLive: view.getUint32(4, true),
    operation: scratch[8] ?? 0,
    values: scratch[9] ?? 0,
    created: scratch[10] === 1,
    conflicts: scratch[11] ?? 0,
    id: text.slice(0, 22),
    expected: text.slice(22, 38),
    state: text.slice(0, headerEnd),
    header: text.slice(headerAt, headerEnd),
    merged: text.slice(headerEnd),
    record: text.slice(headerAt),
  };
  wipe(end);
  return step;
}
