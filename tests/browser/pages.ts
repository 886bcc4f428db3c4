// A worker and fresh pages of it in headless Chromium.

import { after, afterEach, before, beforeEach } from "node:test";
import type { BrowserContext, Page } from "playwright-core";
import { startWorker } from "../workerd/harness.ts";
import { type Browser, startChromium } from "./chromium.ts";

/** What a test has while it runs. */
export interface Pages {
  readonly browser: Browser;
  /** The browser's own cookies and tabs of this test. */
  readonly context: BrowserContext;
  readonly page: Page;
  readonly url: string;
}

/** Starts both for the tests of a `describe`; what it gives is the running test's. */
export function pagesOf(setup: Parameters<typeof startWorker>[0]): Pages {
  const pages = {} as Pages;
  let stops: (() => Promise<unknown>)[] = [];
  let start: () => Promise<unknown>;

  before(async () => {
    const worker = await startWorker(setup);
    stops = [() => worker.stop()];
    const browser = await startChromium();
    stops.unshift(() => browser.close());
    start = async () => {
      const context = await browser.newContext();
      context.setDefaultTimeout(20_000);
      const page = await context.newPage();
      await page.goto(worker.url);
      return Object.assign(pages, { browser, context, page, url: worker.url });
    };
  });
  after(async () => {
    for (const stop of stops) await stop();
  });
  beforeEach(() => start());
  afterEach(() => pages.context.close());

  return pages;
}
