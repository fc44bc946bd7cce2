import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest';
import { expectNoHandles } from '../../test/support/no-handles.ts';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { followAll } from './all-logs.ts';
import { LogFolder, opened } from './audit.fixture.ts';
import { logFiles } from './log-files.ts';
import { watchSlots } from './watch-slots.ts';

let dir: string;
let folder: string;
let end: AbortController;
let told: string[];
let running: Promise<void>;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'follow-'));
  folder = join(dir, 'data/audit');
  end = new AbortController();
  told = [];
});
afterEach(async () => {
  end.abort();
  await running;
  await rm(dir, { recursive: true });
});
afterAll(expectNoHandles);

function follow(log?: string): void {
  running = followAll(
    {
      folder,
      log,
      clock: systemClock,
      warn: silentLog,
      signal: end.signal,
      filter: { events: ['connection-opened'] },
    },
    ({ log: name, record }) => told.push(`${name} ${record.connection}`),
  );
}

const slot = (name: string) => new LogFolder(join(folder, name));
const write = (name: string, connection: number) => slot(name).write([opened(connection)]);
const saw = (...expected: string[]) =>
  vi.waitFor(() => expect(told.filter((each) => !each.endsWith(' 0'))).toEqual(expected), {
    timeout: 10_000,
  });

/** Begins, and is sure of it: what is written before is not told. */
async function following(log?: string): Promise<void> {
  follow(log);
  await vi.waitFor(
    async () => {
      await write(log ?? 'daemon', 0);
      expect(told).not.toEqual([]);
    },
    { timeout: 10_000 },
  );
  expect(new Set(told)).toEqual(new Set([`${log ?? 'daemon'} 0`]));
}

it('follows a log that begins later, from its first line', async () => {
  await write('daemon', 1);
  await following();
  await write('forward-1', 2);
  await saw('forward-1 2');
  await write('daemon', 3);
  await saw('forward-1 2', 'daemon 3');
  await write('forward-1', 4);
  await saw('forward-1 2', 'daemon 3', 'forward-1 4');
});

it('goes on with the file of the next day, and past one that was dropped', async () => {
  await write('daemon', 1);
  await following();
  const daemon = slot('daemon');
  daemon.clock.advance(24 * 3_600_000);
  await daemon.write([opened(2)]);
  await saw('daemon 2');
  const [first] = await logFiles(daemon.folder);
  await rm(first!.path);
  daemon.clock.advance(24 * 3_600_000);
  await daemon.write([opened(3)]);
  await saw('daemon 2', 'daemon 3');
});

it('follows one log alone where that is asked for', async () => {
  await write('forward-2', 1);
  await following('forward-2');
  await write('daemon', 2);
  await write('forward-2', 3);
  await saw('forward-2 3');
});

it('sees logs come where not even their folder was there', async () => {
  running = Promise.resolve();
  const slots = watchSlots({ folder, clock: systemClock, log: silentLog, signal: end.signal });
  const names = async () => (await slots.next()).value?.map(({ name }) => name);
  expect(await names()).toEqual([]);
  await write('forward-1', 1);
  await expect.poll(names).toEqual(['forward-1']);
  await write('daemon', 2);
  expect(await names()).toEqual(['daemon', 'forward-1']);
  end.abort();
  expect(await names()).toBeUndefined();
});
