import fc from 'fast-check';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { refusalOf, startupSettings } from '../../src/postgres/read-only-policy.ts';
import { fuzzed } from '../support/fuzz.ts';
import { expectNoHandles } from '../support/no-handles.ts';
import { type RealDatabase, startDatabase } from '../support/real-database.ts';

/**
 * What the read-only policy lets through is executed by a real Postgres, by a role that may do everything, in a session as the gateway
 * begins one: whatever is let through, the session stays read-only.
 */

vi.setConfig({ hookTimeout: 120_000 });

let database: RealDatabase;
let client: Client;

beforeAll(async () => {
  database = await startDatabase();
  await database.query('ALTER ROLE app SUPERUSER; CREATE TABLE kept (n int)');
  client = await connected();
});

afterAll(async () => {
  await client.end();
  await database[Symbol.asyncDispose]();
  await expectNoHandles();
});

async function connected(): Promise<Client> {
  const options = [...startupSettings].map(([name, value]) => `-c ${name}=${value}`).join(' ');
  const login = { user: 'app', password: 'of the database', database: 'postgres', options };
  const opened = new Client({ host: '127.0.0.1', port: database.port, ...login });
  opened.on('error', () => {});
  await opened.connect();
  return opened;
}

const name = fc.constantFrom(
  ...['default_transaction_read_only', 'DEFAULT_TRANSACTION_READ_ONLY', '"default_transaction_read_only"'],
  ...['"Default_Transaction_Read_Only"', 'transaction_read_only', '"TRANSACTION_READ_ONLY"'],
  ...['U&"transaction_read_onl\\0079"', 'U&"transaction_read_onl!0079" UESCAPE \'!\'', 'search_path'],
  ...[
    'standard_conforming_strings',
    'client_encoding',
    'default_transaction_read_only.x',
    'session_characteristics',
  ],
);
const value = fc.constantFrom(
  ...[
    'off',
    "'off'",
    "E'o\\146f'",
    "U&'\\006fff'",
    '$$off$$',
    '0',
    'false',
    'DEFAULT',
    "'SJIS'",
    "'o' 'ff'",
    'on',
  ],
  ...["''off''", "'o'\n'ff'", 'no', "'f'", 'off, on', '"off"', "E'off' -- '"],
);
/** The server lets only the first be changed within a read-only transaction. */
const settingText = fc
  .tuple(
    fc.constantFrom(
      'default_transaction_read_only',
      'transaction_read_only',
      'standard_conforming_strings',
      'search_path',
    ),
    fc.constantFrom<(setting: string) => string>(
      (setting) => `'${setting}'`,
      (setting) => `'${setting.toUpperCase()}'`,
      (setting) => `E'${setting}'`,
      (setting) => `U&'\\${setting.charCodeAt(0).toString(16).padStart(4, '0')}${setting.slice(1)}'`,
      (setting) => `$$${setting}$$`,
      (setting) => `$x$${setting}$x$`,
      (setting) => `'${setting.slice(0, 4)}' || '${setting.slice(4)}'`,
      (setting) => `'${setting.slice(0, 4)}'\n'${setting.slice(4)}'`,
      (setting) => `lower('${setting.toUpperCase()}')`,
      (setting) => `(select name from pg_settings where name = '${setting}')`,
      (setting) => `setting_name => '${setting}'`,
      (setting) => `'${setting}'::text`,
    ),
  )
  .map(([setting, written]) => written(setting));
const gap = fc.constantFrom(
  ' ',
  ' ',
  '\n',
  '\t',
  '/**/',
  ' /* x */ ',
  ' -- x\n',
  " /* /* ; */ ' */ ",
  '\f',
  ' --\r',
  '\v',
);
const mode = fc.constantFrom(
  'READ WRITE',
  'read write',
  'READ ONLY',
  'READ/**/WRITE',
  'READ--\nWRITE',
  'READ WRITE, READ ONLY',
  '"READ" WRITE',
  'ISOLATION LEVEL SERIALIZABLE, READ WRITE',
  'NOT DEFERRABLE READ WRITE',
);
const call = fc
  .tuple(
    fc.constantFrom(
      'set_config',
      'pg_catalog.set_config',
      '"set_config"',
      'SET_CONFIG',
      'pg_catalog . "set_config"',
      'U&"set\\005fconfig"',
      'pg_catalog."set_config"',
    ),
    settingText,
    value,
    fc.constantFrom('true', 'false'),
  )
  .map(([named, setting, to, isLocal]) => `${named}(${setting}, ${to}, ${isLocal})`);

const statement = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('SET', 'set', 'SET SESSION', 'SET LOCAL', 'SET/**/SESSION'),
      name,
      fc.constantFrom('TO', '=', 'FROM CURRENT', 'to'),
      value,
    )
    .map((words) => words),
  fc.tuple(
    fc.constantFrom(
      'SET TRANSACTION',
      'SET SESSION CHARACTERISTICS AS TRANSACTION',
      'BEGIN',
      'START TRANSACTION',
      'BEGIN WORK',
      'SET LOCAL TRANSACTION',
    ),
    mode,
  ),
  fc.tuple(fc.constantFrom('RESET', 'RESET SESSION', 'reset'), name),
  fc.tuple(
    fc.constantFrom(
      'SELECT',
      'VALUES (',
      'EXPLAIN ANALYZE SELECT',
      'SELECT 1,',
      'TABLE pg_settings;SELECT',
      'PREPARE p AS SELECT',
      'DECLARE c CURSOR FOR SELECT',
      'COPY (SELECT',
      'WITH a AS (SELECT',
    ),
    call,
    fc.constantFrom('', ')', ') TO STDOUT', ') TABLE a', ';EXECUTE p', ';FETCH ALL FROM c'),
  ),
  fc.tuple(
    fc.constantFrom('DO', 'DO LANGUAGE plpgsql', 'do'),
    fc.constant("$$ BEGIN PERFORM set_config('default_transaction_read_only', 'off', false); END $$"),
  ),
  fc.tuple(
    fc.constantFrom(
      "UPDATE pg_settings SET setting = 'off' WHERE name =",
      "UPDATE pg_catalog.pg_settings SET setting = 'off' WHERE name =",
    ),
    settingText,
  ),
  fc.tuple(
    fc.constantFrom(
      'COMMIT',
      'ROLLBACK',
      'COMMIT AND CHAIN',
      'ROLLBACK AND CHAIN',
      'DISCARD ALL',
      'RESET ALL',
      'BEGIN',
      'SELECT 1',
      'SET ROLE postgres',
      'RESET ROLE',
      'SET SESSION AUTHORIZATION app',
      'RESET SESSION AUTHORIZATION',
      'SAVEPOINT a',
      'ROLLBACK TO a',
      '',
      'EXECUTE p',
      'INSERT INTO kept VALUES (1)',
      'SELECT lo_create(0)',
    ),
  ),
);

const sql = fc
  .array(
    fc.tuple(
      statement,
      fc.array(gap, { minLength: 6, maxLength: 6 }),
      fc.constantFrom(';', ';', '; ', '--\n;', ' ', "'", '/*'),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((list) =>
    list
      .map(
        ([words, gaps, end]) => words.flatMap((word, at) => [word, gaps[at % gaps.length]!]).join('') + end,
      )
      .join(''),
  );

test('what the policy lets through leaves the session read-only', async () => {
  let executed = 0;
  await fc.assert(
    fc.asyncProperty(sql, async (text) => {
      // As bytes are read at the gateway.
      if (refusalOf(Buffer.from(text).toString('latin1')) !== undefined) return;
      executed++;
      await client.query(text).catch(() => {});
      const { rows } = await client
        .query("SELECT current_setting('transaction_read_only') AS now")
        .catch(() => ({ rows: [{ now: 'on' }] }));
      await client.query('ROLLBACK');
      const after = await client.query(
        "SELECT current_setting('default_transaction_read_only') AS later, current_setting('standard_conforming_strings') AS strings",
      );
      const state = { ...rows[0], ...after.rows[0] };
      if (state.now !== 'on' || state.later !== 'on' || state.strings !== 'on') {
        await client.end();
        client = await connected();
      }
      expect(state, text).toEqual({ now: 'on', later: 'on', strings: 'on' });
    }),
    fuzzed(3_000),
  );
  expect(await database.query('SELECT n FROM kept')).toEqual([]);
  // A policy that refuses everything would prove nothing.
  expect(executed).toBeGreaterThan(100);
});
