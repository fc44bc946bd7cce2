import { readFile, writeFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { axeViolations, describeInBrowser, openWindow, startBrowser } from '../support/browser.ts';
import { startWindowWorld, type WindowWorld } from '../support/window-world.ts';

const comment = '# mine, and nobody else changes it';

describeInBrowser('the settings in a browser', () => {
  let browser: Browser;
  let world: WindowWorld;
  let stack: AsyncDisposableStack;
  beforeAll(async () => {
    browser = await startBrowser();
    world = await startWindowWorld();
  });
  afterAll(async () => {
    await browser?.close();
    await world?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    await writeFile(world.home.places.settingsFile, `${comment}\nwindow:\n  theme: light\n`, { mode: 0o600 });
  });
  afterEach(async () => {
    await stack.disposeAsync();
    await world.control.call('down', { all: true });
  });

  const written = () => readFile(world.home.places.settingsFile, 'utf8');

  async function opened(options: Parameters<typeof openWindow>[2] = {}) {
    const { page, complaints } = stack.use(await openWindow(browser, await world.address(), options));
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByRole('radiogroup', { name: 'Theme' }).waitFor();
    return { page, complaints };
  }

  it('turns the theme at once, and the next page has it; the file keeps its comment', async () => {
    const { page, complaints } = await opened();
    const themed = (theme: string) =>
      page.locator(`html[data-theme=${theme}]`).waitFor({ state: 'attached' });
    await themed('light');
    await page.getByRole('radio', { name: 'Dark' }).click();
    await themed('dark');
    expect(await written()).toBe(`${comment}\nwindow:\n  theme: dark\n`);
    await page.reload();
    await themed('dark');
    await page.getByRole('radio', { name: 'System', exact: true }).click();
    await page.locator('html:not([data-theme])').waitFor({ state: 'attached' });
    expect(complaints).toEqual([]);
  });

  it('copies in the favourite format, also by the click that connects', async () => {
    const { page } = await opened();
    await page.getByLabel('Format for PostgreSQL').selectOption('jdbc');
    await page.getByRole('switch', { name: 'Copy on connect' }).click();
    await page.getByRole('switch', { name: 'Copy on connect', checked: true }).waitFor();
    await page.getByRole('link', { name: /^Tunnels/ }).click();
    await page.getByRole('button', { name: 'Connect orders-db' }).click();
    await page.getByRole('button', { name: 'Copied JDBC URL' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toMatch(/^jdbc:postgresql:/);
    expect(await written()).toContain('postgres: jdbc');
  });

  it('says what the daemon takes up at its next start, and a file with a mistake', async () => {
    const { page } = await opened();
    await page.getByRole('radio', { name: /Only until the daemon ends/ }).click();
    await page.getByText('sallyport daemon restart').waitFor();
    await page.getByRole('switch', { name: 'Offer metrics' }).click();
    await page.getByLabel('Port of metrics').fill('70000');
    await page.getByText('1 to 65535').waitFor();
    await page.getByLabel('Port of metrics').fill('9465');
    await page.keyboard.press('Enter');
    await page.getByText(/where passwords are kept and metrics/).waitFor();
    await page.getByRole('button', { name: 'Set', disabled: true }).waitFor();
    expect(await written()).toMatch(/keepIn: memory\nmetrics:\n {2}port: 9465\n$/);

    await writeFile(world.home.places.settingsFile, 'window: {theme: pink}\n', { mode: 0o600 });
    await page.getByRole('radio', { name: 'Dark' }).click();
    await page
      .getByRole('alert')
      .getByText(/settings\.yaml/)
      .waitFor();
    expect(await written()).toBe('window: {theme: pink}\n');
  });

  it.each(['light', 'dark'] as const)('has nothing for axe to find, %s', async (theme) => {
    await writeFile(
      world.home.places.settingsFile,
      `window: {theme: ${theme}}\nmetrics: {port: 9464}\npasswords: {keepIn: memory}\n`,
      { mode: 0o600 },
    );
    const { page, complaints } = await opened();
    await page.locator(`html[data-theme=${theme}]`).waitFor({ state: 'attached' });
    expect(await axeViolations(page)).toEqual([]);
    await page.setViewportSize({ width: 640, height: 700 });
    expect(await axeViolations(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
