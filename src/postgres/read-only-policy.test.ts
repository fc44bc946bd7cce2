import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.ts';
import { guardSettings, isSafeEncoding, refusalOf } from './read-only-policy.ts';

describe('refusalOf', () => {
  it.each([
    'set default_transaction_read_only to off',
    'SET SESSION default_transaction_read_only = DEFAULT',
    'SET "Transaction_Read_Only" = 0',
    'SET LOCAL transaction_read_only = off',
    'SET default_transaction_read_only = on, off',
    'SET default_transaction_read_only FROM CURRENT',
    'SELECT 1; SET default_transaction_read_only = off',
    'SET standard_conforming_strings = off',
    "SET NAMES 'GBK'",
    'SET client_encoding = sjis',
    'begin read write',
    'BEGIN; COMMIT AND CHAIN; START TRANSACTION READ WRITE',
    'SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ\n--\nWRITE',
    'RESET "transaction_read_only"',
    'DO LANGUAGE plpgsql $$ $$',
    "SELECT set_config('Default_Transaction_Read_Only', 'off', false)",
    "SELECT pg_catalog . set_config /* */ ( 'transaction_read_only' , 'off', false)",
    "SELECT set_config(E'default_transaction_read_only', 'off', false)",
    'SELECT set_config($1, $2, false)',
    "SELECT set_config('search' || '_path', '', false)",
    "SELECT set_config(name, 'off', false) FROM pg_settings WHERE name = 'transaction_read_only'",
    "SELECT set_config(name, 'x', false) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind' OR true",
    "EXPLAIN ANALYZE SELECT set_config('client_encoding', 'SJIS', false)",
    'ALTER SYSTEM SET work_mem = 1',
    'ALTER SYSTEM RESET ALL',
    'ALTER USER app IN DATABASE orders SET transaction_read_only = off',
    'ALTER DATABASE orders RESET ALL',
    'SELECT lo_create(0)',
    "SELECT U&\"\\0073et_config\"('x', 'y', false)",
    "SELECT 'unfinished",
  ])('refuses %s', (sql) => {
    expect(refusalOf(sql)).toEqual(expect.any(String));
  });

  it.each([
    '',
    'SELECT * FROM t WHERE a = $1',
    'SET search_path = public',
    'set default_transaction_read_only = ON',
    "SET default_transaction_read_only TO 'true'",
    'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY',
    'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY',
    'SET TIME ZONE UTC',
    'SET ROLE reader',
    "SET NAMES 'UTF8'",
    'BEGIN',
    'RESET ALL',
    'RESET default_transaction_read_only',
    'DISCARD ALL',
    'SHOW transaction_read_only',
    'SELECT set_config FROM t',
    "SELECT pg_catalog.set_config('search_path', '', false)",
    "SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'",
    "SELECT 'READ WRITE', 'SET transaction_read_only = off', $$set_config('x')$$",
    'SELECT "read", "write" FROM t -- READ WRITE',
    'COPY t TO STDOUT',
    'ALTER TABLE t SET (fillfactor = 50)',
    'DECLARE c CURSOR FOR SELECT 1; FETCH ALL FROM c',
  ])('lets %s through', (sql) => {
    expect(refusalOf(sql)).toBeUndefined();
  });

  it('finds what is forbidden wherever it stands among statements, comments and spaces', () => {
    const gap = fc.constantFrom(' ', '\n', '\t', ' /* x */ ', ' -- x\n', '/* /* ; */ */');
    const around = fc.array(fc.constantFrom("SELECT 'a'", 'SELECT 1', 'SHOW ALL', ''), { maxLength: 3 });
    const forbidden = fc.constantFrom(
      ['SET', 'transaction_read_only', '=', 'off'],
      ['BEGIN', 'READ', 'WRITE'],
      ['SELECT', 'set_config', '(', "'transaction_read_only'", ',', "'off'", ',', 'false', ')'],
    );
    fc.assert(
      fc.property(around, forbidden, gap, around, (before, words, between, after) => {
        const sql = [...before, words.join(between), ...after].join(';');
        expect(refusalOf(sql)).toEqual(expect.any(String));
      }),
      fuzzed(500),
    );
  });
});

it('a session begins with the settings of the policy, whatever the client asked for', () => {
  const settings = guardSettings(
    new Map([
      ['DEFAULT_transaction_read_only', 'off'],
      ['transaction_read_only', 'off'],
      ['standard_conforming_strings', 'off'],
      ['options', '-c default_transaction_read_only=off'],
      ['Client_Encoding', 'UTF8'],
      ['search_path', 'public'],
    ]),
  );
  expect([...settings]).toEqual([
    ['options', '-c default_transaction_read_only=off'],
    ['Client_Encoding', 'UTF8'],
    ['search_path', 'public'],
    ['default_transaction_read_only', 'on'],
    ['standard_conforming_strings', 'on'],
  ]);
});

it('trusts only encodings in which ASCII stands for itself', () => {
  for (const name of ['UTF8', 'utf-8', 'SQL_ASCII', 'LATIN1', 'WIN1252', 'EUC_JP', 'KOI8R', 'ISO-8859-15'])
    expect(isSafeEncoding(name), name).toBe(true);
  for (const name of ['SJIS', 'BIG5', 'GBK', 'UHC', 'GB18030', 'JOHAB', 'SHIFT_JIS_2004', ''])
    expect(isSafeEncoding(name), name).toBe(false);
});
