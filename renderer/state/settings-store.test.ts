import { expect, it } from 'vitest';
import { AppError } from '../../src/base/app-error.ts';
import type { ShownSettings } from '../../src/contract/control-settings.ts';
import { FakeControl } from '../../test/support/fake-control.ts';
import { SettingsStore, type Theme } from './settings-store.ts';

function storeOf(control: FakeControl, kept = new Map<string, string>()) {
  const themes: Theme[] = [];
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  const store = new SettingsStore({ api: control, storage, showTheme: (theme) => themes.push(theme) });
  return { store, themes, kept };
}

function shown(window: ShownSettings['window'] = {}): ShownSettings {
  return {
    file: '/home/dev/.config/sallyport/settings.yaml',
    window,
    keepPasswordsIn: 'keychain',
    metricsTokenFile: '/home/dev/metrics-token',
    audit: { days: 400, megabytes: 2_048, receivers: [] },
    afterRestart: [],
  };
}

it('has the theme of last time before the daemon answers, and that of the file afterwards', async () => {
  const control = new FakeControl().on('settings', async () => shown({ theme: 'light' }));
  const { store, themes, kept } = storeOf(control, new Map([['theme', 'dark']]));
  expect(themes).toEqual(['dark']);
  await store.load();
  expect(themes).toEqual(['dark', 'light']);
  expect(kept.get('theme')).toBe('light');
});

it('goes back to the theme of the system where the file names none any more', async () => {
  const control = new FakeControl().on('settings', async () => shown());
  const { store, themes } = storeOf(control, new Map([['theme', 'dark']]));
  await store.load();
  expect(themes).toEqual(['dark', 'system']);
});

it('shows what the daemon has written, and what it refused beside what was', async () => {
  const control = new FakeControl()
    .on('settings', async () => shown({ theme: 'dark' }))
    .on('changeSettings', async ({ change }) => shown({ theme: change.theme }));
  const { store } = storeOf(control);
  await store.load();
  const changing = store.change({ theme: 'light' });
  expect(store.state()).toMatchObject({ isSaving: true, settings: { window: { theme: 'dark' } } });
  await changing;
  expect(store.state()).toEqual({ isSaving: false, settings: shown({ theme: 'light' }) });

  control.on('changeSettings', async () => {
    throw new AppError('SP-USAGE', { message: 'settings.yaml: no' });
  });
  await store.change({ theme: 'system' });
  expect(store.state()).toMatchObject({
    isSaving: false,
    error: { code: 'SP-USAGE' },
    settings: { window: { theme: 'light' } },
  });
});

it('keeps the formats of other kinds, and writes nothing where nothing changes', async () => {
  const control = new FakeControl()
    .on('settings', async () => shown({ formats: { redis: 'uri', postgres: 'jdbc' } }))
    .on('changeSettings', async ({ change }) => shown({ formats: change.formats }));
  const { store } = storeOf(control);
  await store.load();
  await store.prefer('postgres', 'jdbc');
  expect(control.calls.map(({ operation }) => operation)).toEqual(['settings']);
  await store.prefer('postgres', 'uri');
  expect(store.format('redis')).toBe('uri');
  expect(store.format('postgres')).toBe('uri');
});

it('is not overtaken by what was read beside a change, whenever that comes', async () => {
  const answers: ((settings: ShownSettings) => void)[] = [];
  const held = () => new Promise<ShownSettings>((resolve) => answers.push(resolve));
  const control = new FakeControl().on('settings', held).on('changeSettings', held);
  const { store } = storeOf(control);
  const loading = store.load();
  const changing = store.change({ theme: 'light' });
  await store.load();
  expect(control.calls.map(({ operation }) => operation)).toEqual(['settings', 'changeSettings']);
  answers[1]!(shown({ theme: 'light' }));
  await changing;
  answers[0]!(shown({ theme: 'dark' }));
  await loading;
  expect(store.state()).toEqual({ isSaving: false, settings: shown({ theme: 'light' }) });
});

it('says that it saves as long as it does, whatever is read meanwhile', async () => {
  let answer = (_: ShownSettings) => {};
  const control = new FakeControl()
    .on('settings', async () => shown())
    .on('changeSettings', () => new Promise((resolve) => (answer = resolve)));
  const { store } = storeOf(control);
  const loading = store.load();
  const changing = store.change({ theme: 'light' });
  await loading;
  expect(store.state().isSaving).toBe(true);
  answer(shown({ theme: 'light' }));
  await changing;
  expect(store.state().isSaving).toBe(false);
});
