import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { expectNoHandles } from '../../test/support/no-handles.ts';
import { silentLog } from '../base/log.ts';
import { redactStatements } from './redact-statement.ts';
import { type ReadStatement, StatementReader } from './statement-reader.ts';

let clock: FakeClock;
let reader: StatementReader;
beforeEach(() => {
  clock = new FakeClock();
  reader = new StatementReader({ clock, log: silentLog });
});
afterEach(() => reader[Symbol.asyncDispose]());
afterAll(expectNoHandles);

/** What is recorded of the one statement of a text. */
async function fingerprintOf(sql: string): Promise<string | undefined> {
  const [told] = redactStatements(sql);
  const read = told?.sql === undefined ? undefined : await reader.read(told.sql);
  return read?.kind === 'read' ? read.fingerprint : undefined;
}

it('says nothing of statements where the parser is not there, and looks for it again after a rest', async () => {
  let looks = 0;
  const findParser = (): string => {
    looks++;
    throw new Error('there is none');
  };
  await using without = new StatementReader({ clock, log: silentLog, findParser });
  expect(await without.read('select ?')).toEqual({ kind: 'unread' });
  expect(await without.read('select ?')).toEqual({ kind: 'unread' });
  expect(looks).toBe(1);
  clock.advance(10_000);
  await without.read('select ?');
  expect(looks).toBe(2);
});

describe('a fingerprint', () => {
  it('is that of libpg_query', async () => {
    expect(await fingerprintOf('select 1')).toBe('50fde20626009aba');
    expect(await fingerprintOf("select * from t where x = 'a' and y like 'b%'")).toBe('420ab007758068c9');
  });

  it.each([
    ['select * from orders where id = 17', 'SELECT *  FROM orders /* job 5 */ WHERE id = 18 -- x'],
    ["insert into t values ('a', 1)", 'insert into t values ($$b$$, $1)'],
  ])('is the same of what differs in literals, case of words and comments alone: %s', async (a, b) => {
    expect(await fingerprintOf(a)).toBeDefined();
    expect(await fingerprintOf(a)).toBe(await fingerprintOf(b));
  });

  it('is another of another statement', async () => {
    expect(await fingerprintOf('select a from t')).not.toBe(await fingerprintOf('select b from t'));
    expect(await fingerprintOf("select a -> 'b'")).not.toBe(await fingerprintOf("select a ->> 'b'"));
  });

  // Left to itself the parser hashes each of these with its literal.
  it.each([
    "create role x password 'X'",
    "alter user x with encrypted password 'X' valid until 'infinity'",
    "notify c, 'X'",
    "copy t from program 'X'",
    "comment on table t is 'X'",
    "create subscription s connection 'X' publication p",
    "create server s foreign data wrapper w options (password 'X')",
    "create user mapping for x server s options (password 'X')",
    "security label on table t is 'X'",
    "create type t as enum ('X')",
    "alter table t set (x = 'X')",
    'do $$X$$',
    'set a.b = X',
    'alter role x set a.b to X',
  ])('tells nothing of a literal: %s', async (form) => {
    const [first, second] = ['hunter2', 'tiger3'].map((secret) => form.replace('X', secret));
    expect(await fingerprintOf(first!)).toBe(await fingerprintOf(second!));
  });
});

it.each([
  ['with a as (select 1) select * from a', 'SELECT'],
  ['with a as (select 1) insert into t select * from a', 'INSERT'],
  ['WITH delete as (select 1) update t set a = 1', 'UPDATE'],
  ['with a as (select 1) delete from t', 'DELETE'],
  ['select 1', undefined],
])('says what a WITH does: %s', async (sql, statement) => {
  const read = await reader.read(sql);
  expect(read.kind === 'read' && read.statement).toBe(statement);
});

it('says what is no statement', async () => {
  expect(await reader.read('select from where')).toEqual({ kind: 'invalid' });
  // Of this the parser returns its error's text as if it were a fingerprint.
  expect(await reader.read('select 1 limit 1, 2')).toEqual({ kind: 'invalid' });
});

it.each([
  ['parentheses', `select ${'('.repeat(4_000)}0${')'.repeat(4_000)}`],
  ['casts', `with a as (select 0) select 0${'::int'.repeat(1_500)}`],
  ['operators', `select ${'- '.repeat(4_000)}0`],
  ['selects', `select 0${' union select 0'.repeat(500)}`],
])('outlives a statement of very many %s', async (_what, sql) => {
  for (let times = 0; times < 3; times++)
    expect(['read', 'invalid', 'unread']).toContain((await reader.read(`${sql} ${times}`.trim())).kind);
  // Its thread may have ended with it; the next one reads on.
  await expect.poll(async () => (await reader.read('select 1')).kind).toBe('read');
});

it('holds the statement that ends its thread against no other that came with it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-parser-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const parser = join(folder, 'parser.cjs');
  await writeFile(
    parser,
    `exports.loadModule = async () => {};
     exports.fingerprintSync = (sql) => {
       if (sql === 'trap') throw new WebAssembly.RuntimeError('unreachable');
       return '0123456789abcdef';
     };`,
  );
  await using fragile = new StatementReader({ clock, log: silentLog, findParser: () => parser });
  const together = ['before', 'trap', 'behind'].map((sql) => fragile.read(sql));
  expect((await Promise.all(together)).map(({ kind }) => kind)).toEqual(['read', 'unread', 'unread']);
  expect(await fragile.read('behind')).toMatchObject({ kind: 'read' });
  expect(await fragile.read('trap')).toEqual({ kind: 'unread' });
});

it('reads no more than it can at one time, and what is too long not at all', async () => {
  const all = await Promise.all(
    Array.from({ length: 5_000 }, (_, index) => reader.read(`select column_${index}`)),
  );
  expect(all.slice(0, 4_096).every(({ kind }) => kind === 'read')).toBe(true);
  expect(all.slice(4_096).every(({ kind }) => kind === 'unread')).toBe(true);
  expect(await reader.read(`select ${'a,'.repeat(5_000)}a`)).toEqual({ kind: 'unread' });
  expect(await reader.read('select again')).toMatchObject({ kind: 'read' });
});

it('a thread that does not answer is given up; statements go unread for a while, then another reads them', async () => {
  const stuck = reader.read('select 1 as stuck');
  // Its thread takes some milliseconds to start, in which the time is over.
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(2_000);
  expect(await stuck).toEqual({ kind: 'unread' });
  expect(await reader.read('select 2')).toEqual({ kind: 'unread' });
  clock.advance(10_000);
  expect(await reader.read('select 2')).toMatchObject({ kind: 'read' });
  expect(await reader.read('select 1 as stuck')).toMatchObject({ kind: 'read' });
});

it('lets its thread go when nobody needs it, and starts another one', async () => {
  expect(await reader.read('select 1')).toMatchObject({ kind: 'read' });
  clock.advance(60_000);
  expect(await reader.read('select 2')).toMatchObject({ kind: 'read' });
});

it('reads nothing after its end, and leaves nobody waiting', async () => {
  const reads: Promise<ReadStatement>[] = [reader.read('select 1'), reader.read('select 2')];
  await reader[Symbol.asyncDispose]();
  reads.push(reader.read('select 3'));
  for (const read of reads) expect(await read).toEqual({ kind: 'unread' });
});
