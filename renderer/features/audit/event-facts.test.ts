import { expect, it } from 'vitest';
import { opened, pod } from '../../../src/audit/audit.fixture.ts';
import type { AuditRecord } from '../../../src/contract/audit-event.ts';
import { eventChanges, eventError, eventFacts } from './event-facts.ts';
import { dayWords, eventItems } from './event-items.ts';

const record = (facts: object): AuditRecord => ({
  seq: 7,
  prev: '0',
  at: '2026-11-21T18:44:12.391Z',
  event: 'x',
  ...facts,
});
const pairs = (facts: object) => eventFacts(record(facts)).map(({ name, value }) => [name, value]);

it('says each fact once, in the order in which people ask, and by which to find others like it', () => {
  const facts = eventFacts(record(opened(3)));
  expect(facts.map(({ name }) => name)).toEqual([
    'Tunnel',
    'Profile',
    'Pod',
    'Pod UID',
    'Namespace',
    'Node',
    'Role',
    'Port',
    'Program',
    'Process',
    'OS user',
    'Connection',
    'Held',
    'User',
    'Cluster',
    'Audit-ID',
  ]);
  expect(facts.filter(({ only }) => only).map(({ only }) => only)).toEqual([
    { tunnel: 'orders-db' },
    { podUid: pod.uid },
    { user: 'dev@example.com' },
    { auditId: '6f1c1f0e-5f0a-4a53-8f39-5a1c7a0c2b11' },
  ]);
});

it('writes sizes and times for people, and shows what it does not know', () => {
  expect(
    pairs({ sentBytes: 3_565_158, durationMs: 61_000, groups: ['a', 'b'], later: { deep: [1] } }),
  ).toEqual([
    ['Sent', '3.4 MiB'],
    ['Lasted', '61 s'],
    ['Groups', 'a, b'],
    ['later.deep', '1'],
  ]);
  expect(pairs({ tunnel: 'user/a', profile: 'user/a' })).toEqual([['Tunnel', 'user/a']]);
});

it('shows a name that is written to look like something else as what it is', () => {
  expect(pairs({ peer: { program: '/tmp/\u202egnp' } })).toEqual([['Program', '/tmp/\\u202egnp']]);
});

it('takes an error for one only where it has that form', () => {
  expect(eventError(record({ error: { code: 'SP-FORBIDDEN', details: { verb: 'create' } } }))).toEqual({
    code: 'SP-FORBIDDEN',
    details: { verb: 'create' },
  });
  for (const error of [
    undefined,
    null,
    'no',
    { code: 1 },
    { code: 'x', details: 1 },
    { code: 'x', details: null },
  ])
    expect(eventError(record({ error }))).toBeUndefined();
});

it('says of each change what it was before', () => {
  expect(eventChanges(record({ changes: [{ path: 'port', after: '5433' }, 'odd'] }))).toEqual([
    { path: 'port', before: 'not set', after: '5433' },
  ]);
  expect(eventChanges(record({}))).toEqual([]);
});

it('puts events under the day of here', () => {
  const at = (day: number, hour: number) => new Date(2026, 10, day, hour).toISOString();
  const records = [at(21, 9), at(21, 8), at(20, 23)].map((time, index) => ({
    log: 'daemon',
    record: { ...record({}), seq: 9 - index, at: time },
  }));
  expect(
    eventItems(records).map((item) => (item.kind === 'day' ? item.day : item.listed.record.seq)),
  ).toEqual(['2026-11-21', 9, 8, '2026-11-20', 7]);
  const nowMs = new Date(2026, 10, 21, 12).getTime();
  expect(['2026-11-21', '2026-11-20', '2026-11-19'].map((day) => dayWords(day, nowMs))).toEqual([
    '2026-11-21 · today',
    '2026-11-20 · yesterday',
    '2026-11-19',
  ]);
});
