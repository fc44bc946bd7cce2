import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { MemoryKeychain } from '../../src/secret/memory-keychain.ts';
import { openWindow } from '../support/browser.ts';
import { product } from '../support/command.ts';
import { DaemonHome } from '../support/daemon-fixture.ts';
import { psqlTranscript, terminalPage } from './record-terminal.ts';

const builtPage = fileURLToPath(new URL('../../dist/renderer', import.meta.url));
const viewport = { width: 1280, height: 800 };

/** From nothing to a psql prompt, and the pod's restart after it: a picture of each step. */
export async function recordFirstSteps(browser: Browser, folder: string): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const scratch = await mkdtemp(join(tmpdir(), 'sallyport-record-'));
  // As root the sandbox runs Postgres as nobody.
  await chmod(scratch, 0o711);
  stack.defer(() => rm(scratch, { recursive: true, force: true }));
  const kubeconfig = join(scratch, 'kubeconfig');
  await writeFile(kubeconfig, JSON.stringify(foundKubeconfig), { mode: 0o600 });
  const home = stack.use(await DaemonHome.create({ KUBECONFIG: kubeconfig }));
  stack.use(
    await home.start({
      env: { ...home.env, TMPDIR: scratch },
      version: '0.1.0',
      pageFolder: builtPage,
      keychain: new MemoryKeychain(),
      sandboxCommand: [process.execPath, product, 'sandbox-process'],
    }),
  );
  const control = stack.use(home.control({ version: '0.1.0' }));
  const { url } = await control.call('ui', {});
  const { page } = stack.use(await openWindow(browser, url, { viewport }));
  const shot = (name: string, of: Page = page) =>
    of.screenshot({ path: join(folder, `first-steps-${name}.png`) });

  const door = page.getByRole('button', { name: 'Try the sandbox' });
  await door.waitFor();
  await page.getByText('shop-staging', { exact: true }).waitFor();
  await door.hover();
  await shot('1-nothing');

  await door.click();
  await page.getByRole('button', { name: 'Copy psql command' }).waitFor();
  await page.getByRole('button', { name: 'Restart the pod' }).waitFor();
  await page.locator('[data-row="ad-hoc/sandbox"]').getByText('ready').waitFor();
  await shot('2-connected');

  await page.getByRole('button', { name: 'Copy psql command' }).click();
  await page.getByRole('button', { name: 'Copied psql command' }).waitFor();
  await shot('3-copied');
  const command = await page.evaluate<string>('navigator.clipboard.readText()');

  await using psql = await psqlTranscript(command, {
    ask: ['create table parcels (id int primary key, city text);', "insert into parcels values (1, 'Oslo');"],
  });
  await using terminal = await terminalPage(browser, viewport);
  await terminal.show(psql.text);
  await shot('4-psql', terminal.page);

  const uid = page.getByRole('region', { name: 'sandbox' }).getByText(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
  const before = await uid.innerText();
  await page.getByRole('button', { name: 'Restart the pod' }).click();
  await uid.filter({ hasNotText: before }).waitFor();
  await page.getByRole('tab', { name: 'History' }).click();
  await page
    .getByText(new RegExp(`postgres-0 · ${before.slice(0, 4)}`))
    .last()
    .waitFor();
  await shot('5-restarted');
  await psql.ask(['table parcels;', 'table parcels;']);
  await terminal.show(psql.text);
  await shot('6-goes-on', terminal.page);
}

const cluster = { server: 'https://api.shop.example.com:6443' };
const contexts = ['shop-staging', 'shop-production', 'kind-local'];
const foundKubeconfig = {
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': contexts[0],
  clusters: [{ name: 'shop', cluster }],
  users: [{ name: 'dev', user: { token: 'none' } }],
  contexts: contexts.map((name) => ({ name, context: { cluster: 'shop', user: 'dev', namespace: 'shop' } })),
};
