import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page, type Request } from 'playwright-core';
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

export interface PageOptions
  extends Pick<
    BrowserContextOptions,
    'colorScheme' | 'viewport' | 'reducedMotion' | 'deviceScaleFactor' | 'forcedColors'
  > {
  /** What is to be there before the page. */
  readonly prepare?: (page: Page) => Promise<unknown>;
}

/** A page that is watched for what goes wrong in it without anybody asking. Closing it fails where its policy refused anything. */
export interface WatchedPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors of scripts and of the console, refusals of the policy among them. */
  readonly complaints: readonly string[];
  /** Waits until it has what it asked for and has drawn it. */
  settled(): Promise<void>;
}

/** Follows an address of `sallyport ui` in a window of its own. */
export async function openWindow(
  browser: Browser,
  url: string,
  { prepare, ...how }: PageOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({
    colorScheme: 'light',
    viewport: { width: 1180, height: 720 },
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
    ...how,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  const settled = watchRequests(page);
  await prepare?.(page);
  await page.goto(url);
  await page.getByRole('navigation', { name: 'Views' }).waitFor();
  return {
    page,
    complaints,
    settled,
    async [Symbol.asyncDispose]() {
      await context.close();
      const refused = complaints.filter((complaint) => complaint.includes('Content Security Policy'));
      if (refused.length > 0) throw new Error(`the page's policy refused: ${refused.join('\n')}`);
    },
  };
}

const drawn =
  'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))';

/** Whether it has what it asked for: twice in a row, because what comes may ask for more. */
function watchRequests(page: Page): () => Promise<void> {
  const open = new Set<Request>();
  let allOver = Promise.withResolvers<void>();
  const over = (request: Request) => {
    if (!open.delete(request) || open.size > 0) return;
    allOver.resolve();
    allOver = Promise.withResolvers();
  };
  page.on('requestfinished', over).on('requestfailed', over);
  page.on('request', (request) => {
    // What waits for news, as who follows a log does, has no end.
    if (!/"waitMs":[1-9]/.test(request.postData() ?? '')) open.add(request);
  });
  return async () => {
    for (let quiet = 0; quiet < 2; ) {
      await page.evaluate(drawn);
      quiet = open.size === 0 ? quiet + 1 : 0;
      if (open.size > 0) await allOver.promise;
    }
  };
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

/** Looks at a page with axe at several times. `found` has the looks at which something was wrong, by what was looked at. */
export function axeLooks(page: Page) {
  const found: Record<string, readonly Violation[]> = {};
  const look = async (what: string): Promise<void> => {
    const violations = await axeViolations(page);
    if (violations.length > 0) found[what] = violations;
  };
  return { found, look };
}
