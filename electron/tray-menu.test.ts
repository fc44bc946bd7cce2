import { describe, expect, it } from 'vitest';
import type { Question } from '../src/contract/control-question.ts';
import type { WindowSettings } from './app-settings.ts';
import { here, inState, loginQuestion } from './desktop.fixture.ts';
import type { DaemonNow } from './page-feeds.ts';
import { menuTemplate, type TrayAction, type TrayItem } from './tray-item.ts';
import { trayMenu } from './tray-menu.ts';

function menuOf(now: DaemonNow, settings: WindowSettings = {}, update?: string): TrayItem[] {
  return trayMenu({ now, settings, version: '1.0.0', update });
}

/** As it reads: one line an item, submenus indented. */
function text(items: readonly TrayItem[], indent = ''): string[] {
  return items.flatMap((item) => {
    if (item.kind === 'separator') return [`${indent}---`];
    const mark = item.kind === 'fact' ? ' .' : item.kind === 'menu' ? ' >' : '';
    const check =
      item.kind === 'action' && item.checked !== undefined ? (item.checked ? ' [x]' : ' [ ]') : '';
    const line = `${indent}${item.label}${check}${mark}`;
    return item.kind === 'menu' ? [line, ...text(item.items, `${indent}  `)] : [line];
  });
}

/** The item whose label begins so, wherever it is. */
function find(items: readonly TrayItem[], start: string): TrayItem | undefined {
  for (const item of items) {
    if (item.kind === 'separator') continue;
    if (item.label.startsWith(start)) return item;
    const inside = item.kind === 'menu' ? find(item.items, start) : undefined;
    if (inside) return inside;
  }
  return undefined;
}

function actionOf(items: readonly TrayItem[], start: string): TrayAction | undefined {
  const item = find(items, start);
  return item?.kind === 'action' ? item.action : undefined;
}

const closing = [
  '---',
  'Open Sallyport…',
  'Settings >',
  '  Open at login [ ]',
  '  Notifications [x]',
  '  Copy the connection string on connect [ ]',
  'Quit…',
];

const submenu = [
  '  Copy psql command',
  '  Copy URI · libpq key/value · more >',
  '    URI',
  '    libpq key/value',
  '    JDBC URL',
  '    SQLAlchemy (psycopg)',
  '    Npgsql',
  '    Go pgx',
  '    .env line (Prisma)',
  '    pg_service.conf entry',
  '    DBeaver command',
  '    DataGrip data source',
  '    environment variables',
  '  Open psql',
  '  ---',
];
const submenuEnd = ['  Show in Sallyport…', '  ---', '  Pause', '  Disconnect'];

describe('one tunnel in each state', () => {
  it.each([
    ['off', inState.off(), ['○ orders-db'], { kind: 'connect', tunnel: 'user/orders-db' }],
    [
      'off by its limit',
      inState.ended(),
      ['○ orders-db — orders-db has ended: its time limit of 8h was over'],
      { kind: 'connect', tunnel: 'user/orders-db' },
    ],
    ['paused', inState.paused(), ['‖ orders-db — paused'], { kind: 'resume', tunnel: 'user/orders-db' }],
    [
      'needs you without a question',
      inState.blocked(),
      [expect.stringMatching(/^■ orders-db — .*15432.*…$/)],
      { kind: 'show', tunnel: 'user/orders-db' },
    ],
  ] as const)('%s: one click', (_state, tunnel, lines, action) => {
    const menu = menuOf(here({ tunnels: [tunnel] }));
    expect(text(menu).slice(2, 2 + lines.length)).toEqual(lines);
    const item = menu[2];
    expect(item?.kind === 'action' && item.action).toEqual(action);
  });

  it.each([
    [
      'ready',
      inState.ready(),
      '● orders-db — postgres-0 · primary >',
      'postgres-0 · 2c98 · node-1 · primary .',
    ],
    ['on demand', inState.onDemand(), '● orders-db — on demand >', 'no pod yet .'],
    ['connecting', inState.connecting(), '◌ orders-db — resolving >', 'no pod yet .'],
    [
      'waiting',
      inState.waiting(),
      '◔ orders-db — postgres-1 CrashLoopBackOff, 2 held >',
      'was postgres-0 · 2c98 .',
    ],
  ] as const)('%s: its submenu', (_state, tunnel, line, pod) => {
    const menu = menuOf(here({ tunnels: [tunnel] }));
    expect(text(menu).slice(2, -closing.length - 2)).toEqual([
      line,
      ...submenu,
      `  ${pod}`,
      '  127.0.0.1:15432 .',
      ...submenuEnd,
    ]);
    expect(text(menu).slice(-closing.length - 2)).toEqual(['---', 'Pause all', ...closing]);
  });

  it('offers each thing of a tunnel that is up', () => {
    const menu = menuOf(here({ tunnels: [inState.ready()] }));
    const tunnel = 'user/orders-db';
    expect(actionOf(menu, 'Copy psql')).toEqual({ kind: 'copy', tunnel, format: 'psql' });
    expect(actionOf(menu, 'JDBC')).toEqual({ kind: 'copy', tunnel, format: 'jdbc' });
    expect(actionOf(menu, 'Open psql')).toEqual({ kind: 'open-client', tunnel });
    expect(actionOf(menu, 'Show')).toEqual({ kind: 'show', tunnel });
    expect(actionOf(menu, 'Pause')).toEqual({ kind: 'pause', tunnel });
    expect(actionOf(menu, 'Disconnect')).toEqual({ kind: 'disconnect', tunnel });
    expect(actionOf(menu, 'Pause all')).toEqual({ kind: 'pause-all' });
  });

  it.each([
    ['confirm', {}, 'open it? asks for a yes…', 'show'],
    ['reason', {}, 'asks for a reason…', 'show'],
    ['trust', { profile: 'team/billing', hash: 'h' }, 'asks you to agree to its profile…', 'show'],
    ['password', {}, 'asks for a password…', 'show'],
    ['passphrase', { isNew: false }, 'asks for the passphrase…', 'show'],
    ['login', { error: loginQuestion.kind === 'login' && loginQuestion.error }, 'log in again…', 'log-in'],
  ] as const)('needs you, with a question of kind %s', (kind, more, words, action) => {
    const question = { ...more, kind, id: 'q1', tunnel: 'user/billing', askedAtMs: 1 } as Question;
    const billing = inState.blocked({ id: 'user/billing', name: 'billing', questions: ['q1'] });
    const menu = menuOf(here({ tunnels: [billing], questions: [question] }));
    expect(text(menu)[0]).toBe('Sallyport · 1 needs you .');
    expect(text(menu)[2]).toBe(`■ billing — ${words}`);
    expect(actionOf(menu, '■ billing')).toMatchObject({ kind: action });
  });
});

it('sorts by what needs the user, then waiting, ready, off, each by name', () => {
  const named = (name: string) => ({ id: `user/${name}`, name });
  const tunnels = [
    inState.off(named('redis')),
    inState.off(named('zoo')),
    inState.ready(named('orders-db')),
    inState.paused(named('cold')),
    inState.waiting(named('reports')),
    inState.blocked(named('billing')),
    inState.connecting(named('fresh')),
  ];
  const menu = menuOf(here({ tunnels }));
  const names = menu.flatMap((item) => (item.kind === 'separator' ? [] : item.label.split(' ')[1]!));
  expect(names.slice(1, 8)).toEqual(['billing', 'fresh', 'reports', 'orders-db', 'cold', 'redis', 'zoo']);
  expect(text(menu)[0]).toBe('Sallyport · 1 up, 2 waiting, 1 needs you, 1 paused .');
  expect(actionOf(menu, 'Resume all')).toEqual({ kind: 'resume-all' });
});

it('copies by the format that its user takes of the kind', () => {
  const menu = menuOf(here({ tunnels: [inState.ready()] }), { formats: { postgres: 'jdbc' } });
  expect(text(menu).slice(3, 5)).toEqual(['  Copy JDBC URL', '  Copy psql command · URI · more >']);
});

it('copies by the first of a kind where only others have one', () => {
  const menu = menuOf(here({ tunnels: [inState.ready()] }), { formats: { mongodb: 'mongosh' } });
  expect(text(menu)[3]).toBe('  Copy psql command');
});

it('opens a browser for http, and nothing for plain tcp', () => {
  const http = menuOf(here({ tunnels: [inState.ready({ kind: 'http' })] }));
  expect(actionOf(http, 'Open in the browser')).toEqual({ kind: 'open-client', tunnel: 'user/orders-db' });
  const tcp = menuOf(here({ tunnels: [inState.ready({ kind: 'tcp' })] }));
  expect(text(tcp).filter((line) => line.includes('Open '))).toEqual([
    'Open Sallyport…',
    '  Open at login [ ]',
  ]);
});

it('offers to prolong what ends soon', () => {
  const limit = { kind: 'time', limitMs: 28_800_000, endsAtMs: 1, isNear: true } as const;
  const near = menuOf(here({ tunnels: [inState.ready({ limit })] }));
  expect(actionOf(near, 'Prolong')).toEqual({ kind: 'prolong', tunnel: 'user/orders-db' });
  const far = menuOf(here({ tunnels: [inState.ready({ limit: { ...limit, isNear: false } })] }));
  expect(find(far, 'Prolong')).toBeUndefined();
});

it('connects a group, disconnects it where all of it is wanted, and leaves those of projects to their folders', () => {
  const named = (name: string) => ({ id: `user/${name}`, name });
  const tunnels = [inState.ready(named('a')), inState.off(named('b')), inState.ready(named('c'))];
  const groups = [
    { name: 'all', source: '/work/shop/sallyport.yaml', members: ['user/b'] },
    { name: 'some', source: 'user', members: ['user/a', 'user/b'] },
    { name: 'all', source: 'user', members: ['user/a', 'user/c'] },
    { name: 'project', source: '/work/shop/sallyport.yaml', members: ['user/a'] },
  ];
  const menu = menuOf(here({ tunnels, groups }));
  const item = find(menu, 'Groups');
  expect(item?.kind === 'menu' && text(item.items)).toEqual([
    'Disconnect all · 2 of 2',
    'Connect some · 1 of 2',
  ]);
  expect(actionOf(menu, 'Connect some')).toEqual({ kind: 'group', name: 'some', to: 'connect' });
  expect(actionOf(menu, 'Disconnect all')).toEqual({ kind: 'group', name: 'all', to: 'disconnect' });
});

it('puts what is off beyond twenty into a menu of its own', () => {
  const tunnels = Array.from({ length: 25 }, (_, at) => inState.off({ id: `user/t${at}`, name: `t${at}` }));
  const menu = menuOf(here({ tunnels }));
  expect(menu.filter((item) => item.kind === 'action' && item.label.startsWith('○'))).toHaveLength(20);
  const rest = find(menu, '5 more');
  expect(rest?.kind === 'menu' && rest.items).toHaveLength(5);
});

describe('the daemon', () => {
  it('is being looked for', () => {
    // Settings are the daemon's: there is nothing to turn yet.
    expect(text(menuOf({ kind: 'looking' }))).toEqual([
      'Sallyport · starting .',
      '---',
      'Open Sallyport…',
      'Quit…',
    ]);
  });

  it('has no profiles yet', () => {
    expect(text(menuOf(here({}))).slice(0, 3)).toEqual([
      'Sallyport · nothing is up .',
      '---',
      'No profiles yet: open Sallyport to make one .',
    ]);
  });

  it.each([
    ['looked for again', 'SP-DAEMON-LOST', false, 'reconnecting to the daemon', undefined],
    ['ended', 'SP-DAEMON-NOT-RUNNING', true, 'the daemon does not run', { kind: 'start-daemon' }],
    ['of another version', 'SP-DAEMON-VERSION', true, 'the daemon does not run', { kind: 'restart-daemon' }],
  ] as const)('is %s: no tunnel is offered', (_how, code, final, words, action) => {
    const { view } = here({ tunnels: [inState.ready()] }) as Extract<DaemonNow, { kind: 'here' }>;
    const menu = menuOf({ kind: 'lost', view, error: { code, details: {} }, final });
    expect(text(menu)[0]).toBe(`Sallyport · ${words} .`);
    expect(find(menu, '●')).toBeUndefined();
    expect(actionOf(menu, 'Start the daemon') ?? actionOf(menu, 'Restart the daemon')).toEqual(action);
  });

  it('is older than the app, which takes it up when it is told to', () => {
    const menu = trayMenu({ now: here({}), settings: {}, version: '1.1.0' });
    expect(actionOf(menu, 'Restart the daemon (1.0.0) as 1.1.0…')).toEqual({ kind: 'restart-daemon' });
  });
});

it('offers an update that waits', () => {
  const menu = menuOf(here({}), {}, '1.2.0');
  expect(actionOf(menu, 'Restart the app to take up 1.2.0')).toEqual({ kind: 'install-update' });
});

it('shows which settings are on, and turns them', () => {
  const none = menuOf(here({}));
  const all = menuOf(here({}), { openAtLogin: true, notifications: 'off', copyOnConnect: true });
  const turns = (menu: TrayItem[], label: string) => {
    const action = actionOf(menu, label);
    return action?.kind === 'change-settings' ? action.change : undefined;
  };
  expect(turns(none, 'Open at login')).toEqual({ openAtLogin: true });
  expect(turns(none, 'Notifications')).toEqual({ notifications: 'off' });
  expect(turns(none, 'Copy the connection')).toEqual({ copyOnConnect: true });
  expect(find(all, 'Open at login')).toMatchObject({ checked: true });
  expect(find(all, 'Notifications')).toMatchObject({ checked: false });
  expect(turns(all, 'Open at login')).toEqual({ openAtLogin: false });
  expect(turns(all, 'Notifications')).toEqual({ notifications: 'needed' });
  expect(turns(all, 'Copy the connection')).toEqual({ copyOnConnect: false });
});

describe('as Electron takes it', () => {
  it('keeps what is read apart from what is clicked, and shows what a menu would take for keys', () => {
    const performed: TrayAction[] = [];
    const items: TrayItem[] = [
      { kind: 'fact', label: 'a & b' },
      { kind: 'separator' },
      { kind: 'menu', label: 'more', items: [{ kind: 'action', label: 'Quit', action: { kind: 'quit' } }] },
      { kind: 'action', label: 'x'.repeat(200), checked: true, action: { kind: 'quit' } },
      { kind: 'action', label: 'two\nlines', action: { kind: 'open-window' } },
    ];
    const template = menuTemplate(items, (action) => performed.push(action));
    expect(template[0]).toEqual({ label: 'a && b', enabled: false });
    expect(template[1]).toEqual({ type: 'separator' });
    expect(template[3]).toMatchObject({ type: 'checkbox', checked: true });
    expect(template[3]?.label).toHaveLength(90);
    expect(template[4]?.label).toBe('two lines');
    const submenu = template[2]?.submenu as { click(): void }[] | undefined;
    submenu?.[0]?.click();
    expect(performed).toEqual([{ kind: 'quit' }]);
  });
});
