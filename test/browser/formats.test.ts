import type { Page } from 'playwright-core';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type ConnectionKind, formatsByKind, formatTitle } from '../../src/contract/connection-format.ts';
import { describeInBrowser, type WatchedPage } from '../support/browser.ts';
import { runCopied } from '../support/postgres-programs.ts';
import { app } from '../support/real-database.ts';
import { useWindowWorld } from '../support/window-fixture.ts';

/** A profile cannot be of kafka, whose brokers name themselves to their clients. */
const kinds = (Object.keys(formatsByKind) as ConnectionKind[]).filter((kind) => kind !== 'kafka');

/** What is on the clipboard after a choice in the menu, for each kind of tunnel and each of its formats. */
describeInBrowser('copying', () => {
  const profile = (server: string, kind: ConnectionKind) => ({
    cluster: { server },
    namespace: 'default',
    kind,
    ...(kind === 'postgres'
      ? {
          target: 'statefulset/postgres/0',
          port: 5432,
          connection: { database: app.database, user: app.user },
        }
      : { target: 'service/net', port: 'echo' }),
  });
  const fixture = useWindowWorld({
    profiles: ({ server }) => Object.fromEntries(kinds.map((kind) => [`a-${kind}`, profile(server, kind)])),
  });
  let window: WatchedPage;
  let page: Page;
  beforeAll(async () => {
    await fixture.world.control.call('up', { all: true, waitMs: 20_000 });
  });
  beforeEach(async () => {
    window = await fixture.open();
    ({ page } = window);
  });
  afterEach(() => expect(window.complaints).toEqual([]));

  const clipboard = () => page.evaluate<string>('navigator.clipboard.readText()');

  async function copied(kind: ConnectionKind, title: string): Promise<string> {
    await page.getByRole('button', { name: `a-${kind}, ready` }).click();
    await page.getByRole('button', { name: 'All formats' }).click();
    const choice = page.getByRole('menuitem').filter({ has: page.getByText(title, { exact: true }) });
    await choice.click();
    await page.getByRole('button', { name: `Copied ${title}`, exact: true }).waitFor();
    return await clipboard();
  }

  it.each(kinds)('gives each format of %s as the daemon writes it', async (kind) => {
    for (const format of formatsByKind[kind]) {
      await page.evaluate("navigator.clipboard.writeText('')");
      const answer = await fixture.world.control.call('connectionString', { name: `a-${kind}`, format });
      if (answer.kind !== 'written') throw new Error('nothing was to be asked');
      expect(await copied(kind, formatTitle[format]), format).toBe(answer.string.text);
    }
  });

  it.each(['psql', 'uri', 'libpq'] as const)(
    'gives a string of %s that psql logs in with',
    async (format) => {
      const text = await copied('postgres', formatTitle[format]);
      const command = format === 'psql' ? text : 'psql -d "$COPIED"';
      const env = { COPIED: text, PGPASSWORD: app.password };
      expect(await runCopied(command, 'select current_user', env)).toBe(app.user);
    },
  );

  it('takes the format that was chosen last by itself the next time, also after the page is loaded again', async () => {
    await copied('postgres', formatTitle.jdbc);
    const jdbc = await clipboard();
    await page.evaluate("navigator.clipboard.writeText('')");
    await page.reload();
    await page.getByRole('button', { name: 'a-postgres, ready' }).click();
    await page.getByRole('button', { name: 'Copy JDBC URL', exact: true }).click();
    await page.getByRole('button', { name: 'Copied JDBC URL' }).waitFor();
    expect(await clipboard()).toBe(jdbc);
  });
});
