import { beforeEach, expect, it } from 'vitest';
import { AppError } from '../../../src/base/app-error.ts';
import type { ListedRecord } from '../../../src/contract/audit-query.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { type Call, FakeControl } from '../../../test/support/fake-control.ts';
import { AuditReader } from './audit-reader.ts';

let log: ListedRecord[];
let control: FakeControl;
let clock: FakeClock;

beforeEach(() => {
  log = [];
  clock = new FakeClock();
  control = new FakeControl().on('audit', async (input) => answered(input));
});

/** As the daemon does: the last that match, oldest first. */
function answered({ filter: { sinceMs = 0, untilMs = Infinity }, limit }: Call<'audit'>['input']) {
  const records = log.filter(({ record }) => {
    const atMs = Date.parse(record.at);
    return atMs >= sinceMs && atMs < untilMs;
  });
  return { records: records.slice(-limit) };
}

function write(count: number, atMs = (seq: number) => seq * 1_000): void {
  for (let left = count; left > 0; left--) {
    const seq = log.length + 1;
    const at = new Date(clock.wallMs() + atMs(seq)).toISOString();
    log.push({ log: 'daemon', record: { seq, prev: '', at, event: 'tunnel-state' } });
  }
}

const sequence = ({ state }: AuditReader) => state().loaded?.records.map(({ record }) => record.seq) ?? [];
const down = (from: number) => Array.from({ length: from }, (_, index) => from - index);
const asked = () =>
  control.calls.flatMap((call) => (call.operation === 'audit' ? [(call as Call<'audit'>).input] : []));

it('loads the newest page, then older ones up to the beginning', async () => {
  write(450);
  using reader = new AuditReader({ api: control, clock, filter: {} });
  await reader.loadMore();
  expect([sequence(reader).length, sequence(reader)[0]]).toEqual([200, 450]);
  await reader.loadMore();
  await reader.loadMore();
  expect([sequence(reader), reader.state().loaded?.isWhole]).toEqual([down(450), true]);
  const calls = asked().length;
  await reader.loadMore();
  expect(asked()).toHaveLength(calls);
});

it('leaves no hole where so much is new that the list begins anew under a page that is asked for', async () => {
  write(300);
  using reader = new AuditReader({ api: control, clock, filter: {} });
  await reader.loadMore();
  write(1_500);
  const older = Promise.withResolvers<void>();
  control.on('audit', async (input) => {
    const answer = answered(input);
    if (input.filter.untilMs !== undefined) await older.promise;
    return answer;
  });
  reader.follow(true);
  const loading = reader.loadMore();
  await clock.advanceAsync(0);
  older.resolve();
  await loading;
  // The older page begins with the last one that is known.
  expect(sequence(reader)).toEqual(down(1_800).slice(0, 1_199));
});

it('gets past a millisecond that has more events than a page', async () => {
  write(1_500, () => 0);
  using reader = new AuditReader({ api: control, clock, filter: {} });
  await reader.loadMore();
  await reader.loadMore();
  expect(sequence(reader)).toEqual(down(1_500));
});

it('looks for new events every two seconds while it is followed, and then no more', async () => {
  write(3);
  using reader = new AuditReader({ api: control, clock, filter: {} });
  await reader.loadMore();
  reader.follow(true);
  await clock.advanceAsync(0);
  write(2);
  await clock.advanceAsync(2_000);
  expect(sequence(reader)).toEqual([5, 4, 3, 2, 1]);
  reader.follow(false);
  write(1);
  await clock.advanceAsync(60_000);
  expect([sequence(reader)[0], clock.pending]).toEqual([5, 0]);
});

it('finds the first events of a log that was empty', async () => {
  using reader = new AuditReader({ api: control, clock, filter: {} });
  reader.follow(true);
  await reader.loadMore();
  expect(sequence(reader)).toEqual([]);
  write(2);
  await clock.advanceAsync(2_000);
  expect(sequence(reader)).toEqual([2, 1]);
});

it('never asks beyond the bounds of its filter', async () => {
  write(300);
  const filter = { sinceMs: clock.wallMs() + 100_000, untilMs: clock.wallMs() + 290_000 };
  using reader = new AuditReader({ api: control, clock, filter });
  await reader.loadMore();
  reader.follow(true);
  await clock.advanceAsync(4_000);
  expect(sequence(reader)).toEqual(down(289).slice(0, 190));
  for (const { filter: narrowed } of asked()) {
    expect(narrowed.sinceMs).toBeGreaterThanOrEqual(filter.sinceMs);
    expect(narrowed.untilMs).toBeLessThanOrEqual(filter.untilMs);
  }
});

it('keeps what it has while the daemon is away, says why, and goes on when it is back', async () => {
  write(2);
  using reader = new AuditReader({ api: control, clock, filter: {} });
  await reader.loadMore();
  const answer = async ({ limit }: { limit: number }) => ({ records: log.slice(-limit) });
  control.on('audit', async () => {
    throw new AppError('SP-DAEMON-LOST');
  });
  reader.follow(true);
  await clock.advanceAsync(2_000);
  expect([sequence(reader), reader.state().error?.code]).toEqual([[2, 1], 'SP-DAEMON-LOST']);
  control.on('audit', answer);
  write(1);
  await clock.advanceAsync(2_000);
  expect([sequence(reader), reader.state().error]).toEqual([[3, 2, 1], undefined]);
});

it('tells nobody anything after its end', async () => {
  write(2);
  const reader = new AuditReader({ api: control, clock, filter: {} });
  const loading = reader.loadMore();
  let told = 0;
  reader.subscribe(() => told++);
  reader[Symbol.dispose]();
  await loading;
  expect([told, sequence(reader), clock.pending]).toEqual([0, [], 0]);
});
