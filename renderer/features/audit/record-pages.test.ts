import { expect, it } from 'vitest';
import type { ListedRecord } from '../../../src/contract/audit-query.ts';
import {
  firstPage,
  maxLoaded,
  newerThan,
  olderThan,
  recordKey,
  withNewer,
  withOlder,
} from './record-pages.ts';

const startMs = Date.parse('2026-11-21T18:00:00.000Z');

function listed(seq: number, atMs: number, log = 'daemon'): ListedRecord {
  const at = new Date(startMs + atMs).toISOString();
  return { log, record: { seq, prev: '', at, event: 'tunnel-state' } };
}

const many = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => listed(from + index, (from + index) * 10));
const keys = (records: readonly ListedRecord[]) => records.map(recordKey);

it('has the newest first, and is whole where less came than was asked for', () => {
  const loaded = firstPage({ records: many(1, 3), limit: 4 });
  expect([keys(loaded.records), loaded.isWhole]).toEqual([['daemon/3', 'daemon/2', 'daemon/1'], true]);
  expect(firstPage({ records: many(1, 3), limit: 3 }).isWhole).toBe(false);
});

it('joins an older page that has the millisecond of the oldest again, without an event twice or missed', () => {
  const same = [1, 2, 3, 4].map((seq) => listed(seq, 100));
  const loaded = firstPage({ records: same.slice(2), limit: 2 });
  expect(olderThan(loaded)).toBe(startMs + 101);
  const more = withOlder(loaded, { records: same, limit: 10 });
  expect([keys(more.records), more.isWhole]).toEqual([
    ['daemon/4', 'daemon/3', 'daemon/2', 'daemon/1'],
    true,
  ]);
});

it('is told by a page full of what is known that a larger one is needed', () => {
  const loaded = firstPage({ records: [1, 2].map((seq) => listed(seq, 100)), limit: 2 });
  expect(withOlder(loaded, { records: [1, 2].map((seq) => listed(seq, 100)), limit: 2 })).toBe(loaded);
});

it('takes new events of all logs in the order of their times, also one that was written late', () => {
  const loaded = firstPage({ records: many(1, 3), limit: 200 });
  expect(newerThan(loaded)).toBeLessThan(startMs + 30);
  const late = listed(1, 25, 'forward-1');
  const after = withNewer(loaded, { records: [late, ...many(3, 4)], limit: 1_000 });
  expect(keys(after.records)).toEqual(['daemon/4', 'daemon/3', 'forward-1/1', 'daemon/2', 'daemon/1']);
  expect(withNewer(after, { records: many(2, 4), limit: 1_000 })).toBe(after);
});

it('begins anew where so much is new that there may be more between', () => {
  const loaded = firstPage({ records: many(1, 3), limit: 200 });
  const after = withNewer(loaded, { records: many(50, 52), limit: 3 });
  expect([keys(after.records), after.isWhole]).toEqual([['daemon/52', 'daemon/51', 'daemon/50'], false]);
});

it('keeps no more than it may', () => {
  const loaded = firstPage({ records: many(1, maxLoaded), limit: maxLoaded + 1 });
  const after = withNewer(loaded, { records: many(maxLoaded + 1, maxLoaded + 5), limit: 1_000 });
  expect([after.records.length, after.isWhole]).toEqual([maxLoaded, false]);
  expect(keys(after.records)[0]).toBe(`daemon/${maxLoaded + 5}`);
});
