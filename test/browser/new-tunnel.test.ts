import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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

describeInBrowser('profiles made and changed in a window', () => {
  let browser: Browser;
  let world: WindowWorld;
  let stack: AsyncDisposableStack;
  let before: string;
  beforeAll(async () => {
    browser = await startBrowser();
    world = await startWindowWorld();
    world.sandbox.controls.create(...further, ...services);
    const { home, control } = world;
    const team = join(home.dir, 'team');
    await mkdir(team);
    const shared = {
      cluster: { server: world.sandbox.server },
      namespace: 'default',
      target: 'service/net',
      port: 'echo',
      local: 17_107,
    };
    await writeFile(
      join(team, 'shared.yaml'),
      JSON.stringify({ version: 1, profiles: { 'shared-echo': shared } }),
    );
    const own = JSON.parse(await readFile(home.places.userFile, 'utf8'));
    await home.writeProfiles({ ...own, sources: { team: { folder: team } } });
    await control.call('reload', {});
    const { profiles } = await control.call('profiles', {});
    const { id, hash } = profiles.find(({ source }) => source === 'team')!;
    await control.call('trust', { profile: id, hash });
    before = await readFile(home.places.userFile, 'utf8');
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

  async function editing(name: string) {
    const { page, complaints } = await opened();
    await row(page, name).click();
    await page.getByRole('button', { name: 'Edit the profile' }).click();
    await field(page, 'Description').waitFor();
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

  it('keeps what is written while it is looked at elsewhere, and between form and YAML', async () => {
    const { page } = await editing('orders-db');
    await field(page, 'Description').fill('Written here');
    await field(page, 'Local port').fill('99999');
    await page.getByText('local must be a port from 1 to 65535, not 99999').waitFor();
    await page.getByRole('tab', { name: 'YAML' }).click();
    const yaml = page.getByRole('textbox', { name: 'YAML' });
    const text = await yaml.inputValue();
    expect(text).toContain('description: Written here\n');
    await yaml.fill(`# why it is so\n${text}cluster2: [\n`);
    await page
      .getByRole('button', { name: /^\d+:\d+/ })
      .first()
      .waitFor();
    await page.getByRole('tab', { name: 'Form' }).click();
    await page.getByText('As it is written now, it cannot be shown as a form').waitFor();
    await page.getByRole('link', { name: 'Audit' }).click();
    await page.goBack();
    await page.getByRole('tab', { name: 'YAML' }).click();
    expect(await yaml.inputValue()).toBe(`# why it is so\n${text}cluster2: [\n`);
    await yaml.fill(`# why it is so\n${text}`);
    await page.getByRole('tab', { name: 'Form' }).click();
    await field(page, 'Local port').fill('15999');
    await page.getByRole('tab', { name: 'YAML' }).click();
    expect(await yaml.inputValue()).toBe(`# why it is so\n${text.replace('99999', '15999')}`);
    expect((await profile('user/orders-db'))?.description).toBe('Orders and payments of the shop');
    await page.keyboard.press('Control+s');
    await page.getByText('Not saved yet').waitFor({ state: 'detached' });
    expect(await profile('user/orders-db')).toMatchObject({ description: 'Written here', local: 15_999 });
    await yaml.waitFor();
    await expect.poll(() => yaml.inputValue()).not.toContain('why it is so');
    expect(await yaml.inputValue()).toContain('description: Written here\n');
  });

  it('says that the file was changed meanwhile, and shows that when what is written is let go', async () => {
    const { page } = await editing('cache');
    const was = (await profile('user/cache'))!;
    const change = async (description: string) => {
      const edit = { kind: 'change' as const, name: 'cache', profile: { ...was, description } };
      await world.control.call('editProfile', { edit });
    };
    await change('By somebody else');
    await expect.poll(() => field(page, 'Description').inputValue()).toBe('By somebody else');
    await field(page, 'Description').fill('Mine');
    await change('By somebody else again');
    await page.getByText('The file has been changed since you began here').waitFor();
    expect(await field(page, 'Description').inputValue()).toBe('Mine');
    await page.getByRole('button', { name: 'Discard changes' }).click();
    await expect.poll(() => field(page, 'Description').inputValue()).toBe('By somebody else again');
  });

  it('leads to the place of a fault in the YAML, and saves nothing that is wrong', async () => {
    const { page } = await editing('orders-db');
    await page.getByRole('tab', { name: 'YAML' }).click();
    const yaml = page.getByRole('textbox', { name: 'YAML' });
    const text = await yaml.inputValue();
    await yaml.fill(`${text}colour: red\n`);
    const line = text.split('\n').length;
    await page.keyboard.press('Control+s');
    await page.getByRole('alert').getByText('SP-PROFILE-INVALID').waitFor();
    await page.getByRole('button', { name: new RegExp(`^${line}:1 .*colour`) }).click();
    const at = await page.evaluate<number>("document.querySelector('textarea').selectionStart");
    expect((await yaml.inputValue()).slice(at)).toBe('colour: red\n');
    expect(await readFile(world.home.places.userFile, 'utf8')).toBe(before);
  });

  it('says at the field that a name or a port is taken, and goes there', async () => {
    const { page } = await opened();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('edit analytics');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Duplicate' }).click();
    await expect.poll(() => field(page, 'Name').inputValue()).toMatch(/-copy$/);
    expect(await field(page, 'Target').inputValue()).toBe('service/postgres');
    const { local: billing } = (await profile('user/billing'))!;
    await field(page, 'Local port').fill(String(billing));
    await page.getByText(`${billing} is already that of billing`).waitFor();
    await field(page, 'Local port').fill('');
    await field(page, 'Name').fill('billing');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('You have a profile billing already').waitFor();
    expect(await page.evaluate('document.activeElement.name')).toBe('name');
    await field(page, 'Name').fill('billing-too');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await row(page, 'billing-too').waitFor();
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

  it('goes when it is confirmed, with its tunnel, and not before', async () => {
    await world.control.call('up', { names: ['echo'], waitMs: 10_000 });
    const { page } = await editing('echo');
    await page.getByRole('button', { name: 'Delete…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete echo?' });
    await dialog.getByText('Its tunnel is up, and goes down first.').waitFor();
    await dialog.getByRole('button', { name: 'Keep it' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await profile('user/echo')).toBeDefined();
    await page.getByRole('button', { name: 'Delete…' }).click();
    await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
    await row(page, 'orders-db').waitFor();
    await row(page, 'echo').waitFor({ state: 'detached' });
    expect(await profile('user/echo')).toBeUndefined();
  });

  it('is only overridden where another shares it', async () => {
    const { page } = await opened();
    await page.locator('[data-row="team/shared-echo"]').click();
    await page.keyboard.press('e');
    await page.getByRole('heading', { name: 'As it is shared' }).waitFor();
    expect(await page.getByRole('textbox', { name: 'YAML' }).isEditable()).toBe(false);
    await field(page, 'Local port').fill('70000');
    await page.getByText('must be a port from 1 to 65535').waitFor();
    await field(page, 'Local port').fill('17999');
    await field(page, 'Context').selectOption('sandbox');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.locator('[data-row="team/shared-echo"]').waitFor();
    expect(await profile('team/shared-echo')).toMatchObject({ local: 17_999 });
    await page.keyboard.press('e');
    await field(page, 'Local port').fill('');
    await field(page, 'Context').selectOption({ index: 0 });
    await page.keyboard.press('Control+s');
    await page.getByText('Not saved yet').waitFor({ state: 'detached' });
    expect(await profile('team/shared-echo')).toMatchObject({ local: 17_107 });
    expect(await readFile(world.home.places.userFile, 'utf8')).not.toContain('overrides');
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
      await page.getByRole('link', { name: 'Tunnels' }).click();
      await row(page, 'orders-db').click();
      await page.keyboard.press('e');
      await field(page, 'Ends after').fill('soon');
      await page.getByText(/must be a duration/).waitFor();
      await look('edit');
      await page.getByRole('tab', { name: 'YAML' }).click();
      await look('YAML');
      await page.getByRole('button', { name: 'Delete…' }).click();
      await page.getByRole('dialog').waitFor();
      await look('delete');
      await page.keyboard.press('Escape');
      await page.evaluate("location.hash = '#/edit/team%2Fshared-echo'");
      await page.getByRole('heading', { name: 'As it is shared' }).waitFor();
      await look('shared');
      await page.setViewportSize({ width: 640, height: 600 });
      await look('narrow');
      expect(found).toEqual(Object.fromEntries(Object.keys(found).map((what) => [what, []])));
      expect(complaints).toEqual([]);
      // axe looks at eleven screens, which takes a busy machine long.
    },
    120_000,
  );
});
