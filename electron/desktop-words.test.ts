import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { terminalStart } from './client-terminal.ts';
import { compactBounds } from './compact-placement.ts';
import { here, inState, viewWith } from './desktop.fixture.ts';
import { isLoginStart, loginItem } from './login-item.ts';
import { overallState } from './overall-state.ts';
import { pageLimitQuestion } from './page-limit-question.ts';
import { quitQuestion, restartWarning } from './quit-question.ts';
import { readUpdatesFrom } from './updates-from.ts';

describe('the icon', () => {
  it.each([
    ['idle', [inState.off(), inState.paused()]],
    ['up', [inState.off(), inState.ready()]],
    ['up', [inState.onDemand()]],
    ['recovering', [inState.ready(), inState.waiting()]],
    ['recovering', [inState.connecting()]],
    ['needs you', [inState.ready(), inState.waiting(), inState.blocked()]],
    ['needs you', [inState.connecting({ questions: ['q1'] })]],
  ] as const)('says %s', (state, tunnels) => {
    const named = tunnels.map((tunnel, at) => ({ ...tunnel, id: `user/t${at}` }));
    expect(overallState({ kind: 'here', view: viewWith({ tunnels: named }) })).toBe(state);
  });

  it('never says up while the daemon is not seen', () => {
    const view = viewWith({ tunnels: [inState.ready()] });
    const error = { code: 'SP-DAEMON-LOST', details: {} } as const;
    expect(overallState({ kind: 'looking' })).toBe('idle');
    expect(overallState({ kind: 'lost', view, error, final: false })).toBe('recovering');
    expect(overallState({ kind: 'lost', view, error, final: true })).toBe('needs you');
  });
});

describe('before it ends', () => {
  it('asks nothing where nothing is wanted', () => {
    expect(quitQuestion(undefined)).toBeUndefined();
    expect(
      quitQuestion(viewWith({ tunnels: [inState.off(), inState.paused({ id: 'user/b' })] })),
    ).toBeUndefined();
  });

  it('asks what becomes of those that are up, and keeps them by default', () => {
    const one = quitQuestion(viewWith({ tunnels: [inState.ready({ connections: 1 })] }));
    expect(one).toEqual({
      message: '1 tunnel is up',
      detail:
        'orders-db. 1 connection is open. The daemon can keep it up without this app; `sallyport status` shows it.',
      buttons: [
        { label: 'Keep it up', plan: 'keep' },
        { label: 'End it', plan: 'end' },
        { label: 'Cancel', plan: 'stay' },
      ],
    });
    const tunnels = Array.from({ length: 7 }, (_, at) =>
      inState.waiting({ id: `user/t${at}`, name: `t${at}` }),
    );
    const many = quitQuestion(viewWith({ tunnels }));
    expect(many?.message).toBe('7 tunnels are up');
    expect(many?.detail).toMatch(/^t0, t1, t2, t3, t4 and 2 more\. The daemon can keep them up/);
  });
});

describe('before the daemon is restarted', () => {
  it('asks where connections end by it, or may', () => {
    const tunnels = [inState.ready({ connections: 2 }), inState.ready({ id: 'user/b', connections: 1 })];
    expect(restartWarning(here({ tunnels }))).toBe(
      '3 connections are open. A restart ends open connections; tunnels come back on the same ports.',
    );
    const error = { code: 'SP-DAEMON-VERSION', details: {} } as const;
    expect(restartWarning({ kind: 'lost', view: undefined, error, final: true })).toBe(
      'A restart ends open connections; tunnels come back on the same ports.',
    );
  });
  it('asks nothing where none is open', () => {
    expect(restartWarning(here({ tunnels: [inState.ready(), inState.waiting({ id: 'user/b' })] }))).toBe(
      undefined,
    );
  });
});

describe('the compact window', () => {
  const screen = { x: 0, y: 25, width: 1440, height: 875 };
  it('hangs under an icon at the top', () => {
    expect(compactBounds({ x: 900, y: 0, width: 24, height: 24 }, screen)).toEqual({
      x: 732,
      y: 28,
      width: 360,
      height: 560,
    });
  });
  it('stands on an icon at the bottom, whole on the screen', () => {
    const workArea = { x: 0, y: 0, width: 1920, height: 1040 };
    expect(compactBounds({ x: 1890, y: 1050, width: 24, height: 24 }, workArea)).toEqual({
      x: 1560,
      y: 480,
      width: 360,
      height: 560,
    });
  });
  it('is no larger than a small screen', () => {
    const small = { x: 0, y: 0, width: 320, height: 400 };
    expect(compactBounds({ x: 0, y: 400, width: 24, height: 24 }, small)).toEqual({
      x: 0,
      y: 0,
      width: 320,
      height: 396,
    });
  });
});

describe('at login', () => {
  const given = { on: true, program: '/opt/Sally Port/sallyport', home: '/home/dev', env: {} };
  it('is started by Electron on macOS and Windows, without a window', () => {
    for (const platform of ['darwin', 'win32'] as const)
      expect(loginItem({ ...given, platform })).toEqual({
        kind: 'electron',
        settings: { openAtLogin: true, args: ['--hidden'] },
      });
  });
  it('shows no window, by its argument or where macOS says so, and one whenever a person starts it', () => {
    const start = (platform: NodeJS.Platform, args: string[], wasOpenedAtLogin: boolean) =>
      isLoginStart({ platform, args, wasOpenedAtLogin: () => wasOpenedAtLogin });
    expect(start('darwin', ['/Applications/Sallyport'], true)).toBe(true);
    expect(start('darwin', ['/Applications/Sallyport'], false)).toBe(false);
    expect(start('win32', ['sallyport.exe', '--hidden'], false)).toBe(true);
    expect(start('linux', ['/opt/sallyport'], false)).toBe(false);
  });
  it('is started by a file on Linux, which goes away when it is turned off', () => {
    const item = loginItem({ ...given, platform: 'linux' });
    expect(item).toMatchObject({ kind: 'file', path: '/home/dev/.config/autostart/sallyport.desktop' });
    expect(item.kind === 'file' && item.content).toContain('Exec="/opt/Sally Port/sallyport" --hidden\n');
    const image = loginItem({ ...given, platform: 'linux', env: { APPIMAGE: '/home/dev/100%"S.AppImage' } });
    expect(image.kind === 'file' && image.content).toContain(
      'Exec="/home/dev/100%%\\\\"S.AppImage" --hidden',
    );
    expect(loginItem({ ...given, on: false, platform: 'linux' })).toMatchObject({ content: undefined });
  });
});

describe('a terminal', () => {
  const words = ['/Apps/sally port', 'psql', '--', "user/it's"] as const;
  it('is given the words as they are, and a script where only that opens one', () => {
    const on = (platform: NodeJS.Platform) =>
      terminalStart({ platform, words: [...words], folder: '/data', id: '7f3a' });
    expect(on('linux')).toEqual({ words: ['x-terminal-emulator', '-e', ...words] });
    expect(on('win32')).toEqual({ words });
    expect(on('darwin')).toEqual({
      words: ['open', '/data/client-7f3a.command'],
      script: {
        path: '/data/client-7f3a.command',
        content: `#!/bin/sh\nrm -- "$0"\nexec '/Apps/sally port' 'psql' '--' 'user/it'\\''s'\n`,
      },
    });
  });
});

describe('updates', () => {
  it.each([
    ['{"updatesFrom": "https://example.com/sallyport"}', 'https://example.com/sallyport'],
    ['{"updatesFrom": "http://example.com/sallyport"}', undefined],
    ['{"updatesFrom": 1}', undefined],
    ['{}', undefined],
    ['{', undefined],
    [undefined, undefined],
  ])('are looked for where %s says', async (text, from) => {
    const dir = await mkdtemp(join(tmpdir(), 'desktop-settings-'));
    try {
      const path = join(dir, 'settings.json');
      if (text !== undefined) await writeFile(path, text);
      expect(await readUpdatesFrom(path)).toBe(from);
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});

describe('pageLimitQuestion', () => {
  const of = (details: Record<string, string>) => pageLimitQuestion({ code: 'SP-PAGE-LIMIT', details });

  it('shows the whole of what would be written, and no sign of it hides another', () => {
    const question = of({
      profile: 'x\u202e',
      value: 'connection.password.command: ["sh","\u202ehs"]\nlocal.address: "0.0.0.0"',
    });
    expect(question?.message).toBe('Write this into the profile x\\u202e?');
    expect(question?.detail).toMatch(
      /^connection\.password\.command: \["sh","\\u202ehs"\]\nlocal\.address: "0\.0\.0\.0"\n\n/,
    );
  });

  it('asks of a tunnel that no profile gives', () => {
    expect(of({ value: 'local.address: "0.0.0.0"' })?.message).toBe('Open a tunnel with this?');
  });

  it('is not asked where what would be written cannot be shown whole', () => {
    expect(of({ profile: 'x', value: 'a'.repeat(1_001) })).toBeUndefined();
    expect(of({ profile: 'x' })).toBeUndefined();
  });
});
