// Remembers which tokens opened.
// A browser sends the same one with every request, and opening it is most of what a read costs.

/** What a token of our cookie says. Times are unix seconds. */
export interface Opened {
  readonly id: string;
  readonly issued: number;
  readonly expires: number;
  readonly persistent: boolean;
  /** The place of the secret that opened it; 0 is the one that seals. */
  readonly secret: number;
  /** The key of its record, once somebody asked for it. A token opens for one application only, so it is the same for all who share this. */
  key?: string | undefined;
}

/** Characters of a session's token. */
const tokenLength = 96;
/** How many tokens one generation holds; what was not seen again when the next one is full is forgotten. */
const mostTokens = 500;

/** A token that opened. */
interface Seen {
  /** A text of its own: a part of a `Cookie` header would keep the whole header. */
  readonly token: string;
  readonly opened: Opened;
  /** Unix seconds at which it opened; a clock that went back asks the core again. */
  readonly at: number;
}

/** The tokens that opened under one configuration, in two generations. */
export class OpenedTokens {
  #recent = new Map<string, Seen>();
  #older = new Map<string, Seen>();

  /** Gives what the token says, where it opened before and would now. */
  find(token: string, now: number): Opened | undefined {
    const recent = this.#recent.get(token);
    const seen = recent ?? this.#older.get(token);
    if (seen === undefined) return undefined;
    if (now >= seen.opened.expires) {
      this.#recent.delete(token);
      this.#older.delete(token);
      return undefined;
    }
    if (now < seen.at) return undefined;
    if (recent === undefined) this.#put(seen);
    return seen.opened;
  }

  /** Remembers that the token opened; `token` is no part of a longer text, which would be kept with it. */
  add(token: string, opened: Opened, now: number): void {
    this.#put({ token, opened, at: now });
  }

  /** Forgets all. */
  clear(): void {
    this.#recent.clear();
    this.#older.clear();
  }

  #put(seen: Seen): void {
    if (this.#recent.size >= mostTokens) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(seen.token, seen);
  }
}

/**
 * Gives the value of the only cookie of that name, where the header is written as browsers write it (RFC 6265bis 5.8.3)
 * and the value is as long as a token; whatever else the header holds, the core reads it.
 */
export function onlyToken(header: string, name: string): string | undefined {
  const at = header.indexOf(name);
  const from = at + name.length + 1;
  const to = from + tokenLength;
  const isWhole =
    at >= 0 && (at === 0 || header.startsWith("; ", at - 2)) && header[from - 1] === "=" && (to === header.length || header[to] === ";");
  return isWhole && !header.includes(name, from) ? header.slice(from, to) : undefined;
}
