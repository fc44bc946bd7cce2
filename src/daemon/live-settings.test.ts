import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectNoHandles } from '../../test/support/no-handles.ts';
import { systemClock } from '../base/clock.ts';
import { createLog } from '../base/log.ts';
import { LiveSettings } from './live-settings.ts';
import type { Settings } from './settings.ts';

let folder: string;
let settings: LiveSettings;
let lines: string[];
let heard: Settings[];
const path = () => join(folder, 'settings.yaml');
const write = async (text: string) => {
  await writeFile(`${path()}.new`, text, { mode: 0o600 });
  await rename(`${path()}.new`, path());
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'live-settings-'));
  lines = [];
  heard = [];
  const log = createLog('info', (line) => lines.push(line));
  settings = new LiveSettings({ path: path(), clock: systemClock, log });
  settings.onChange((now) => heard.push(now));
});
afterEach(async () => {
  settings[Symbol.dispose]();
  await rm(folder, { recursive: true });
});
afterAll(expectNoHandles);

describe('the settings', () => {
  it('count when their file changes, as far as they can without a restart, which is said', async () => {
    expect(await settings.load()).toEqual({});
    await write('policy: {all: {maxConnections: 3}}\nmetrics: {port: 9999}\n');
    await expect.poll(() => heard).toHaveLength(1);
    expect(settings.current.policy).toEqual({ all: { maxConnections: 3 } });
    expect(lines.join()).toMatch(/settings changed.*policy.*metrics/);
  });

  it('are no news to the daemon where windows alone look at them', async () => {
    await write('window: {theme: dark}\nmetrics: {port: 9999}\n');
    await settings.load();
    await write('window: {theme: light}\nmetrics: {port: 9999}\n');
    await expect.poll(() => settings.current.window).toEqual({ theme: 'light' });
    expect([heard, lines]).toEqual([[], []]);
    await write('window: {theme: light}\npasswords: {keepIn: memory}\n');
    await expect.poll(() => lines.join()).toMatch(/"counting":"none","afterRestart":"passwords metrics"/);
    expect(heard).toEqual([]);
  });

  it('stay as they are while their file cannot be read', async () => {
    await write('policy: {all: {confirm: true}}\n');
    await settings.load();
    await write('policy: {all: {confirm: false}}\n');
    await expect.poll(() => lines.join()).toContain('settings not taken up');
    expect(settings.current).toEqual({ policy: { all: { confirm: true } } });
    expect(heard).toEqual([]);
    await write('{}\n');
    await expect.poll(() => heard).toEqual([{}]);
  });
});
