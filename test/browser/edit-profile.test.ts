import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { axeViolations, describeInBrowser, openWindow, startBrowser } from '../support/browser.ts';
import { startWindowWorld, type WindowWorld } from '../support/window-world.ts';

const row = (page: Page, name: string) => page.locator(`[data-row="user/${name}"]`);
const field = (page: Page, name: string) => page.getByLabel(name, { exact: true });

describeInBrowser('profiles changed in a window', () => {
  let browser: Browser;
  let world: WindowWorld;
  let stack: AsyncDisposableStack;
  let before: string;
  beforeAll(async () => {
    browser = await startBrowser();
    world = await startWindowWorld();
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

  it('is opened where it is refused, mended there, and starts', async () => {
    const { profiles, ...rest } = JSON.parse(before);
    const broken = { ...profiles.echo, port: 99_999 };
    await world.home.writeProfiles({ ...rest, profiles: { ...profiles, echo: broken } });
    await world.control.call('reload', {});
    const { page, complaints } = await opened();
    await page.getByRole('link', { name: /^Team/ }).click();
    await page.getByRole('link', { name: 'Mend user/echo' }).click();
    await page.getByText('It does not start: it has errors').waitFor();
    await page.getByText(/^port must be .* not 99999$/).waitFor();
    await field(page, 'Port').fill('echo');
    await page.getByRole('button', { name: 'Save and connect' }).click();
    await page.getByRole('region', { name: 'echo' }).getByText('ready', { exact: true }).waitFor();
    expect(await profile('user/echo')).toMatchObject({ port: 'echo' });
    expect(complaints).toEqual([]);
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

  it('is renamed in the file and its groups, once its tunnel is down', async () => {
    await world.control.call('editProfile', {
      edit: { kind: 'join-group', name: 'work', members: ['echo'] },
    });
    await world.control.call('up', { names: ['echo'], waitMs: 10_000 });
    const { page } = await editing('echo');
    await page.getByRole('button', { name: 'Rename…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Rename echo' });
    await dialog.getByText('Its tunnel is up, and goes down first.').waitFor();
    const rename = dialog.getByRole('button', { name: 'Rename' });
    expect(await rename.isDisabled()).toBe(true);
    await field(page, 'New name').fill('billing');
    await dialog.getByText('You have a profile billing already').waitFor();
    expect(await rename.isDisabled()).toBe(true);
    await field(page, 'New name').fill('echo-again');
    await page.keyboard.press('Enter');
    await row(page, 'echo-again').waitFor();
    await row(page, 'echo').waitFor({ state: 'detached' });
    const { groups } = await world.control.call('profiles', {});
    expect(groups.find(({ name }) => name === 'work')?.members).toEqual(['user/echo-again']);
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
      // axe looks at five screens, which takes a busy machine long.
    },
    120_000,
  );
});
