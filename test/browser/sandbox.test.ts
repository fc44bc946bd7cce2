import { afterEach, expect, it } from 'vitest';
import { axeLooks, describeInBrowser, type PageOptions } from '../support/browser.ts';
import { runCopied } from '../support/postgres-programs.ts';
import { useWindowWorld } from '../support/window-fixture.ts';

describeInBrowser('the first run in a browser', () => {
  const fixture = useWindowWorld({ profiles: {} });
  afterEach(() => fixture.world.control.call('stopSandbox', {}));

  async function opened(options: PageOptions = {}) {
    const { page, complaints } = await fixture.open(options);
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
    const select = () => runCopied(command, 'select 40 + 2');
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
    const { found, look } = axeLooks(page);
    await look('first');
    await page.getByRole('button', { name: 'Try the sandbox' }).click();
    await page.getByRole('button', { name: 'Restart the pod' }).waitFor();
    await look('panel');
    await page.setViewportSize({ width: 640, height: 700 });
    await look('narrow');
    expect(found).toEqual({});
    expect(complaints).toEqual([]);
  });
});
