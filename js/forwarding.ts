// What a record means, and whether what it leads to lives.

import { type Budget, call } from "./calls.ts";
import { SessionError } from "./errors.ts";
import { type Judged, judge, standings } from "./records.ts";
import { corrupt } from "./values.ts";
import { now, recordKey, storeError, tell, type Visit } from "./visit.ts";

/** Forwarding records that are followed to see whether a session still lives. */
const forwardingsToFollow = 8;

/** Judges a record, or throws what is wrong with it. */
export function judgeRecord(visit: Visit, record: unknown): Judged {
  if (typeof record !== "string") throw storeError(new SessionError("store-protocol", "the store gave a record that is no text."));
  const judged = judge(record, now(visit.settings));
  const error = judged.standing === standings.unsupported ? unsupported() : judged.standing === standings.corrupt ? corrupt() : undefined;
  if (error === undefined) return judged;
  tell(visit, { name: "record-rejected", level: "error", code: error.code });
  throw error;
}

/** Says whether the session that a forwarding record leads to still lives; what was before is readable only so long. */
export async function livesOn(visit: Visit, header: string, budget: Budget): Promise<boolean> {
  const { settings } = visit;
  let forwarding = header;
  for (let followed = 0; followed < forwardingsToFollow; followed++) {
    const target = forwarding.split(".")[4] ?? "";
    const record = await call(visit, "load", budget, (io) => settings.store.load(recordKey(settings, target), 0, io));
    if (record === null) return false;
    const { standing, header: next } = judgeRecord(visit, record);
    if (standing === standings.live) return true;
    if (standing !== standings.graced && standing !== standings.forwarded) return false;
    forwarding = next;
  }
  return false;
}

/** The error for a record that this release does not read. */
export function unsupported(): SessionError {
  return new SessionError(
    "record-unsupported",
    "what is stored for this session was written by a newer version, or with a feature that this one lacks. It was left as it is; destroy() removes it.",
  );
}
