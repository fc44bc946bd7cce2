import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { describeInBrowser, openWindow, startBrowser } from '../support/browser.ts';
import { DaemonHome, firstLine } from '../support/daemon-fixture.ts';

const program = fileURLToPath(new URL('../support/daemon-process.ts', import.meta.url));
const row = (page: Page, name: string) => page.locator(`[data-row="user/${name}"]`);

/** The page's server is the daemon: when that is killed, what is open in the browser is all there is of it. */
describeInBrowser('a page whose daemon is killed', () => {
  let browser: Browser;
  let sandbox: Sandbox;
  let dir: string;
  let home: DaemonHome;
  let stack: AsyncDisposableStack;
  beforeAll(async () => {
    browser = await startBrowser();
    dir = await mkdtemp(join(tmpdir(), 'lost-daemon-'));
    sandbox = await startSandbox({ dir });
    await sandbox.controls.pods.until('default/net-0');
  });
  afterAll(async () => {
    await browser?.close();
    await sandbox?.stop();
    await rm(dir, { recursive: true, force: true });
  });
  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    home = stack.use(await DaemonHome.create({ KUBECONFIG: sandbox.kubeconfigPath }));
    const profile = {
      cluster: { server: sandbox.server },
      namespace: 'default',
      target: 'sts/net/0',
      port: 'identity',
    };
    await home.writeProfiles({ profiles: { net: profile, other: profile } });
  });
  afterEach(() => stack.disposeAsync());

  async function running(): Promise<ChildProcess> {
    const child = spawn(process.execPath, [program], {
      env: home.processEnv,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    stack.defer(() => killed(child));
    await once(child.stdout, 'data');
    return child;
  }

  async function killed(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async function opened(prepare?: (page: Page) => Promise<void>) {
    await using control = home.control();
    const { url } = await control.call('ui', {});
    const window = stack.use(await openWindow(browser, url, { ...(prepare && { prepare }) }));
    await row(window.page, 'net').waitFor();
    await window.settled();
    return window;
  }

  it('says so, keeps what it knew out of reach, and says how the next page is opened', async () => {
    const first = await running();
    const { page } = await opened(({ clock }) => clock.install());
    await page.getByRole('button', { name: 'Connect net' }).click();
    await page.getByRole('button', { name: 'Copy how to connect to net' }).waitFor();
    await killed(first);
    await page.getByText('The daemon is away. Reconnecting…').waitFor();
    const state = page.locator('section[aria-label=net] [role=status]').first();
    const known = await state.innerText();
    await page.clock.fastForward(10_000);
    await page.getByText(/has not answered since \d\d:\d\d:\d\d\./).waitFor();
    await page.locator('[inert]', { has: row(page, 'net') }).waitFor();
    // It was not seen to be ready for any longer.
    expect(await state.innerText()).toBe(known);
    await page.getByRole('status').filter({ hasText: 'daemon away' }).waitFor();
    await page.getByRole('button', { name: 'Copy sallyport ui' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe('sallyport ui');
  });

  it('is followed by the page of the next daemon, where what was on is on again, on the same port', async () => {
    const first = await running();
    const old = await opened();
    await old.page.getByRole('button', { name: 'Connect net' }).click();
    const address = old.page.getByRole('region', { name: 'net' }).getByText(/^127\.0\.0\.1:\d+/);
    const before = await address.innerText();
    const port = Number(/:(\d+)/.exec(before)![1]);
    const line = await firstLine(port);
    await killed(first);
    await old.page.getByRole('alert').waitFor();
    await running();
    const { page, complaints } = await opened();
    await row(page, 'net').click();
    const again = page.getByRole('region', { name: 'net' });
    await again.getByText('ready', { exact: true }).waitFor();
    expect(await again.getByText(/^127\.0\.0\.1:\d+/).innerText()).toBe(before);
    expect(await firstLine(port)).toBe(line);
    expect(new URL(page.url()).origin).not.toBe(new URL(old.page.url()).origin);
    expect(complaints).toEqual([]);
  });
});
