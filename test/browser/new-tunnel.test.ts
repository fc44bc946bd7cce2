import { readFile, writeFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { axeViolations, describeInBrowser, openWindow, startBrowser } from '../support/browser.ts';
import { startWindowWorld, type WindowWorld } from '../support/window-world.ts';

const row = (page: Page, name: string) => page.locator(`[data-row="user/${name}"]`);
const listed = (page: Page, key: string) => page.locator(`[data-object="${key}"]`);
const field = (page: Page, name: string) => page.getByLabel(name, { exact: true });

/** What an operator leaves in a cluster, and what no tunnel can lead to. */
const further = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'empty' } },
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'many' } },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'shop-db-rw', namespace: 'default', labels: { 'cnpg.io/cluster': 'shop-db' } },
    spec: {
      selector: { 'cnpg.io/cluster': 'shop-db', role: 'primary' },
      ports: [{ name: 'postgres', port: 5432, targetPort: 5432 }],
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'warehouse', namespace: 'default' },
    spec: { type: 'ExternalName', externalName: 'db.example.com' },
  },
];

const many = 300;
const services = Array.from({ length: many }, (_, index) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: `service-${index}`, namespace: 'many' },
  spec: { selector: { app: 'none' }, ports: [{ port: 80 }] },
}));

describeInBrowser('profiles made in a window', () => {
  let browser: Browser;
  let world: WindowWorld;
  let stack: AsyncDisposableStack;
  let before: string;
  beforeAll(async () => {
    browser = await startBrowser();
    world = await startWindowWorld();
    world.sandbox.controls.create(...further, ...services);
    before = await readFile(world.home.places.userFile, 'utf8');
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
    world.sandbox.controls.setAccess(() => true);
    await world.control.call('down', { all: true });
    await writeFile(world.home.places.userFile, before);
    await world.control.call('reload', {});
  });

  const profile = async (id: string) =>
    (await world.control.call('profiles', {})).profiles.find((each) => each.id === id)?.profile;

  async function opened(options: Parameters<typeof openWindow>[2] = {}) {
    const { page, complaints } = stack.use(await openWindow(browser, await world.address(), options));
    await row(page, 'orders-db').waitFor();
    return { page, complaints };
  }

  it('comes from the cluster in a few clicks, and connects', async () => {
    const { page, complaints } = await opened();
    await page.getByRole('link', { name: 'New tunnel' }).click();
    await listed(page, 'StatefulSet/default/postgres').click();
    await field(page, 'Name').fill('made-here');
    await field(page, 'To which pod').selectOption('postgres-0 alone');
    await expect.poll(() => field(page, 'Target').inputValue()).toBe('statefulset/postgres/0');
    expect(await field(page, 'Name').inputValue()).toBe('made-here');
    await page.getByRole('button', { name: 'Save and connect' }).click();
    await page.getByRole('region', { name: 'made-here' }).getByText('ready', { exact: true }).waitFor();
    expect(await profile('user/made-here')).toMatchObject({
      target: 'statefulset/postgres/0',
      port: 'postgres',
      kind: 'postgres',
    });
    expect(complaints).toEqual([]);
  });

  it('is found by keys alone, among what can be reached', async () => {
    const { page } = await opened();
    await page.keyboard.press('n');
    await listed(page, 'Service/default/warehouse').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('warehouse');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    expect(await page.getByRole('region', { name: 'New tunnel to warehouse' }).count()).toBe(0);
    await page.getByText('ExternalName: it leads out of the cluster').first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.press('Control+a');
    await page.keyboard.type('cloudnative');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await expect.poll(() => field(page, 'Name').inputValue()).toBe('shop-db-rw');
    expect(await field(page, 'Password').inputValue()).toBe('auto');
    await page.keyboard.press('Control+s');
    await row(page, 'shop-db-rw').waitFor();
    expect((await profile('user/shop-db-rw'))?.connection?.password).toEqual({ secret: 'auto' });
  });

  it('is found among hundreds, of which only those exist that can be seen', async () => {
    const { page } = await opened();
    await page.getByRole('link', { name: 'New tunnel' }).click();
    await field(page, 'Namespace').selectOption('many');
    await listed(page, 'Service/many/service-0').focus();
    expect(await page.locator('[data-object]').count()).toBeLessThan(40);
    await page.keyboard.press('End');
    // By the alphabet.
    await listed(page, 'Service/many/service-99').and(page.locator(':focus')).waitFor();
    await field(page, 'Namespace').selectOption('all namespaces');
    await page.getByRole('textbox', { name: 'Search' }).fill('many service-77');
    await listed(page, 'Service/many/service-77').waitFor();
    expect(await page.locator('[data-object]').count()).toBe(1);
  });

  it('says what may not be listed and shows the rest, and takes a namespace that is typed', async () => {
    world.sandbox.controls.setAccess(
      (_user, { resource, verb }) => verb !== 'list' || !['namespaces', 'statefulsets'].includes(resource),
    );
    const { page } = await opened();
    await page.getByRole('link', { name: 'New tunnel' }).click();
    await page.getByText('You may not list namespaces here').waitFor();
    await page.getByText('You may not list StatefulSets here').click();
    await page.getByText('SP-FORBIDDEN').last().waitFor();
    await listed(page, 'Service/default/net').waitFor();
    await field(page, 'Namespace').fill('empty');
    await page.keyboard.press('Enter');
    await page.getByText('You may not see all that empty has').waitFor();
  });

  it('comes from a kubectl line, says what it leaves behind, and takes what is chosen', async () => {
    const { page } = await opened();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('import');
    await page.keyboard.press('Enter');
    const text = page.getByRole('textbox', { name: /kubectl line/ });
    await text.fill('ssh -L 5432:db:5432 bastion');
    await page.getByText('SP-IMPORT').waitFor();
    await text.fill('kubectl port-forward -n default svc/net 17001:7007 17002:7010 --pod-running-timeout=1m');
    await field(page, 'net-7007').waitFor();
    await field(page, 'net-7010').uncheck();
    await page.getByRole('button', { name: 'Add net-7007' }).click();
    await row(page, 'net-7007').waitFor();
    expect(await profile('user/net-7007')).toMatchObject({ target: 'svc/net', port: 7007, local: 17_001 });
    expect(await profile('user/net-7010')).toBeUndefined();
  });

  it('comes from a file, and can be changed before it is added', async () => {
    const { page } = await opened();
    await page.getByRole('link', { name: 'New tunnel' }).click();
    await page.getByRole('link', { name: 'Paste or import' }).click();
    const exported = [
      {
        alias: 'From kftray',
        service: 'net',
        namespace: 'default',
        local_port: 17_003,
        remote_port: 7007,
        protocol: 'tcp',
        workload_type: 'service',
      },
      {
        alias: 'DNS',
        service: 'dns',
        namespace: 'kube-system',
        local_port: 5353,
        remote_port: 53,
        protocol: 'udp',
        workload_type: 'service',
      },
    ];
    await page.getByLabel('File to import').setInputFiles({
      name: 'kftray.json',
      mimeType: 'application/json',
      buffer: Buffer.from(JSON.stringify(exported)),
    });
    await page.getByRole('region', { name: 'Not carried over' }).getByText('DNS').waitFor();
    await page.getByRole('button', { name: 'Change from-kftray first' }).click();
    await field(page, 'Name').fill('from-file');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await row(page, 'from-file').waitFor();
    expect(await profile('user/from-file')).toMatchObject({ local: 17_003 });
  });

  it.each(['light', 'dark'] as const)(
    'has nothing for axe to find, %s',
    async (colorScheme) => {
      const { page, complaints } = await opened({ colorScheme });
      const found: Record<string, unknown> = {};
      const look = async (what: string) => {
        found[what] = await axeViolations(page);
      };
      await page.getByRole('link', { name: 'New tunnel' }).click();
      await listed(page, 'Service/default/net').waitFor();
      await look('cluster');
      await listed(page, 'Service/default/shop-db-rw').click();
      await field(page, 'Password').waitFor();
      await look('proposal');
      await page.getByRole('tab', { name: 'YAML' }).click();
      await look('proposal as YAML');
      await page.getByRole('link', { name: 'Paste or import' }).click();
      await page.getByRole('textbox').fill('kubectl port-forward svc/net 17001:7007 7010');
      await page.getByRole('region', { name: 'What comes in' }).waitFor();
      await look('import');
      await page.getByRole('link', { name: 'By hand' }).click();
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await page.getByText('It needs a name').waitFor();
      await look('by hand, refused');
      await page.setViewportSize({ width: 640, height: 600 });
      await look('narrow');
      expect(found).toEqual(Object.fromEntries(Object.keys(found).map((what) => [what, []])));
      expect(complaints).toEqual([]);
      // axe looks at six screens, which takes a busy machine long.
    },
    120_000,
  );
});
