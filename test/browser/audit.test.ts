import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { LogFolder, manyOpened, pod } from '../../src/audit/audit.fixture.ts';
import { rememberKey } from '../../src/audit/known-keys.ts';
import { axeLooks, describeInBrowser, type PageOptions } from '../support/browser.ts';
import { useWindowWorld } from '../support/window-fixture.ts';

const rows = (page: Page) => page.locator('[data-row]');

describeInBrowser('what is on record, in a browser', () => {
  const fixture = useWindowWorld();
  /** Of a foreground forward, years ago: a thousand connections in one millisecond. */
  let old: LogFolder;
  beforeAll(async () => {
    const { world } = fixture;
    await world.stopDaemon();
    const { auditFolder } = world.home.places;
    old = new LogFolder(join(auditFolder, 'forward-1'));
    await old.write(manyOpened(1_000));
    await rememberKey(auditFolder, old.signer.key, { kept: { in: 'keychain' }, clock: old.clock });
    await world.startDaemon();
    await world.control.call('up', { names: ['orders-db'], waitMs: 20_000 });
  });

  async function opened(options: PageOptions = {}) {
    const { page, complaints } = await fixture.open(options);
    await page.getByRole('link', { name: 'Audit' }).click();
    await rows(page).first().waitFor();
    return { page, complaints };
  }

  it('shows what happens while it is looked at, and each event whole', async () => {
    const { page, complaints } = await opened();
    await fixture.world.control.call('up', { names: ['echo'], waitMs: 20_000 });
    const row = rows(page).filter({ hasText: 'tunnel-opened' }).filter({ hasText: 'user/echo' });
    await row.click();
    const panel = page.getByRole('region', { name: 'tunnel-opened' });
    await panel.getByText('service/net', { exact: true }).waitFor();
    const { records } = await fixture.world.control.call('audit', {
      filter: { tunnel: 'echo', events: ['tunnel-opened'] },
    });
    await panel.getByText(`Line ${records[0]?.record.seq} of the log daemon`).waitFor();
    await panel.getByRole('button', { name: 'Copy' }).click();
    await panel.getByRole('button', { name: 'Copied' }).waitFor();
    const line = await page.evaluate<string>('navigator.clipboard.readText()');
    const { audit } = await fixture.world.control.call('daemon', {});
    const folder = join(audit!.folder, 'daemon');
    const [file] = (await readdir(folder)).filter((name) => name.endsWith('.jsonl'));
    expect(await readFile(join(folder, file!), 'latin1')).toContain(`${line}\n`);
    expect(complaints).toEqual([]);
  });

  it('is narrowed by a fact of an event, by kinds and by words, and says by what', async () => {
    const { page } = await opened();
    const total = await rows(page).count();
    await rows(page)
      .filter({ hasText: 'tunnel-state' })
      .filter({ hasText: 'user/orders-db' })
      .first()
      .click();
    await page.getByRole('button', { name: 'only this Tunnel' }).click();
    const filters = page.getByRole('list', { name: 'Filters' });
    await filters.getByText('user/orders-db').waitFor();
    await rows(page).filter({ hasNotText: 'user/orders-db' }).first().waitFor({ state: 'detached' });

    await page.getByRole('button', { name: 'Kinds' }).press('Enter');
    await page.getByRole('menuitem', { name: 'None' }).press('Enter');
    await page.getByRole('menuitemcheckbox', { name: 'tunnel-opened' }).press('Enter');
    await page.keyboard.press('Escape');
    await rows(page).filter({ hasNotText: 'tunnel-opened' }).first().waitFor({ state: 'detached' });
    await filters.getByText('tunnel-opened', { exact: true }).waitFor();
    expect(await rows(page).count()).toBeLessThan(total);

    await page.getByRole('textbox', { name: 'Search events' }).fill('no such words');
    await page.getByText('Nothing like that is on record').waitFor();
    await page.getByRole('button', { name: 'Show all' }).click();
    await filters.waitFor({ state: 'detached' });
    await rows(page).filter({ hasText: 'tunnel-state' }).first().waitFor();
  });

  it('is narrowed field by field', async () => {
    const { page } = await opened();
    await page.getByRole('button', { name: 'Filter…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Filter events' });
    await dialog.getByLabel('From').fill('2024-01-01T00:00:00');
    await dialog.getByLabel('Up to').fill('2023-01-01T00:00:00');
    await dialog.getByText('ends before it begins').waitFor();
    expect(await dialog.getByRole('button', { name: 'Apply' }).isDisabled()).toBe(true);
    await dialog.getByLabel('From').fill('');
    await dialog.getByLabel('Up to').fill('2025-01-01T00:00:00');
    await dialog.getByLabel('Pod UID').fill(pod.uid);
    await dialog.getByLabel('Pod UID').press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await page.getByText('2023-11-1', { exact: false }).first().waitFor();
    await rows(page).filter({ hasText: 'sandbox-node' }).first().waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Without Pod UID' }).click();
    await page.getByRole('button', { name: 'Without Up to' }).click();
    await rows(page).filter({ hasText: 'sandbox-node' }).first().waitFor();
  });

  it('is gone through by keys alone to its beginning, with rows only where they can be seen', async () => {
    const { page } = await opened();
    await page.keyboard.press('ArrowDown');
    await rows(page).first().and(page.locator('[aria-current=true]:focus')).waitFor();
    const end = page.getByText('Nothing older is on record.');
    // Where the last one that is loaded is gone to, older ones come in below it.
    const next = page.locator('li:has(> [aria-current=true]) + li > [data-row]');
    for (let turn = 0; turn < 20 && !(await end.isVisible()); turn++) {
      await page.keyboard.press('End');
      await end.or(next).first().waitFor();
    }
    await end.waitFor();
    await page.keyboard.press('End');
    await page.locator('[data-row="forward-1/1"][aria-current=true]').waitFor();
    expect(await rows(page).count()).toBeLessThan(60);
    await page.keyboard.press('/');
    await page.keyboard.type('"connection":777,');
    await page.keyboard.press('ArrowDown');
    await page.getByRole('region', { name: 'connection-opened' }).getByText('777', { exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('region', { name: 'connection-opened' }).waitFor({ state: 'detached' });
  });

  it('says that it is what was written, and of a line that was changed where it is', async () => {
    const { page } = await opened();
    await page.getByText('Shown as it stands in the files, proven or not.').waitFor();
    await page.getByRole('button', { name: 'Verify' }).click();
    await page.getByText(/^All 2 logs are intact: \d+ lines/).waitFor();
    const written = await old.text();
    await old.setText(written.replace('"connection":2,', '"connection":7,'));
    fixture.stack.defer(() => old.setText(written));
    await page.getByRole('button', { name: 'Verify again' }).click();
    await page
      .getByRole('alert')
      .filter({ hasText: /forward-1 is broken: \S+\.jsonl line 4: changed/ })
      .waitFor();
    await page.getByRole('button', { name: 'Details' }).click();
    const dialog = page.getByRole('dialog', { name: 'What was found' });
    await dialog.getByText('Next: keep the files as they are').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();
    // What was found stays, with its time, when one comes back to it.
    await page.getByRole('link', { name: 'Tunnels' }).click();
    await page.getByRole('link', { name: 'Audit' }).click();
    await page.getByText(/Verified at \d\d:\d\d:\d\d/).waitFor();
  });

  it('saves what is found as lines that can be verified, and as a table', async () => {
    const { page, complaints } = await opened();
    await page.getByRole('button', { name: 'Kinds' }).click();
    await page.getByRole('menuitem', { name: 'All kinds' }).click();
    await page.keyboard.press('Escape');
    await page.getByRole('textbox', { name: 'Search events' }).fill('forward-1');
    const save = async (format: string) => {
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Export' }).click();
      await page.getByRole('menuitem', { name: format }).click();
      const saved = await download;
      return { name: saved.suggestedFilename(), text: await readFile(await saved.path(), 'latin1') };
    };
    const lines = await save('JSON Lines');
    expect(lines.name).toMatch(/^sallyport-audit-.*Z\.jsonl$/);
    const written = await old.text();
    const own = lines.text.split('\n').filter((line) => written.includes(line));
    expect(`${own.join('\n')}`).toBe(written);
    const table = await save('CSV');
    expect(table.text.split('\r\n').filter((line) => line.includes('connection-opened'))).toHaveLength(1_000);
    await page.getByText(/^Saved \d+ events as sallyport-audit-/).waitFor();
    expect(complaints).toEqual([]);
  });

  it.each(['light', 'dark'] as const)('has nothing for axe to find, %s', async (colorScheme) => {
    const { page, complaints } = await opened({ colorScheme });
    const { found, look } = axeLooks(page);
    await look('list');
    await rows(page).filter({ hasText: 'tunnel-opened' }).first().click();
    await page.getByRole('button', { name: 'only this Tunnel' }).click();
    await page.getByRole('list', { name: 'Filters' }).waitFor();
    await look('event');
    await page.getByRole('button', { name: 'Kinds' }).click();
    await page.getByRole('menuitemcheckbox').first().waitFor();
    await look('kinds');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Filter…' }).click();
    await page.getByRole('dialog').waitFor();
    await look('filter');
    await page.keyboard.press('Escape');
    const written = await old.text();
    await old.setText(written.replace('"connection":2,', '"connection":7,'));
    fixture.stack.defer(() => old.setText(written));
    await page.getByRole('button', { name: 'Verify' }).click();
    await page.getByRole('alert').waitFor();
    await page.getByRole('button', { name: 'Details' }).click();
    await page.getByRole('dialog').waitFor();
    await look('broken');
    await page.keyboard.press('Escape');
    await page.getByRole('textbox', { name: 'Search events' }).fill('no such words');
    await page.getByText('Nothing like that is on record').waitFor();
    await look('nothing found');
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.setViewportSize({ width: 640, height: 600 });
    await look('narrow');
    expect(found).toEqual({});
    expect(complaints).toEqual([]);
  });
});
