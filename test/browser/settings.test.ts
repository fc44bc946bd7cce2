import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { axeViolations, describeInBrowser, type PageOptions } from '../support/browser.ts';
import { useWindowWorld } from '../support/window-fixture.ts';

const comment = '# mine, and nobody else changes it';

describeInBrowser('the settings in a browser', () => {
  const fixture = useWindowWorld();
  const write = (text: string) => writeFile(fixture.world.home.places.settingsFile, text, { mode: 0o600 });
  const written = () => readFile(fixture.world.home.places.settingsFile, 'utf8');
  beforeEach(() => write(`${comment}\nwindow:\n  theme: light\n`));
  afterEach(() => fixture.world.control.call('down', { all: true }));

  async function opened(options: PageOptions = {}) {
    const { page, complaints } = await fixture.open(options);
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

    await write('window: {theme: pink}\n');
    await page.getByRole('radio', { name: 'Dark' }).click();
    await page
      .getByRole('alert')
      .getByText(/settings\.yaml/)
      .waitFor();
    expect(await written()).toBe('window: {theme: pink}\n');
  });

  it.each(['light', 'dark'] as const)('has nothing for axe to find, %s', async (theme) => {
    await write(`window: {theme: ${theme}}\nmetrics: {port: 9464}\npasswords: {keepIn: memory}\n`);
    const { page, complaints } = await opened();
    await page.locator(`html[data-theme=${theme}]`).waitFor({ state: 'attached' });
    expect(await axeViolations(page)).toEqual([]);
    await page.setViewportSize({ width: 640, height: 700 });
    expect(await axeViolations(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
