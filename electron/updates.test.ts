import { EventEmitter } from 'node:events';
import type { AppUpdater } from 'electron-updater';
import { beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../test/support/fake-clock.ts';
import { Updates, type UpdatesOptions } from './updates.ts';

class FakeUpdater extends EventEmitter {
  readonly done: unknown[] = [];
  setFeedURL(given: unknown): void {
    this.done.push(given);
  }
  async checkForUpdates(): Promise<void> {
    this.done.push('check');
    if (this.failure) throw this.failure;
  }
  quitAndInstall(): void {
    this.done.push('install');
  }
  failure: Error | undefined;
}

let clock: FakeClock;
let updater: FakeUpdater;
let said: unknown[];
let loads: number;

beforeEach(() => {
  clock = new FakeClock();
  updater = new FakeUpdater();
  said = [];
  loads = 0;
});

function updates(more: Partial<UpdatesOptions> = {}): Updates {
  return new Updates({
    from: 'https://updates.example.com/sallyport',
    isPackaged: true,
    clock,
    load: async () => {
      loads++;
      return updater as unknown as AppUpdater;
    },
    onReady: (version) => said.push(version),
    onFailure: (error) => said.push(error.message),
    ...more,
  });
}

it.each([{ from: undefined }, { isPackaged: false }])(
  'asks nobody and loads nothing with %o',
  async (given) => {
    using _ = updates(given);
    await clock.advanceAsync(86_400_000);
    expect(loads).toBe(0);
    expect(clock.pending).toBe(0);
  },
);

it('asks where its user said, some time after the start and then every six hours', async () => {
  using _ = updates();
  await clock.advanceAsync(29_000);
  expect(loads).toBe(0);
  await clock.advanceAsync(1_000);
  const feed = { provider: 'generic', url: 'https://updates.example.com/sallyport' };
  expect(updater.done).toEqual([feed, 'check']);
  await clock.advanceAsync(6 * 3_600_000);
  expect(updater.done).toEqual([feed, 'check', 'check']);
  expect(loads).toBe(1);
});

it('says when one is ready, and takes it up only when it is told to', async () => {
  using all = updates();
  await clock.advanceAsync(30_000);
  updater.emit('update-downloaded', { version: '2.0.0' });
  expect(said).toEqual(['2.0.0']);
  expect(updater.done).not.toContain('install');
  all.install();
  expect(updater.done.at(-1)).toBe('install');
});

it('tries again after a failure', async () => {
  using _ = updates();
  updater.failure = new Error('no network');
  await clock.advanceAsync(30_000);
  expect(said).toEqual(['no network']);
  await clock.advanceAsync(6 * 3_600_000);
  expect(updater.done.filter((what) => what === 'check')).toHaveLength(2);
});
