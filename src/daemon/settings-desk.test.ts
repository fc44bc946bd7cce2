import { readFile, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DaemonHome } from '../../test/support/daemon-fixture.ts';
import { ensurePrivateFolder } from './private-folder.ts';
import { changedText, SettingsDesk } from './settings-desk.ts';

let home: DaemonHome;
let desk: SettingsDesk;
beforeEach(async () => {
  home = await DaemonHome.create();
  await ensurePrivateFolder(dirname(home.places.settingsFile));
  desk = new SettingsDesk({ places: home.places, inUse: {} });
});
afterEach(() => home[Symbol.asyncDispose]());

const written = () => readFile(home.places.settingsFile, 'utf8');

it('says what holds without a file, and makes one that is private with the first change', async () => {
  expect(await desk.read()).toMatchObject({
    window: {},
    keepPasswordsIn: 'keychain',
    audit: { days: 400, megabytes: 2_048, receivers: [] },
    afterRestart: [],
  });
  await desk.change({ theme: 'dark' });
  expect(await written()).toBe('window:\n  theme: dark\n');
  expect((await stat(home.places.settingsFile)).mode & 0o777).toBe(0o600);
});

it('keeps comments, order and all that a change is not about', async () => {
  const before = `# of my dotfiles
passwords:
    keepIn: memory # the keychain asks too often
audit:
    keep: { days: 30 }
window:
    # I read at night
    theme: light
`;
  await writeFile(home.places.settingsFile, before, { mode: 0o600 });
  await desk.change({ theme: 'dark', copyOnConnect: true });
  await desk.change({ formats: { postgres: 'jdbc' } });
  expect(await written()).toBe(
    `${before.replace('light', 'dark')}    copyOnConnect: true\n    formats:\n        postgres: jdbc\n`,
  );
  expect((await desk.read()).window).toEqual({
    theme: 'dark',
    copyOnConnect: true,
    formats: { postgres: 'jdbc' },
  });
});

it('says what the daemon takes up at its next start', async () => {
  const changed = await desk.change({ keepPasswordsIn: 'file', metricsPort: 9_464, notifications: 'off' });
  expect(changed).toMatchObject({ metricsPort: 9_464, afterRestart: ['passwords', 'metrics'] });
  expect((await desk.change({ metricsPort: null })).afterRestart).toEqual(['passwords']);
  expect(await written()).not.toContain('metrics');
});

it('loses none of two changes at one time', async () => {
  await Promise.all([desk.change({ theme: 'dark' }), desk.change({ copyOnConnect: true })]);
  expect((await desk.read()).window).toEqual({ theme: 'dark', copyOnConnect: true });
});

it('leaves a file with a mistake alone, and names it', async () => {
  const mistaken = 'window: {theme: pink}\n';
  await writeFile(home.places.settingsFile, mistaken, { mode: 0o600 });
  const refusal = { code: 'SP-USAGE', details: { message: expect.stringContaining('theme') } };
  await expect(desk.read()).rejects.toMatchObject(refusal);
  await expect(desk.change({ copyOnConnect: true })).rejects.toMatchObject(refusal);
  expect(await written()).toBe(mistaken);
});

it('leaves nothing behind of what is taken out', () => {
  expect(changedText('metrics: {port: 1}\n', { metricsPort: null })).toBe('');
  expect(
    changedText('# mine\n\nmetrics:\n  port: 1\npasswords: {keepIn: file}\n', { metricsPort: null }),
  ).toBe('# mine\n\npasswords: {keepIn: file}\n');
});
