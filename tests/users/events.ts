// A listener that counts by name and reads every field.

import type { SessionEvent } from "edge-session";

const told: Record<SessionEvent["name"], number> = {
  "session-loaded": 0,
  "session-created": 0,
  "session-renewed": 0,
  "session-regenerated": 0,
  "session-destroyed": 0,
  "session-gone": 0,
  "session-committed": 0,
  "conflict-replayed": 0,
  "cookie-rejected": 0,
  "old-secret-seen": 0,
  "cookie-withheld": 0,
  "secure-cookie-over-http": 0,
  "record-rejected": 0,
  "store-failed": 0,
  "breaker-opened": 0,
  "breaker-closed": 0,
  "core-restarted": 0,
  "option-warning": 0,
};

export function onEvent(event: SessionEvent): string | undefined {
  told[event.name] += 1;
  switch (event.name) {
    case "cookie-rejected":
    case "cookie-withheld":
      return event.reason;
    case "record-rejected":
      return event.code;
    case "store-failed":
      return event.code + event.operation + event.durationMs + event.tries;
    case "option-warning":
      return event.option;
    default:
      return event.session;
  }
}
