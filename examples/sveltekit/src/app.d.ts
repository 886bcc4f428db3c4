// What a request has in `locals`.

import type { Session } from "edge-session";
import type { Data } from "$lib/server/sessions";

declare global {
  namespace App {
    interface Locals {
      session: Session<Data>;
    }
  }
}
