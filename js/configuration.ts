// The keys and options of one configuration, and its calls.

import { checked, compiled, failed, failures, generation, instance, isLive, longestHeader, look, read, room, scratch, wipe, write } from "./core.ts";
import type { CookieRejection } from "./events.ts";
import { type Opened, OpenedTokens, onlyToken } from "./opened.ts";
import { flags, type OpenedText, readOpened, readOpenedText, readStep, type Step, type Whole } from "./results.ts";

const rejections: readonly CookieRejection[] = ["malformed", "unknown-key", "unauthentic", "expired", "ambiguous"];
/** Cores that are kept; each is a few kilobytes. */
const mostCores = 16;

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
      const nameEnd = writeName(name, bound, text);
      const end = write(text, write(bound, nameEnd));
      const { persistent = false, idleEnd = Number.POSITIVE_INFINITY, created = 0 } = whole ?? {};
      const length = checked(
        compiled.instance_seal_text(instance, core, purpose, nameEnd, bound.length, end, issued, expires, persistent, idleEnd, created),
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
      const nameEnd = writeName(name, bound, token);
      const end = write(token, write(bound, nameEnd));
      // What is not ASCII did not fit, and is no token.
      const isText = end === nameEnd + bound.length + token.length;
      const found = isText ? checked(compiled.instance_open_text(instance, core, purpose, nameEnd, bound.length, end, now)) : 2;
      const opened = found === 1 ? readOpenedText() : undefined;
      wipe(Math.max(end, 80));
      return opened ?? rejections[found - 2] ?? "malformed";
    } catch (error) {
      throw failed(error);
    }
  }

  /** Begins a commit under `id`; `header` is what was loaded, or empty. */
  write(id: string, birth: string, header: string, flags: number, nowMs: number): Step {
    return this.#step(id + birth + header, (core, length) => compiled.instance_write(instance, core, length, flags, nowMs));
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

/** Writes a name of any characters, with room for the ASCII that comes behind it and for what either becomes; gives its end. */
function writeName(name: string, bound: string, text: string): number {
  room(name.length * 3 + bound.length + Math.ceil(text.length * 1.34) + 256);
  return write(name, 0);
}
