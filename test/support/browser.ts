import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { describe, test } from 'vitest';

const places = [process.env.SALLYPORT_CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'];

/** As root without a sandbox; nothing that would reach beyond this machine. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

function chromiumPath(): string | undefined {
  return places.find((path) => path !== undefined && existsSync(path));
}

/** Tests that need a browser. Where there is none they are skipped, and say so. */
export function describeInBrowser(theme: string, body: () => void): void {
  if (chromiumPath()) describe(theme, body);
  else
    describe(theme, () => {
      test.skip('needs chromium: install it, or set SALLYPORT_CHROMIUM', () => {});
    });
}

/** A headless Chromium with a profile of its own. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath()!, args });
}

export interface PageOptions {
  readonly colorScheme?: 'light' | 'dark';
  readonly viewport?: { readonly width: number; readonly height: number };
  /** What is to be there before the page. */
  readonly prepare?: (page: Page) => Promise<void>;
}

/** What went wrong in a page without anybody asking. */
export interface WatchedPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors of scripts and of the console, refusals of the policy among them. */
  readonly complaints: readonly string[];
}

/** Follows an address of `sallyport ui` in a window of its own. */
export async function openWindow(
  browser: Browser,
  url: string,
  { colorScheme = 'light', viewport = { width: 1180, height: 720 }, prepare }: PageOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({
    colorScheme,
    viewport,
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  await prepare?.(page);
  await page.goto(url);
  await page.getByRole('navigation', { name: 'Views' }).waitFor();
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
}

export interface Violation {
  readonly rule: string;
  readonly where: readonly string[];
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary?: string }[];
  }[];
}

/** What axe finds wrong with the page as it is now. */
export async function axeViolations(page: Page): Promise<Violation[]> {
  // Not as a script of the page, which its policy refuses.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResult>('axe.run(document)');
  return violations.map(({ id, nodes }) => ({
    rule: id,
    where: nodes.map(({ target, failureSummary = '' }) => `${target.join(' ')} ${failureSummary}`),
  }));
}
