import { expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { silentLog } from '../base/log.ts';
import { LogLines } from './log-lines.ts';

function logged(count = 0) {
  const clock = new FakeClock();
  const lines = new LogLines(clock);
  const log = lines.log(silentLog, 'user/orders-db');
  for (let line = 1; line <= count; line++) log.info(`line ${line}`);
  const leaving = new AbortController();
  const asked = { limit: 100, waitMs: 60_000, signal: leaving.signal };
  const read = async (rest: object = {}) => {
    const found = await lines.read({ ...asked, ...rest });
    return found.map(({ sequence }) => sequence);
  };
  return { clock, lines, log, leaving, read };
}

it('gives the newest lines, or those after one, the oldest first', async () => {
  const { read } = logged(5);
  expect(await read({ limit: 2 })).toEqual([4, 5]);
  expect(await read({ after: 1, limit: 3 })).toEqual([2, 3, 4]);
  expect(await read({ after: 0 })).toEqual([1, 2, 3, 4, 5]);
});

it('waits for the next line, as long as it was asked to', async () => {
  const { clock, log, read } = logged(2);
  const next = read({ after: 2 });
  log.info('line 3');
  expect(await next).toEqual([3]);
  expect(clock.pending).toBe(0);
  const none = read({ after: 3 });
  clock.advance(60_000);
  expect(await none).toEqual([]);
  expect(await read({ after: 3, waitMs: 0 })).toEqual([]);
});

it('waits for nobody who has gone', async () => {
  const { clock, leaving, read } = logged(1);
  const left = read({ after: 1 });
  leaving.abort();
  expect(await left).toEqual([]);
  expect(await read({ after: 1 })).toEqual([]);
  expect(clock.pending).toBe(0);
});

it('takes a number that it has not reached for one of an earlier daemon', async () => {
  const { read } = logged(3);
  expect(await read({ after: 57 })).toEqual([1, 2, 3]);
  const { log, read: readNew } = logged();
  const first = readNew({ after: 57 });
  log.info('line 1');
  expect(await first).toEqual([1]);
});

it('keeps a thousand lines, and has 64 wait', async () => {
  const { read, lines, leaving } = logged(1_500);
  expect(lines.all).toHaveLength(1_000);
  expect(await read({ after: 3, limit: 1 })).toEqual([501]);
  const waiting = Array.from({ length: 64 }, () => read({ after: 1_500 }));
  await expect(read({ after: 1_500 })).rejects.toMatchObject({ code: 'SP-USAGE' });
  leaving.abort();
  await Promise.all(waiting);
});
