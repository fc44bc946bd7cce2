import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import type { AuditEvent } from '../contract/audit-event.ts';
import type { AuditFilter } from '../contract/audit-query.ts';
import { collect, context, LogFolder, manyOpened, opened, pod } from './audit.fixture.ts';
import { exportCsv, exportJson } from './export-records.ts';
import { followRecords } from './follow-records.ts';
import { findRecord, lastRecords, mergeRecords, type ReadRecord, readRecords } from './read-records.ts';
import { recordFilter } from './record-filter.ts';

let logs: LogFolder;
beforeEach(async () => {
  logs = await LogFolder.create();
});
afterEach(() => logs[Symbol.asyncDispose]());

const otherPod = { ...pod, uid: '7f3a0000-0000-4000-8000-000000000000' };
const login: AuditEvent = {
  event: 'postgres-login',
  ...context,
  tunnel: 'reports',
  user: 'jörg@example.com',
  connection: 1,
  outcome: 'accepted',
  databaseUser: 'app',
  database: 'orders',
};
const session: AuditEvent = { event: 'session-opened', auditId: 'a-1', user: context.user, pod: otherPod };
const state: AuditEvent = { event: 'tunnel-state', ...context, state: 'waiting', pod: otherPod };

async function read(filter?: AuditFilter): Promise<string[]> {
  const found = await collect(readRecords({ folder: logs.folder, ...(filter && { filter }) }));
  return found.map(({ record }) => `${record.seq} ${record.event}`);
}

describe('with a filter', () => {
  beforeEach(async () => {
    await logs.write([opened(1), login]);
    logs.clock.advance(86_400_000);
    await logs.write([session, state]);
  });

  it.each<[AuditFilter, string[]]>([
    [{ tunnel: 'reports' }, ['4 postgres-login']],
    [{ tunnel: 'orders-db', events: ['tunnel-state', 'postgres-login'] }, ['12 tunnel-state']],
    [{ podUid: otherPod.uid }, ['11 session-opened', '12 tunnel-state']],
    [{ podUid: pod.uid }, ['3 connection-opened']],
    [{ user: 'jörg@example.com' }, ['4 postgres-login']],
    [{ databaseUser: 'app' }, ['4 postgres-login']],
    [{ auditId: 'a-1' }, ['11 session-opened']],
    [{ profile: context.profile, podUid: pod.uid }, ['3 connection-opened']],
    [{ tunnel: 'orders' }, []],
    [{ events: ['connection'] }, []],
  ])('%j', async (filter, expected) => {
    expect(await read(filter)).toEqual(expected);
  });

  it('by time, from and up to', async () => {
    const midnight = Date.parse('2023-11-15T00:00:00Z');
    const opens = { events: ['connection-opened', 'session-opened'] };
    expect(await read({ ...opens, sinceMs: midnight })).toEqual(['11 session-opened']);
    expect(await read({ ...opens, untilMs: midnight })).toEqual(['3 connection-opened']);
    const atMs = 1_700_000_000_000;
    expect(await read({ ...opens, untilMs: atMs })).toEqual([]);
    expect(await read({ ...opens, sinceMs: atMs, untilMs: atMs + 1 })).toEqual(['3 connection-opened']);
  });

  it('by time without reading lines as JSON that are too old or too new', async () => {
    const [line] = (await logs.text(0)).split('\n');
    const atMs = Date.parse(JSON.parse(line!).at);
    const mayMatch = (filter: AuditFilter) => recordFilter(filter).mayMatch(line!);
    expect(mayMatch({ sinceMs: atMs, untilMs: atMs + 1 })).toBe(true);
    expect(mayMatch({ sinceMs: atMs + 1 })).toBe(false);
    expect(mayMatch({ untilMs: atMs - 1 })).toBe(false);
    expect(recordFilter({ sinceMs: atMs + 1 }).mayMatch(` ${line}`)).toBe(true);
    expect(mayMatch({ sinceMs: -1e16, untilMs: 1e16 })).toBe(true);
  });
});

it('reads the last ones, over the bounds of files', async () => {
  for (let turn = 0; turn < 3; turn++) await logs.write(manyOpened(9), { limits: { maxFileBytes: 4_000 } });
  const all = await read({ events: ['connection-opened'] });
  for (const count of [1, 7, 12, 100]) {
    const last = await lastRecords({ folder: logs.folder, filter: { events: ['connection-opened'] }, count });
    expect(last.map(({ record }) => `${record.seq} ${record.event}`)).toEqual(all.slice(-count));
  }
});

it('finds one by its number, as it stands in the file', async () => {
  await logs.write(manyOpened(12));
  const found = await findRecord(logs.folder, 11);
  expect(found?.record).toMatchObject({ seq: 11, connection: 9 });
  expect((await logs.text()).split('\n')[10]).toBe(found?.line);
  expect(await findRecord(logs.folder, 99)).toBeUndefined();
});

it('passes over lines that are none, and reads kinds that it does not know', async () => {
  await logs.write([opened(1)]);
  await appendFile(
    await logs.path(),
    'rubbish\n{"seq":1}\n{"seq":9,"prev":"","event":"new","at":"2023-11-14T22:13:20.000Z"}\n{"se',
  );
  expect((await read()).slice(-3)).toEqual(['5 writer-ended', '6 checkpoint', '9 new']);
});

it('merges logs by time', async () => {
  await using other = new LogFolder(join(logs.folder, '..', 'other', 'log'));
  await logs.write([opened(1)]);
  other.clock.advance(1_000);
  await other.write([opened(2)], { signer: logs.signer });
  logs.clock.advance(2_000);
  await logs.write([opened(3)]);
  const both = [logs, other].map(({ folder }) =>
    readRecords({ folder, filter: { events: ['connection-opened'] } }),
  );
  const merged = await collect(mergeRecords(both));
  expect(merged.map(({ record }) => record.connection)).toEqual([1, 2, 3]);
});

it('follows what is written from now on, into the next file too', async () => {
  await logs.write([opened(1)]);
  const abort = new AbortController();
  const follow = followRecords({
    folder: logs.folder,
    filter: { events: ['connection-opened'] },
    clock: systemClock,
    log: silentLog,
    signal: abort.signal,
  });
  const first = follow.next();
  await using log = logs.writer();
  const write = async (connection: number) => {
    log.append(opened(connection));
    await log.flush();
  };
  // Until it has begun: what came before is not followed.
  let came = false;
  first.then(() => {
    came = true;
  });
  for (let connection = 2; !came; connection++) await write(connection);
  const seen = (await first).value as ReadRecord;
  expect(Number(seen.record.connection)).toBeGreaterThan(1);
  logs.clock.advance(86_400_000);
  await write(1_000_000);
  let last = seen;
  while (last.record.connection !== 1_000_000) last = (await follow.next()).value as ReadRecord;
  expect(last.file).toBe('2023-11-15.0001.jsonl');
  const end = follow.next();
  abort.abort();
  expect((await end).done).toBe(true);
});

describe('exported', () => {
  const evil = '=HYPERLINK("http://x";"y")';

  it('as JSON it is one document', async () => {
    await logs.write([opened(1), login]);
    const text = (await collect(exportJson(readRecords({ folder: logs.folder })))).join('');
    expect(JSON.parse(text)).toEqual(await logs.records());
    const none = readRecords({ folder: join(logs.folder, 'none') });
    expect((await collect(exportJson(none))).join('')).toBe('[]\n');
  });

  it('as CSV no cell is a formula, and each stays one cell', async () => {
    const texts = [evil, '+1', '-1', '@x', '\t=1', ' =1', '\r\n=1', 'a,b', 'say "x"'];
    await logs.write(texts.map((application) => ({ ...login, application })));
    const events = { events: ['postgres-login'] };
    const rows = await collect(exportCsv(readRecords({ folder: logs.folder, filter: events })));
    const [header, ...cells] = rows.map(cellsOf);
    expect(new Set(rows.map((row) => cellsOf(row).length))).toEqual(new Set([header!.length]));
    const read = cells.map((row) => row[header!.indexOf('application')]);
    expect(read).toEqual([...texts.slice(0, 7).map((text) => `'${text}`), 'a,b', 'say "x"']);
  });

  it('as CSV it leaves nothing out', async () => {
    const error = { code: 'SP-FORBIDDEN', details: { why: evil } } as const;
    await logs.write([{ event: 'tunnel-denied', ...context, error }]);
    const filter = { events: ['tunnel-denied'] };
    const rows = await collect(exportCsv(readRecords({ folder: logs.folder, filter })));
    const [header, row] = rows.map(cellsOf);
    expect(row![header!.indexOf('error')]).toBe('SP-FORBIDDEN');
    expect(JSON.parse(row!.at(-1)!)).toEqual({ error: error.details });
  });

  /** An own reading of RFC 4180. */
  function cellsOf(row: string): string[] {
    const cells = row.replace(/\r\n$/, '').match(/("([^"]|"")*"|[^,]*)(,|$)/g)!;
    return cells.slice(0, row.endsWith(',\r\n') ? undefined : -1).map((text) => {
      const inner = text.replace(/,$/, '');
      return inner.startsWith('"') ? inner.slice(1, -1).replaceAll('""', '"') : inner;
    });
  }
});
