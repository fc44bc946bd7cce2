import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { axeViolations, describeInBrowser, openWindow, startBrowser } from '../support/browser.ts';
import { postgresPrograms } from '../support/postgres-programs.ts';
import { startWindowWorld, type WindowWorld } from '../support/window-world.ts';

const run = promisify(execFile);

describeInBrowser('the first run in a browser', () => {
  let browser: Browser;
  let world: WindowWorld;
  let stack: AsyncDisposableStack;
  beforeAll(async () => {
    browser = await startBrowser();
    world = await startWindowWorld({ profiles: {} });
  });
  afterAll(async () => {
    await browser?.close();
    await world?.[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    stack = new AsyncDisposableStack();
  });
  afterEach(async () => {
    await stack.disposeAsync();
    await world.control.call('stopSandbox', {});
  });

  async function opened(options: Parameters<typeof openWindow>[2] = {}) {
    const { page, complaints } = stack.use(await openWindow(browser, await world.address(), options));
    await page.getByRole('button', { name: 'Try the sandbox' }).waitFor();
    return { page, complaints };
  }

  it('is one click from a Postgres, two from a string that psql takes, and shows the restart of its pod', async () => {
    const { page, complaints } = await opened();
    await page.getByRole('list', { name: 'Contexts that were found' }).getByText('current').waitFor();
    await page.getByRole('button', { name: 'Try the sandbox' }).click();
    await page.getByRole('button', { name: 'Copy psql command' }).click();
    await page.getByRole('button', { name: 'Copied psql command' }).waitFor();
    const command = await page.evaluate<string>('navigator.clipboard.readText()');
    const path = [postgresPrograms, process.env.PATH].filter(Boolean).join(':');
    const select = async () => {
      const { stdout } = await run('sh', ['-c', `${command} -XAtc 'select 40 + 2'`], {
        env: { ...process.env, PATH: path },
      });
      return stdout.trim();
    };
    expect(await select()).toBe('42');

    const uid = page.getByRole('region', { name: 'sandbox' }).getByText(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    const before = await uid.innerText();
    await page.getByRole('button', { name: 'Restart the pod' }).click();
    await uid.filter({ hasNotText: before }).waitFor();
    expect(await select()).toBe('42');

    await page.getByRole('button', { name: 'Stop the sandbox' }).click();
    await page.getByRole('button', { name: 'Try the sandbox' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('offers to connect again what runs, by keys alone', async () => {
    const { page } = await opened();
    await page.getByRole('button', { name: 'Try the sandbox' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Restart the pod' }).waitFor();
    await page.getByRole('switch', { name: 'sandbox is on' }).focus();
    await page.keyboard.press('Space');
    // The tunnel's panel has one too, as long as it is there.
    await page.getByText('It runs, and nothing is connected to it.').waitFor();
    await page.getByRole('button', { name: 'Connect', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'sandbox' }).waitFor();
  });

  it.each(['light', 'dark'] as const)('has nothing for axe to find, %s', async (colorScheme) => {
    const { page, complaints } = await opened({ colorScheme });
    const found = { first: await axeViolations(page), panel: [] as unknown, narrow: [] as unknown };
    await page.getByRole('button', { name: 'Try the sandbox' }).click();
    await page.getByRole('button', { name: 'Restart the pod' }).waitFor();
    found.panel = await axeViolations(page);
    await page.setViewportSize({ width: 640, height: 700 });
    found.narrow = await axeViolations(page);
    expect(found).toEqual({ first: [], panel: [], narrow: [] });
    expect(complaints).toEqual([]);
  });
});
