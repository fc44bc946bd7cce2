import type { Page } from 'playwright-core';
import { afterEach, expect, it } from 'vitest';
import { axeLooks, describeInBrowser, type PageOptions } from '../support/browser.ts';
import { runCopied } from '../support/postgres-programs.ts';
import { app } from '../support/real-database.ts';
import { useWindowWorld } from '../support/window-fixture.ts';

const row = (page: Page, name: string) => page.locator(`[data-row="user/${name}"]`);
const shortUid = (page: Page) =>
  page.getByRole('region', { name: 'orders-db' }).getByText(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);

describeInBrowser('the window in a browser', () => {
  const fixture = useWindowWorld();
  afterEach(() => fixture.world.control.call('down', { all: true }));

  async function opened(options: PageOptions = {}) {
    const { page, complaints } = await fixture.open(options);
    await row(page, 'orders-db').waitFor();
    return { page, complaints };
  }

  it('connects by a click, gives a string that works in psql, and shows the new pod after a restart', async () => {
    const { page, complaints } = await opened();
    await page.getByRole('button', { name: 'Connect orders-db' }).click();
    await page.getByRole('button', { name: 'Copy psql command' }).waitFor();
    await shortUid(page).waitFor();
    const before = await shortUid(page).innerText();
    expect(before).toBe(fixture.world.sandbox.controls.pods.get('default/postgres-0')?.metadata.uid);

    await page.getByRole('button', { name: 'Copy psql command' }).click();
    await page.getByRole('button', { name: 'Copied psql command' }).waitFor();
    const command = await page.evaluate<string>('navigator.clipboard.readText()');
    expect(command).toMatch(/^psql /);
    const select = () => runCopied(command, 'select 40 + 2', { PGPASSWORD: app.password });
    expect(await select()).toBe('42');

    fixture.world.sandbox.controls.pods.delete('default/postgres-0');
    await shortUid(page).filter({ hasNotText: before }).waitFor();
    expect(await select()).toBe('42');
    await page.getByRole('tab', { name: 'History' }).click();
    await page.getByText(new RegExp(`postgres-0 · ${before.slice(0, 4)}`)).waitFor();
    expect(complaints).toEqual([]);
  });

  it('asks for the reason that a policy wants, says what does not fit, and opens', async () => {
    const { page } = await opened();
    await page.getByRole('button', { name: 'Connect payroll' }).click();
    const dialog = page.getByRole('dialog', { name: 'Why do you open payroll?' });
    await dialog.getByLabel('Reason').fill('because');
    await dialog.getByRole('button', { name: 'Open', exact: true }).click();
    await dialog.getByText(/the reason does not match/i).waitFor();
    await dialog.getByLabel('Reason').fill('PAY-117 refund');
    await dialog.getByRole('button', { name: 'Open', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByText('PAY-117 refund').waitFor();
    await page.getByText('Production', { exact: true }).waitFor();
  });

  it('does everything of the list by keys', async () => {
    const { page } = await opened();
    await page.keyboard.press('/');
    await page.keyboard.type('orders');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('End');
    await row(page, 'orders-db').and(page.locator('[aria-current=true]')).waitFor();
    await page.keyboard.press('Enter');
    await shortUid(page).waitFor();
    await page.keyboard.press('c');
    await page.getByRole('button', { name: 'Copied psql command' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toMatch(/^psql /);
    await page.keyboard.press('p');
    await page.getByRole('button', { name: 'Copied', exact: true }).first().waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe('sallyport psql orders-db');
    await page.keyboard.press('l');
    await page.getByRole('tab', { name: 'History', selected: true }).waitFor();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('disconnect orders');
    await page.keyboard.press('Enter');
    await page.getByRole('switch', { name: 'orders-db is on', checked: false }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    // While it goes it still has the focus, and with it the keys.
    await page.getByRole('dialog', { name: 'Keys' }).waitFor({ state: 'detached' });
    await page.keyboard.press('Escape');
    await page.getByRole('region', { name: 'orders-db' }).waitFor({ state: 'detached' });
  });

  it.each(['light', 'dark'] as const)(
    'has a compact form of the same list, by keys and for axe too, %s',
    async (colorScheme) => {
      const { page, complaints } = await opened({ colorScheme, viewport: { width: 360, height: 560 } });
      await page.goto(new URL('/?compact', page.url()).href);
      await row(page, 'orders-db').waitFor();
      expect(await page.getByRole('navigation').count()).toBe(0);
      await page.getByText('nothing is up').waitFor();
      await page.keyboard.press('/');
      await page.keyboard.type('orders-db');
      await page.keyboard.press('ArrowDown');
      await row(page, 'orders-db').and(page.locator('[aria-current=true]')).waitFor();
      await page.keyboard.press('Enter');
      await shortUid(page).waitFor();
      await page.getByText('1 ready').waitFor();
      await page.keyboard.press('c');
      await page.getByRole('button', { name: 'Copied psql command' }).waitFor();
      expect(await page.evaluate('navigator.clipboard.readText()')).toMatch(/^psql /);
      const { found, look } = axeLooks(page);
      await look('chosen');
      await page.keyboard.press('Escape');
      await page.getByRole('region', { name: 'orders-db' }).waitFor({ state: 'detached' });
      await page.getByRole('textbox', { name: 'Search tunnels' }).fill('');
      for (const name of ['reports', 'billing', 'payroll'])
        await fixture.world.control.call('up', { names: [name] });
      await page.getByText(/2 need you/).waitFor();
      await look('list');
      // Nothing is cut off at the side.
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
      await page.getByRole('button', { name: 'Give a reason… payroll' }).click();
      await page.getByRole('dialog', { name: 'Why do you open payroll?' }).waitFor();
      await look('question');
      expect(found).toEqual({});
      expect(complaints).toEqual([]);
    },
  );

  it.each(['light', 'dark'] as const)('has nothing for axe to find, %s', async (colorScheme) => {
    const { page, complaints } = await opened({ colorScheme });
    for (const name of ['orders-db', 'reports', 'billing', 'payroll'])
      await fixture.world.control.call('up', { names: [name] });
    const { found, look } = axeLooks(page);
    await row(page, 'orders-db').click();
    await shortUid(page).waitFor();
    await look('ready');
    await page.getByRole('button', { name: 'All formats' }).click();
    await page.getByText(/^psql 'host/).waitFor();
    await look('formats');
    await page.keyboard.press('Escape');
    await page.getByRole('tab', { name: 'History' }).click();
    await look('history');
    for (const name of ['reports', 'billing']) {
      await row(page, name).click();
      await page.getByRole('region', { name }).waitFor();
      await look(name);
    }
    await page.getByRole('button', { name: 'Give a reason… payroll' }).click();
    await page.getByRole('dialog').waitFor();
    await look('question');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+k');
    await page.getByRole('option').first().waitFor();
    await look('palette');
    await page.keyboard.press('Escape');
    for (const name of ['Audit', 'Team', 'Check', 'Settings']) {
      await page.getByRole('link', { name }).click();
      await page.getByRole('heading').first().waitFor();
      await look(name);
    }
    await page.setViewportSize({ width: 640, height: 600 });
    await look('narrow');
    expect(found).toEqual({});
    expect(complaints).toEqual([]);
  });
});
