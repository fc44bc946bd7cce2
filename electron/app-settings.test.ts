import { setImmediate as settle } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../src/base/app-error.ts';
import type { ShownSettings } from '../src/contract/control-settings.ts';
import { FakeControl } from '../test/support/fake-control.ts';
import { AppSettings, type WindowSettings } from './app-settings.ts';
import { here, shownSettings, viewWith } from './desktop.fixture.ts';

let control: FakeControl;
/** The daemon's file. */
let file: WindowSettings;
let settings: AppSettings;
let told: WindowSettings[];
/** What the desktop was told of the login item, in order. */
let atLogin: boolean[];
let refusal: Error | undefined;

beforeEach(() => {
  file = {};
  told = [];
  atLogin = [];
  refusal = undefined;
  control = new FakeControl();
  control.on('settings', async () => shownSettings(file));
  control.on('changeSettings', async ({ change: { openAtLogin, copyOnConnect } }) => {
    file = {
      ...file,
      ...(openAtLogin !== undefined && { openAtLogin }),
      ...(copyOnConnect !== undefined && { copyOnConnect }),
    };
    return shownSettings(file);
  });
  settings = new AppSettings({
    control,
    openAtLogin: async (on) => {
      if (refusal) throw refusal;
      atLogin.push(on);
    },
    onChange: (window) => told.push(window),
  });
});

const asked = () => control.calls.map(({ operation }) => operation);

describe('are read', () => {
  it('once from each daemon that is found', async () => {
    file = { formats: { postgres: 'jdbc' } };
    const first = viewWith({});
    settings.tell({ kind: 'looking' });
    settings.tell({ kind: 'here', view: first });
    settings.tell({ kind: 'here', view: { ...first, sequence: 2 } });
    await settle();
    expect(asked()).toEqual(['settings']);
    expect(settings.window).toEqual(file);
    file = { copyOnConnect: true };
    settings.tell(here({ daemon: { ...first.daemon, pid: 8 } }));
    await settle();
    expect(told).toEqual([{ formats: { postgres: 'jdbc' } }, { copyOnConnect: true }]);
  });

  it('as they are now, or as they were where they cannot be', async () => {
    file = { notifications: 'off' };
    expect(await settings.current()).toEqual({ notifications: 'off' });
    file = { notifications: 'needed' };
    expect(await settings.current()).toEqual({ notifications: 'needed' });
    const mistake = new AppError('SP-USAGE', { message: 'settings.yaml has a mistake' });
    control.on('settings', () => Promise.reject(mistake));
    expect(await settings.current()).toEqual({ notifications: 'needed' });
    await expect(settings.read()).rejects.toBe(mistake);
  });

  it('one time for all who wait, and never older than what was changed before', async () => {
    const { promise, resolve } = Promise.withResolvers<ShownSettings>();
    control.on('settings', () => promise);
    const read = settings.read();
    await settle();
    const changed = settings.change({ copyOnConnect: true });
    const later = [settings.read(), settings.read(), settings.read()];
    await settle();
    expect(asked()).toEqual(['settings']);
    control.on('settings', async () => shownSettings(file));
    resolve(shownSettings({}));
    await Promise.all([read, changed, ...later]);
    expect(asked()).toEqual(['settings', 'changeSettings', 'settings']);
    expect(settings.window).toEqual({ copyOnConnect: true });
  });
});

describe('open at login', () => {
  it('follows what is read, and leaves the desktop alone where nothing is set', async () => {
    await settings.read();
    expect(atLogin).toEqual([]);
    for (const openAtLogin of [true, true, false, true, undefined]) {
      file = openAtLogin === undefined ? {} : { openAtLogin };
      await settings.read();
    }
    expect(atLogin).toEqual([true, false, true, false]);
  });

  it('follows what is changed, and is not told again when that is read', async () => {
    expect(await settings.change({ openAtLogin: true })).toMatchObject({ window: { openAtLogin: true } });
    await settings.read();
    expect(atLogin).toEqual([true]);
  });

  it('is not kept where the desktop refuses', async () => {
    refusal = new Error('read-only');
    await expect(settings.change({ openAtLogin: true })).rejects.toThrow('read-only');
    expect(file).toEqual({});
    expect(asked()).toEqual([]);
  });

  it('is tried again at the next read, and holds up nothing else', async () => {
    file = { openAtLogin: true, copyOnConnect: true };
    refusal = new Error('read-only');
    expect(await settings.current()).toEqual(file);
    refusal = undefined;
    await settings.read();
    expect(atLogin).toEqual([true]);
  });

  it('goes back to what is kept where the daemon refuses', async () => {
    file = { openAtLogin: false };
    await settings.read();
    control.on('changeSettings', () => Promise.reject(new AppError('SP-USAGE', { message: 'a mistake' })));
    await expect(settings.change({ openAtLogin: true })).rejects.toMatchObject({ code: 'SP-USAGE' });
    await settings.read();
    expect(atLogin).toEqual([false, true, false]);
  });
});
