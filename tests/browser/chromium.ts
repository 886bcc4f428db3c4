// Starts headless Chromium.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

export type { Browser };

/** Starts the Chromium that the machine has. */
export function startChromium(): Promise<Browser> {
  const found = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "chromium"));
  const executablePath = found.find((path) => existsSync(path)) ?? assert.fail("chromium is missing: apt-get install chromium");
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}
