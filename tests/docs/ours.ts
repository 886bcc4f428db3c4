// The options and members that the README names.

import { membersOf } from "./markdown.ts";

const places: readonly [start: string, members: Set<string>][] = [
  ["sessions.cache.", membersOf("js/cache.ts", "Cache")],
  ["sessions.", membersOf("js/sessions.ts", "Sessions")],
  ["session.tempData.", membersOf("js/temp-data.ts", "TempData")],
  ["session.", membersOf("js/session.ts", "Session")],
  ["cookie.", membersOf("js/options.ts", "CookieOptions")],
  [
    "",
    new Set([
      ...membersOf("js/options.ts", "SessionsOptions"),
      ...membersOf("js/stores/http-options.ts", "HttpStoreOptions"),
      ...membersOf("js/stores/upstash.ts", "UpstashOptions"),
      ...membersOf("js/stores/webdis.ts", "WebdisOptions"),
      ...membersOf("js/cache.ts", "CacheTimes"),
      ...membersOf("js/protector.ts", "ProtectOptions"),
    ]),
  ],
];

/** Says whether there is such an option or member, as the README names it. */
export function exists(code: string): boolean {
  const [start, members] = places.find(([each]) => code.startsWith(each)) ?? ["", new Set<string>()];
  return members.has(/^\w+/.exec(code.slice(start.length))?.[0] ?? "");
}
