import { connect, type Socket } from 'node:net';
import { Client } from 'pg';
import type { Page } from 'playwright-core';
import { afterEach, expect, it } from 'vitest';
import type { HistoryEntry } from '../../src/contract/control-tunnel.ts';
import type { PodIdentity } from '../../src/contract/pod.ts';
import { axeLooks, describeInBrowser, type PageOptions } from '../support/browser.ts';
import { fakePod } from '../support/fake-control.ts';
import { app } from '../support/real-database.ts';
import { useWindowWorld } from '../support/window-fixture.ts';
import type { WindowWorld } from '../support/window-world.ts';

const tabs = ['Now', 'Connections', 'History', 'Traffic', 'Check', 'Log'] as const;

describeInBrowser('one tunnel', () => {
  const fixture = useWindowWorld({ profiles: ({ server }) => profiles(server) });
  afterEach(() => fixture.world.control.call('down', { all: true }));

  /** A window with one tunnel up and chosen in it. */
  async function opened(name: string, options: PageOptions = {}) {
    const { outcomes } = await fixture.world.control.call('up', {
      names: [name],
      reason: 'PAY-117 refund',
      waitMs: 20_000,
    });
    const port = outcomes[0]?.tunnel?.localPort ?? 0;
    const { page, complaints } = await fixture.open(options);
    await page.locator(`[data-row="user/${name}"]`).click();
    await page.getByRole('region', { name }).waitFor();
    return { page, complaints, port };
  }

  const look = (page: Page, tab: (typeof tabs)[number]) => page.getByRole('tab', { name: tab }).click();

  async function logIn(port: number, application: string, name = 'orders-db'): Promise<Client> {
    const login = await fixture.world.control.call('password', { name });
    const client = new Client({
      host: '127.0.0.1',
      port,
      user: app.user,
      database: app.database,
      password: login.kind === 'found' ? login.password : '',
      application_name: application,
    });
    client.on('error', () => {});
    await client.connect();
    fixture.stack.defer(() => client.end().catch(() => {}));
    return client;
  }

  /** Clients that say nothing, of a server that says nothing. */
  function silent(port: number, count: number): Socket[] {
    const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1').on('error', () => {}));
    fixture.stack.defer(() => {
      for (const socket of sockets) socket.destroy();
    });
    return sockets;
  }

  it('says which program is connected, as whom, and with how many bytes, while it moves on', async () => {
    const { page, port, complaints } = await opened('orders-db');
    await look(page, 'Connections');
    await page.getByText('Nobody has connected yet.').waitFor();
    const client = await logIn(port, 'the report');
    const row = page.getByRole('list', { name: 'Live connections' }).getByRole('listitem');
    await row.filter({ hasText: `${app.user}@${app.database} · the report` }).waitFor();
    await row.getByText(new RegExp(`node · ${process.pid}`)).waitFor();
    await client.query(`select repeat('x', 3 * 1024 * 1024)`);
    await row.getByText(/^3\.0 MiB received, /).waitFor();
    await client.end();
    await page.getByText('Nobody is connected now.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('has rows only for those of many connections that can be seen, and all can be reached', async () => {
    const { page, port } = await opened('echo');
    await look(page, 'Connections');
    silent(port, 150);
    await page.getByText('150 connections', { exact: true }).waitFor();
    const rows = page.getByRole('list', { name: 'Live connections' }).getByRole('listitem');
    await rows.filter({ hasText: /connection 1\D/ }).waitFor();
    expect(await rows.count()).toBeLessThan(60);
    await rows.first().hover();
    await page.mouse.wheel(0, 100_000);
    await rows.filter({ hasText: 'connection 150' }).waitFor();
    expect(await rows.count()).toBeLessThan(60);
  });

  it('answers which pod it was on at 14:03, to pointer, keys and a written time', async () => {
    const { page } = await opened('orders-db', {
      prepare: (page) => scriptHistory(page, fixture.world.control),
    });
    await look(page, 'History');
    const bar = page.getByRole('slider', { name: 'Which pod answered when' });
    const answer = page.getByRole('region', { name: 'orders-db' }).locator('output');
    const at = page.getByLabel('At', { exact: true });
    await at.fill(localTime(daysAgo(1, 14, 3)));
    await answer.getByText('postgres-0 · 2c98 · node-1 · replica').waitFor();
    await answer.getByText(/14:00:00 – 14:10:00 · 10 min$/).waitFor();
    expect(await bar.getAttribute('aria-valuetext')).toMatch(/14:03:00: postgres-0 · 2c98/);
    await bar.focus();
    await page.keyboard.press('PageUp');
    await answer.getByText('postgres-0 · 2c98 · node-1 · primary').waitFor();
    await page.keyboard.press('PageUp');
    await answer.getByText('waiting · postgres-0 was deleted').waitFor();
    await page.keyboard.press('PageUp');
    await answer.getByText('postgres-0 · 7f3a · node-2 · primary').waitFor();
    await page.keyboard.press('End');
    await answer.getByText('off · no daemon was there').waitFor();
    await page.keyboard.press('Home');
    await answer.getByText('Nothing is known of then.').waitFor();
    const { x, y, width } = (await bar.boundingBox())!;
    await page.mouse.move(x + width * 0.98, y + 8);
    await answer.getByText('postgres-0 · 7f3a · node-2 · primary').waitFor();
    const list = page.getByRole('list', { name: 'History, newest first' });
    await list.getByText('now primary, was replica').waitFor();
    await list.getByText('a new pod, was 2c98 · after a gap of 3.1 s · 2 held connections served').waitFor();
  });

  it('draws what goes through it, loaded when somebody looks, within the policy of the page', async () => {
    const { page, port, complaints } = await opened('orders-db');
    const loaded: string[] = [];
    page.on('request', (request) => loaded.push(request.url()));
    await look(page, 'Traffic');
    const client = await logIn(port, 'the report');
    await client.query(`select repeat('x', 3 * 1024 * 1024)`);
    await page.getByRole('img', { name: /^Throughput .* peak [0-9.]+ MiB\/s/ }).waitFor();
    await page.getByRole('img', { name: /^Connections .* Now 1 open, 0 held; [1-9][0-9]* served/ }).waitFor();
    await page
      .getByRole('img', { name: /^Time to connect .*[0-9.]+ m?s median.*of the last [1-9]/ })
      .waitFor();
    expect(await page.locator('canvas').count()).toBe(3);
    expect(loaded.filter((url) => /traffic-tab.*\.js$/.test(url))).toHaveLength(1);
    expect(complaints).toEqual([]);
  });

  it('asks the daemon nothing while nobody looks at what changes', async () => {
    const { page, port } = await opened('quiet');
    const client = await logIn(port, 'the report', 'quiet');
    await look(page, 'Connections');
    await page.getByText('app@postgres · the report').waitFor();
    await look(page, 'Now');
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await client.query(`select repeat('x', 3 * 1024 * 1024)`);
    await page.getByText(/^3\.0 MiB received/).waitFor();
    await client.end();
    await page.getByText(/^0 now · 1 served/).waitFor();
    expect(asked).toEqual([]);
  });

  it('says what its user may not do, and gives the Role to ask for', async () => {
    const { page } = await opened('orders-db');
    fixture.world.sandbox.controls.setAccess(
      (_, { subresource, verb }) => subresource !== 'portforward' || verb === 'get',
    );
    fixture.stack.defer(() => fixture.world.sandbox.controls.setAccess(() => true));
    await look(page, 'Check');
    await page.getByText('may not create pods/portforward postgres-0').waitFor();
    await page.getByRole('button', { name: 'Copy Role' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toMatch(
      /kind: Role[\s\S]*pods\/portforward/,
    );
    fixture.world.sandbox.controls.setAccess(() => true);
    await page.getByRole('button', { name: 'Check again' }).click();
    await page.getByText('may create pods/portforward postgres-0').waitFor();
    await page.getByText('The least Role that it takes').click();
    await page.getByRole('region', { name: 'Least Role, YAML' }).waitFor();
  });

  it('says how much of a limit is left, and prolongs it for a reason that fits', async () => {
    const { page } = await opened('payroll');
    const before = await fixture.world.control.call('tunnel', { name: 'payroll' });
    await page.getByRole('meter', { name: 'Time limit' }).waitFor();
    await page.getByText(/^8 h left of 8 h · ends at /).waitFor();
    await page.getByText('0 of at most 10').waitFor();
    await page.getByRole('button', { name: 'Prolong' }).click();
    const dialog = page.getByRole('dialog', { name: 'Keep payroll open?' });
    await dialog.getByLabel('Reason').fill('because');
    await dialog.getByRole('button', { name: 'Prolong' }).click();
    await dialog.getByText(/match/).nth(1).waitFor();
    await dialog.getByLabel('Reason').fill('PAY-118 again');
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    const { tunnel } = await fixture.world.control.call('tunnel', { name: 'payroll' });
    expect(tunnel.limit?.endsAtMs).toBeGreaterThan(before.tunnel.limit!.endsAtMs);
  });

  it('follows its log, filters it, holds it still for who reads, and copies what is shown', async () => {
    const { page, port } = await opened('orders-db');
    await look(page, 'Log');
    const lines = page.getByRole('list', { name: 'Log' }).getByRole('listitem');
    await lines.filter({ hasText: 'ready' }).first().waitFor();
    await (await logIn(port, 'first')).end();
    await lines.filter({ hasText: 'application=first' }).waitFor();
    await page.getByRole('switch', { name: 'Follow the log' }).click();
    await (await logIn(port, 'second')).end();
    await page.getByText(/newest first · [1-9][0-9]* newer/).waitFor();
    expect(await lines.filter({ hasText: 'application=second' }).count()).toBe(0);
    await page.getByRole('switch', { name: 'Follow the log' }).click();
    await lines.filter({ hasText: 'application=second' }).waitFor();
    await page.getByLabel('Filter lines').fill('logged in first');
    await page.getByText('1 line, newest first').waitFor();
    await page.getByRole('button', { name: 'Copy', exact: true }).click();
    await page.getByRole('button', { name: 'Copied', exact: true }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toMatch(
      /^\d{4}-\S+ \S+ logged in .* application=first /,
    );
    await page.getByLabel('Filter lines').fill('no such thing');
    await page.getByText('No line says that.').waitFor();
  });

  it('is gone through by keys', async () => {
    const { page } = await opened('orders-db');
    await page.getByRole('tab', { name: 'Now' }).focus();
    for (const tab of tabs.slice(1)) {
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('Enter');
      await page.getByRole('tab', { name: tab, selected: true }).waitFor();
    }
    await page.getByLabel('Filter lines').focus();
    await page.keyboard.type('clp');
    expect(await page.getByLabel('Filter lines').inputValue()).toBe('clp');
    await page.locator('[data-row="user/orders-db"]').focus();
    await page.keyboard.press('l');
    await page.getByRole('tab', { name: 'History', selected: true }).waitFor();
  });

  it.each(['light', 'dark'] as const)('has nothing for axe to find, %s', async (colorScheme) => {
    const { page, complaints, port } = await opened('payroll', {
      colorScheme,
      prepare: (page) => scriptHistory(page, fixture.world.control),
    });
    silent(port, 1);
    const axe = axeLooks(page);
    const ready = {
      Now: page.getByRole('meter', { name: 'Time limit' }),
      Connections: page.getByText(/^1 connection/),
      History: page.getByRole('slider'),
      Traffic: page.getByRole('img', { name: /^Time to connect/ }),
      Check: page.getByText('may create pods/portforward postgres-0'),
      Log: page.getByRole('list', { name: 'Log' }),
    };
    for (const width of [1280, 720]) {
      await page.setViewportSize({ width, height: 800 });
      for (const tab of tabs) {
        await look(page, tab);
        await ready[tab].waitFor();
        await axe.look(`${tab} ${width}`);
      }
    }
    await look(page, 'Now');
    await page.getByRole('button', { name: 'Prolong' }).click();
    await page.getByRole('dialog').waitFor();
    await axe.look('dialog');
    expect(axe.found).toEqual({});
    expect(complaints).toEqual([]);
  });
});

function profiles(server: string): Record<string, object> {
  const postgres = {
    cluster: { server },
    namespace: 'default',
    target: 'statefulset/postgres/0',
    port: 5432,
    kind: 'postgres',
    connection: {
      database: app.database,
      user: app.user,
      password: { secret: { name: 'postgres', key: 'password' } },
    },
  };
  return {
    'orders-db': postgres,
    quiet: postgres,
    payroll: {
      ...postgres,
      policy: {
        environment: 'production',
        reason: { pattern: '^[A-Z]+-[0-9]+', example: 'PAY-117' },
        timeLimit: '8h',
        maxConnections: 10,
      },
    },
    echo: { cluster: { server }, namespace: 'default', target: 'service/net', port: 'echo' },
  };
}

function daysAgo(days: number, hours: number, minutes: number, seconds = 0): number {
  const at = new Date();
  at.setDate(at.getDate() - days);
  return at.setHours(hours, minutes, seconds, 0);
}

/** As a field of day and time takes it. */
function localTime(atMs: number): string {
  const offsetMs = new Date(atMs).getTimezoneOffset() * 60_000;
  return new Date(atMs - offsetMs).toISOString().slice(0, 19);
}

/** The past of a day in which a replica was promoted, and its pod replaced: what no test could wait for. */
async function scriptHistory(page: Page, control: WindowWorld['control']): Promise<void> {
  const old = { ...fakePod, role: 'replica' };
  const successor = { ...fakePod, uid: '7f3a0000-0000-4000-8000-000000000002', node: 'node-2' };
  const ready = (pod: PodIdentity, sinceMs: number) => ({ kind: 'ready', pod, port: 5432, sinceMs }) as const;
  const reason = { code: 'SP-POD-DELETED', details: { pod: 'postgres-0' } } as const;
  const entry = (
    atMs: number,
    state: HistoryEntry['state'],
    rest: Partial<HistoryEntry> = {},
  ): HistoryEntry => ({
    atMs,
    wanted: 'on',
    state,
    shown: state.kind === 'blocked' ? 'needs you' : state.kind,
    held: 0,
    ...rest,
  });
  const [first, promoted, deleted, back] = [
    daysAgo(1, 14, 0),
    daysAgo(1, 14, 10),
    daysAgo(1, 15, 0),
    daysAgo(1, 15, 0, 3),
  ] as const;
  const history = [
    entry(first, ready(old, first)),
    entry(promoted, ready({ ...old, role: 'primary' }, first)),
    entry(deleted, { kind: 'waiting', reason, sinceMs: deleted }, { held: 2 }),
    entry(back, ready(successor, back), { gapMs: 3_100, served: 2 }),
  ];
  await page.route('**/v1/tunnel', async (route) => {
    const answer = await control.call('tunnel', route.request().postDataJSON());
    await route.fulfill({ json: { ...answer, history } });
  });
}
