import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { collect, LogFolder, manyOpened, opened } from '../../../src/audit/audit.fixture.ts';
import { lastRecords, readRecords } from '../../../src/audit/read-records.ts';
import type { AuditEvent } from '../../../src/contract/audit-event.ts';
import { FakeControl } from '../../../test/support/fake-control.ts';
import { wholeLog } from './audit-search.ts';
import { eventKinds } from './event-kinds.ts';
import { collectEvents, exportName, exportText } from './export-events.ts';

let logs: LogFolder;
let control: FakeControl;
beforeEach(async () => {
  logs = await LogFolder.create();
  control = new FakeControl().on('audit', async ({ filter, limit }) => {
    const found = await lastRecords({ folder: logs.folder, filter, count: limit });
    return { records: found.map(({ record }) => ({ log: 'daemon', record })) };
  });
});
afterEach(() => logs[Symbol.asyncDispose]());

const everything = { ...wholeLog, kinds: eventKinds };
const run = (search = everything) =>
  collectEvents({ api: control, search, signal: new AbortController().signal, onProgress() {} });

it('gives lines as they stand in the file, so that they can be verified elsewhere', async () => {
  const odd = {
    ...opened(3),
    peer: { uid: 0, program: '/tmp/\u001b[2K\u202egnp ü 😀 \u007f' },
  } as AuditEvent;
  const long = { ...opened(4), target: 'x'.repeat(20_000) } as unknown as AuditEvent;
  await logs.write([...manyOpened(2), odd, long]);
  const { records, isWhole } = await run();
  expect(isWhole).toBe(true);
  expect(exportText(records, 'jsonl').join('')).toBe(await readFile(await logs.path(), 'latin1'));
});

it('reads page after page, each event once', async () => {
  for (let turn = 0; turn < 3; turn++) {
    await logs.write(manyOpened(4_500));
    logs.clock.advance(1_000);
  }
  const { records } = await run();
  const all = await collect(readRecords({ folder: logs.folder }));
  expect(all.length).toBeGreaterThan(13_500);
  expect(records.map(({ record }) => record.seq)).toEqual(all.map(({ record }) => record.seq));
}, 60_000);

it('has what the filter and the words find, and no more', async () => {
  await logs.write(manyOpened(12));
  const { records } = await run({ words: 'PSQL', kinds: ['connection-opened'], exact: { podUid: 'none' } });
  expect(records).toEqual([]);
  const found = await run({ ...everything, words: '"connection":12 psql' });
  expect(found.records.map(({ record }) => record.connection)).toEqual([12]);
});

it('makes a table with a header, and one line for each event', async () => {
  await logs.write(manyOpened(2));
  const { records } = await run({ ...everything, kinds: ['connection-opened'] });
  const lines = exportText(records, 'csv').join('').split('\r\n');
  expect(lines).toHaveLength(4);
  expect(lines[0]).toMatch(/^seq,at,event,tunnel,/);
  expect(lines[1]).toMatch(/^3,2023-11-14T22:13:20\.000Z,connection-opened,orders-db,/);
});

it('stops when it is told to', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  const ended = collectEvents({ api: control, search: everything, signal, onProgress() {} });
  await expect(ended).rejects.toThrow('enough');
});

it('names files so that they sort by time', () => {
  expect(exportName('csv', Date.parse('2026-11-21T18:44:12.391Z'))).toBe(
    'sallyport-audit-2026-11-21T184412Z.csv',
  );
});
