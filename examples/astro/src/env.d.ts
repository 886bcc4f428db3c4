// What a request has in `locals`.

declare namespace App {
  interface Locals {
    session: import("edge-session").Session<import("./sessions").Data>;
  }
}
