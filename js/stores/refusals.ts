// What Redis means by the text of an error.

import type { SessionErrorCode } from "../errors.ts";

const AUTH = new Set(["WRONGPASS", "NOAUTH", "NOPERM"]);
const UNAVAILABLE = new Set(["LOADING", "READONLY", "CLUSTERDOWN", "MASTERDOWN", "MISCONF", "TRYAGAIN", "NOREPLICAS", "BUSY"]);

/** The code for a Redis error, or `undefined` where the text is not one. */
export function refusalCode(text: string): SessionErrorCode | undefined {
  const message = text.replace(/^Failed to execute Redis command: /, "");
  const word = /^-?([A-Z][A-Z0-9]+)(?= |$)/.exec(message)?.[1];
  if (word === undefined) return undefined;
  if (AUTH.has(word)) return "store-auth";
  if (UNAVAILABLE.has(word)) return "store-unavailable";
  if (word === "OOM") return "store-quota";
  if (/\b(max|quota|limit)\b.*\bexceeded\b/i.test(message)) return /per.second|\brate\b/i.test(message) ? "store-throttled" : "store-quota";
  if (message.startsWith("ERR max number of clients")) return "store-unavailable";
  // What a command ran into inside a script is told inside an ERR, with other words for a right that lacks.
  if (/^ERR (ACL failure in script:|.*The user executing the script can't )/.test(message)) return "store-auth";
  const inner = /@user_script.*-(OOM|READONLY|NOPERM|MISCONF)\b/.exec(message)?.[1];
  return inner === undefined ? "store-rejected" : refusalCode(inner);
}
