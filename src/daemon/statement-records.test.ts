import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { ReadStatement } from '../postgres/statement-reader.ts';
import { StatementRecords } from './statement-records.ts';

function setup() {
  const told: {
    readonly statement: string;
    readonly fingerprint: string | undefined;
    readonly atMs: number;
  }[] = [];
  const answers = new Map<string, (read: ReadStatement) => void>();
  const records = new StatementRecords({
    reader: { read: (sql) => new Promise((resolve) => answers.set(sql, resolve)) },
    append: ({ statement, fingerprint }, atMs) => told.push({ statement, fingerprint, atMs }),
  });
  const add = (sql: string | undefined, atMs: number) =>
    records.add(
      {
        event: 'postgres-statement',
        tunnel: 'user/a',
        connection: 1,
        databaseUser: 'app',
        database: 'orders',
        statement: 'WITH',
      },
      { sql, atMs },
    );
  return { told, answers, records, add };
}

it('statements are told in their order, each with what the parser says of it', async () => {
  const { told, answers, add } = setup();
  add('a', 1);
  add('b', 2);
  add(undefined, 3);
  answers.get('b')!({ kind: 'invalid' });
  await nextTurn();
  expect(told).toEqual([]);
  answers.get('a')!({ kind: 'read', fingerprint: 'f', statement: 'DELETE' });
  await nextTurn();
  expect(told).toEqual([
    { statement: 'DELETE', fingerprint: 'f', atMs: 1 },
    { statement: 'unknown', fingerprint: undefined, atMs: 2 },
    { statement: 'WITH', fingerprint: undefined, atMs: 3 },
  ]);
});

it('the end of the tunnel leaves nothing untold, and tells nothing twice', async () => {
  const { told, answers, records, add } = setup();
  add('a', 1);
  records.flush();
  expect(told).toEqual([{ statement: 'WITH', fingerprint: undefined, atMs: 1 }]);
  answers.get('a')!({ kind: 'read', fingerprint: 'f' });
  await nextTurn();
  expect(told).toHaveLength(1);
});

it('more than may wait are told without the parser, none is left out and none held back', () => {
  const { told, add } = setup();
  for (let index = 0; index <= 4_096; index++) add(`${index}`, index);
  expect(told.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 4_097 }, (_, index) => index));
});
