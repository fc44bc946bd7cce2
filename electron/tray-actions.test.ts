import { beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../src/base/app-error.ts';
import type { ConnectionFormat } from '../src/contract/connection-format.ts';
import type { ConnectionString } from '../src/contract/connection-string.ts';
import { FakeControl } from '../test/support/fake-control.ts';
import type { WindowSettings } from './app-settings.ts';
import { inState, loginQuestion } from './desktop.fixture.ts';
import { performTrayAction } from './tray-actions.ts';
import type { TrayAction } from './tray-item.ts';

const tunnel = 'user/orders-db';
let control: FakeControl;
let settings: WindowSettings;
/** What was asked of the desktop, in order. */
let asked: unknown[];

beforeEach(() => {
  control = new FakeControl({ tunnels: [inState.off(), inState.paused({ id: 'user/cold', name: 'cold' })] });
  control.on('connectionString', async ({ format = 'psql' }) => ({
    kind: 'written',
    string: written(format),
  }));
  settings = {};
  asked = [];
});

function written(format: ConnectionFormat): ConnectionString {
  const text = `${format} of ${tunnel}`;
  return { tunnel, kind: 'postgres', format, form: 'value', text, secret: true, warnings: [] };
}

function perform(action: TrayAction): Promise<void> {
  const note = (what: string) => async (given?: unknown) =>
    void asked.push(given === undefined ? what : [what, given]);
  return performTrayAction(action, {
    control,
    settings: { current: async () => settings, change: async (change) => asked.push(['settings', change]) },
    writeClipboard: (text) => void asked.push(['clipboard', text]),
    shell: 'fish',
    openClient: note('open-client'),
    showWindow: (id) => void asked.push(['window', id]),
    startDaemon: note('start'),
    restartDaemon: note('restart'),
    installUpdate: () => void asked.push('install'),
    quit: note('quit'),
  });
}

const wanted = (id: string) => control.view.tunnels.get(id)?.wanted;

it('connects, and copies nothing unless that is set', async () => {
  await perform({ kind: 'connect', tunnel });
  expect(wanted(tunnel)).toBe('on');
  expect(asked).toEqual([]);
});

it('copies the favourite format on connect where that is set', async () => {
  settings = { copyOnConnect: true, formats: { postgres: 'uri' } };
  await perform({ kind: 'connect', tunnel });
  expect(asked).toEqual([['clipboard', written('uri').text]]);
});

describe('a copy', () => {
  it('is of what the daemon writes, for the shell of its user', async () => {
    await perform({ kind: 'copy', tunnel, format: 'jdbc' });
    expect(asked).toEqual([['clipboard', written('jdbc').text]]);
    expect(control.calls).toEqual([
      { operation: 'connectionString', input: { name: tunnel, format: 'jdbc', shell: 'fish', ask: true } },
    ]);
  });

  it('that asks something first shows the window, where that is answered', async () => {
    control.on('connectionString', async () => ({ kind: 'asked', question: loginQuestion }));
    await perform({ kind: 'copy', tunnel, format: 'jdbc' });
    expect(asked).toEqual([['window', tunnel]]);
  });
});

it('shows the window where a tunnel asks something before it opens, and copies nothing then', async () => {
  settings = { copyOnConnect: true };
  const blocked = inState.blocked({ questions: ['q1'] });
  control.on('up', async () => ({ outcomes: [{ name: tunnel, tunnel: blocked }] }));
  await perform({ kind: 'connect', tunnel });
  expect(asked).toEqual([['window', tunnel]]);
});

it('rejects with what the daemon says of a tunnel', async () => {
  const error = { code: 'SP-LOCAL-PORT-IN-USE', details: { port: 1 } } as const;
  control.on('up', async () => ({ outcomes: [{ name: tunnel, error }] }));
  await expect(perform({ kind: 'connect', tunnel })).rejects.toMatchObject({ code: 'SP-LOCAL-PORT-IN-USE' });
});

describe('each of the others', () => {
  it.each([
    [{ kind: 'resume', tunnel: 'user/cold' }, 'resume', { names: ['user/cold'] }],
    [{ kind: 'disconnect', tunnel }, 'down', { names: [tunnel], all: false }],
    [{ kind: 'pause', tunnel }, 'pause', { names: [tunnel], all: false }],
    [{ kind: 'prolong', tunnel }, 'up', { names: [tunnel], prolong: true }],
    [{ kind: 'pause-all' }, 'pause', { names: [], all: true }],
    [{ kind: 'resume-all' }, 'resume', { names: [], all: true }],
    [{ kind: 'disconnect-all' }, 'down', { names: [], all: true }],
    [{ kind: 'group', name: 'shop', to: 'connect' }, 'up', { groups: ['shop'], names: [] }],
    [{ kind: 'group', name: 'shop', to: 'disconnect' }, 'down', { groups: ['shop'], names: [] }],
  ] as const)('%o asks the daemon for %s', async (action, operation, input) => {
    await perform(action);
    expect(control.calls).toEqual([{ operation, input: expect.objectContaining(input) }]);
    expect(asked).toEqual([]);
  });

  it.each([
    [{ kind: 'open-client', tunnel }, ['open-client', tunnel]],
    [{ kind: 'show', tunnel }, ['window', tunnel]],
    [{ kind: 'open-window' }, ['window', undefined]],
    [{ kind: 'start-daemon' }, 'start'],
    [{ kind: 'restart-daemon' }, 'restart'],
    [{ kind: 'install-update' }, 'install'],
    [{ kind: 'quit' }, 'quit'],
  ] as const)('%o asks the desktop', async (action, what) => {
    await perform(action);
    expect(asked).toEqual([what]);
    expect(control.calls).toEqual([]);
  });
});

it('ends all tunnels or says why not; without a daemon none is up', async () => {
  const error = { code: 'SP-INTERNAL', details: { message: 'no room' } } as const;
  control.on('down', async () => ({ outcomes: [{ name: tunnel, error }] }));
  await expect(perform({ kind: 'disconnect-all' })).rejects.toMatchObject({ code: 'SP-INTERNAL' });
  control.on('down', () => Promise.reject(new AppError('SP-DAEMON-LOST')));
  await expect(perform({ kind: 'disconnect-all' })).rejects.toMatchObject({ code: 'SP-DAEMON-LOST' });
  control.on('down', () => Promise.reject(new AppError('SP-DAEMON-NOT-RUNNING')));
  await expect(perform({ kind: 'disconnect-all' })).resolves.toBeUndefined();
});

it('runs the plugin that logs in', async () => {
  control = new FakeControl({ tunnels: [inState.blocked({ id: 'user/billing', name: 'billing' })] });
  control.ask(loginQuestion);
  await perform({ kind: 'log-in', question: 'q1' });
  expect(control.calls).toEqual([
    { operation: 'answer', input: { question: 'q1', answer: { kind: 'login' } } },
  ]);
});

it('shows the window where prolonging takes a reason or a yes', async () => {
  const error = { code: 'SP-REASON-REQUIRED', details: { tunnel } } as const;
  control.on('up', async () => ({ outcomes: [{ name: tunnel, error }] }));
  await perform({ kind: 'prolong', tunnel });
  expect(asked).toEqual([['window', tunnel]]);
});

it('changes the settings of the daemon', async () => {
  const change = { notifications: 'off' } as const;
  await perform({ kind: 'change-settings', change });
  expect(asked).toEqual([['settings', change]]);
});
