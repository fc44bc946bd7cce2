import type { Page } from 'playwright-core';
import { afterEach, expect, it } from 'vitest';
import type { Allow } from '../../src/sandbox/access.ts';
import { axeLooks, describeInBrowser, type PageOptions } from '../support/browser.ts';
import { useWindowWorld } from '../support/window-fixture.ts';

const row = (page: Page, id: string) => page.locator(`[data-row="${id}"]`);
const item = (page: Page, id: string) => page.locator('li', { has: row(page, id) });
const mayNotForward: Allow = (_who, { subresource }) => subresource !== 'portforward';
const mayNotWatch: Allow = (_who, { verb }) => verb !== 'watch';

describeInBrowser('checks in a browser', () => {
  const fixture = useWindowWorld();
  afterEach(() => fixture.world.sandbox.controls.setAccess(() => true));

  async function opened(options: PageOptions = {}) {
    const { page, complaints } = await fixture.open(options);
    await page.getByRole('link', { name: 'Check' }).click();
    await page.getByText('Where things are').waitFor();
    const panel = page.getByRole('region', { name: 'What was found' });
    return { page, panel, complaints };
  }

  it('shows how the daemon is, and where its things are', async () => {
    const { panel, complaints } = await opened();
    const status = await fixture.world.control.call('daemon', {});
    for (const text of [status.version, String(status.pid), status.log, status.socket])
      await panel.getByText(text, { exact: true }).waitFor();
    await panel.getByText('The key that signs the audit log lasts for this run alone').waitFor();
    await panel.getByText('sallyport daemon restart').waitFor();
    expect(complaints).toEqual([]);
  });

  it('checks all, and leads to those that have no pod', async () => {
    const { page, panel } = await opened();
    await page.getByRole('button', { name: 'Check all' }).click();
    await page.getByText('7 of 7 checked').waitFor();
    const uid = fixture.world.sandbox.controls.pods.get('default/postgres-0')!.metadata.uid!;
    await item(page, 'user/orders-db')
      .getByText(`postgres-0 · ${uid.slice(0, 4)}`)
      .waitFor();
    await page.getByRole('button', { name: /^Trouble/ }).click();
    await row(page, 'user/orders-db').waitFor({ state: 'detached' });
    await row(page, 'user/reports').click();
    await panel.getByText('You may reach it, and no pod is there now.').waitFor();
    await panel.getByText('SP-TARGET-NOT-FOUND').waitFor();
  });

  it('says which right is missing, and copies the Role to ask for', async () => {
    fixture.world.sandbox.controls.setAccess(mayNotForward);
    const { page, panel, complaints } = await opened();
    await page.getByRole('button', { name: 'Check orders-db' }).click();
    await panel.getByText('may not create pods/portforward postgres-0').waitFor();
    await panel.getByText('may get pods postgres-0').waitFor();
    const { missingRole } = await fixture.world.control.call('check', { name: 'orders-db' });
    await panel.getByRole('button', { name: 'Copy' }).click();
    await panel.getByRole('button', { name: 'Copied' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(missingRole);
    expect(missingRole).toContain('pods/portforward');

    fixture.world.sandbox.controls.setAccess(mayNotWatch);
    await panel.getByRole('button', { name: 'Check again' }).click();
    await panel.getByText('may not watch pods postgres-0: done without').waitFor();
    await panel.getByText('The Role to ask for').waitFor({ state: 'detached' });
    // It is known when one comes back.
    await page.getByRole('link', { name: 'Tunnels' }).click();
    await page.getByRole('link', { name: 'Check' }).click();
    await item(page, 'user/orders-db')
      .getByText(/done without watch pods/)
      .waitFor();
    expect(complaints).toEqual([]);
  });

  it('is used by keys alone', async () => {
    const { page, panel } = await opened();
    await page.keyboard.press('/');
    await page.keyboard.type('echo');
    await page.keyboard.press('ArrowDown');
    await row(page, 'user/echo').and(page.locator('[aria-current=true]:focus')).waitFor();
    await panel.getByText('Not checked yet.').waitFor();
    await page.keyboard.press('Enter');
    await panel.getByText('A pod answers, and you may reach it.').waitFor();
    await panel.getByText('The least Role').press('Enter');
    await panel.getByText('kind: Role').first().waitFor();
    await page.keyboard.press('Escape');
    await panel.getByText('Where things are').waitFor();
  });

  it.each(['light', 'dark'] as const)('has nothing for axe to find, %s', async (colorScheme) => {
    fixture.world.sandbox.controls.setAccess(mayNotForward);
    const { page, panel, complaints } = await opened({ colorScheme });
    const { found, look } = axeLooks(page);
    await look('daemon');
    await row(page, 'user/echo').click();
    await look('not checked');
    await page.getByRole('button', { name: 'Check orders-db' }).click();
    await panel.getByText('The Role to ask for').waitFor();
    await look('missing');
    fixture.world.sandbox.controls.setAccess(mayNotWatch);
    await page.getByRole('button', { name: 'Check all' }).click();
    await page.getByText('7 of 7 checked').waitFor();
    await look('degraded');
    await row(page, 'user/reports').click();
    await panel.getByText('SP-TARGET-NOT-FOUND').waitFor();
    await look('no pod');
    await page.setViewportSize({ width: 640, height: 600 });
    await look('narrow');
    expect(found).toEqual({});
    expect(complaints).toEqual([]);
  });
});
