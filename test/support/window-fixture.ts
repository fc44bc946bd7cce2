import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { openWindow, type PageOptions, startBrowser, type WatchedPage } from './browser.ts';
import { startWindowWorld, type WindowWorld, type WindowWorldOptions } from './window-world.ts';

/** What the page is tested on. */
export interface WindowFixture {
  readonly browser: Browser;
  readonly world: WindowWorld;
  /** What a test adds ends with it. */
  readonly stack: AsyncDisposableStack;
  /** A window that ends with the test. */
  open(options?: PageOptions): Promise<WatchedPage>;
}

/** A browser and a world for all tests of a file, and windows for each of them. */
export function useWindowWorld(options: WindowWorldOptions = {}): WindowFixture {
  let browser: Browser;
  let world: WindowWorld;
  let stack: AsyncDisposableStack;
  beforeAll(async () => {
    browser = await startBrowser();
    world = await startWindowWorld(options);
  });
  afterAll(async () => {
    await browser?.close();
    await world?.[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    stack = new AsyncDisposableStack();
  });
  afterEach(() => stack.disposeAsync());
  return {
    get browser() {
      return browser;
    },
    get world() {
      return world;
    },
    get stack() {
      return stack;
    },
    open: async (how) => stack.use(await openWindow(browser, await world.address(), how)),
  };
}
