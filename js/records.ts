// Judges records, and reads and changes their values.

import { checked, compiled, failed, instance, longestHeader, read, room, view, wipe, write, writeAscii } from "./core.ts";

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

/** The header of a session's values in clear, of which most records are: when it was created, and its deadline. */
const ordinary = /^1j\.[\w-]{16}\.[\w-]{16}\.(?:[\w-]{16}|-)\.(0|[1-9]\d{0,14})\.(-|0|[1-9]\d{0,14})\.$/;

/** Says what a record means at `now` (unix seconds). */
export function judge(record: string, now: number): Judged {
  // The header alone: what matched last can be read from `RegExp` by anybody.
  const found = ordinary.exec(record.slice(0, Math.max(record.indexOf("{"), 0)));
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

/** Draws the revision under which values may be changed; `undefined` where they are not one valid entry a line. */
export function revise(values: string): string | undefined {
  try {
    room(values.length);
    const end = writeAscii(values, 0);
    const revision = end >= 0 && checked(compiled.instance_revise(instance, end)) === 1 ? read(0, 16) : undefined;
    wipe(Math.max(values.length, 16));
    return revision;
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
