import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { debianPostgres, runProgram } from '../support/debian-postgres.ts';
import { dialTcp, type GatewayFixture, local, openGateway } from '../support/gateway-fixture.ts';
import { expectNoHandles } from '../support/no-handles.ts';
import { type RealDatabase, startDatabase, superuser } from '../support/real-database.ts';

const refusal = { code: '25006', message: expect.stringContaining('this tunnel is read-only') };
const versions = [
  ['embedded', undefined] as const,
  ...(debianPostgres ? [['Debian', debianPostgres] as const] : []),
];

describe.each(versions)('a read-only tunnel to %s Postgres', (_version, bin) => {
  let database: RealDatabase;
  let gateway: GatewayFixture;

  beforeAll(async () => {
    database = await startDatabase({ bin });
    // The most that a role can be: nothing but the policy and the server's own read-only transactions are in its way.
    await database.query('ALTER ROLE app SUPERUSER; ALTER ROLE app SET default_transaction_read_only = off');
    await database.query('CREATE TABLE kept (n int); INSERT INTO kept VALUES (1); CREATE SEQUENCE s');
    await database.query(`CREATE FUNCTION loosen() RETURNS text LANGUAGE sql
      AS $$ SELECT set_config('default_transaction_read_only', 'off', false) $$`);
    gateway = await openGateway({ dial: dialTcp(database.port), upstream: { readOnly: true } });
  });

  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await database?.[Symbol.asyncDispose]();
    await expectNoHandles();
  });

  async function connected(options: object = {}): Promise<Client> {
    const client = new Client({ host: '127.0.0.1', port: gateway.port, ...local, ...options });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  async function withClient<T>(use: (client: Client) => Promise<T>, options: object = {}): Promise<T> {
    const client = await connected(options);
    try {
      return await use(client);
    } finally {
      await client.end();
    }
  }

  const attempts = [
    'SET default_transaction_read_only = off',
    'set session "DEFAULT_transaction_read_only" to \'off\'',
    'SET /* nothing */ LOCAL transaction_read_only -- at all\n TO false',
    'BEGIN READ WRITE',
    'START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ /* */ WRITE',
    'SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE',
    'SET TRANSACTION READ WRITE',
    'RESET transaction_read_only',
    "SELECT set_config('default_transaction_read_only', 'off', false)",
    'SELECT "pg_catalog"."set_config"($$default_transaction_read_only$$, \'off\', false)',
    "SELECT set_config('default_' || 'transaction_read_only', 'off', false)",
    "SELECT set_config(setting_name => 'default_transaction_read_only', new_value => 'off', is_local => false)",
    "SELECT U&\"set\\005fconfig\"('default_transaction_read_only', 'off', false)",
    'PREPARE p AS SELECT set_config($1, $2, false)',
    "UPDATE pg_settings SET setting = 'off' WHERE name = 'default_transaction_read_only'",
    "DO $$ BEGIN PERFORM set_config('default_transaction_read_only', 'off', false); END $$",
    'ALTER ROLE app SET default_transaction_read_only = off',
    'ALTER DATABASE postgres SET default_transaction_read_only = off',
    "ALTER SYSTEM SET default_transaction_read_only = 'off'",
    'SET standard_conforming_strings = off',
    "SET client_encoding = 'SJIS'",
    'INSERT INTO kept VALUES (2)',
    'CREATE TABLE more (n int)',
    'SELECT lo_create(0)',
    "SELECT nextval('s') FROM (SELECT 1) AS t",
  ];

  test.each(attempts)('%s', async (sql) => {
    await withClient(async (client) => {
      await expect(client.query(sql)).rejects.toThrow();
      await client.query('ROLLBACK');
      // As a prepared statement, which is parsed by itself.
      await expect(client.query({ name: 'attempt', text: sql })).rejects.toThrow();
      await client.query('ROLLBACK');
      await expect(client.query(`${sql}; INSERT INTO kept VALUES (2)`)).rejects.toThrow();
      await client.query('ROLLBACK');
      await expect(client.query('INSERT INTO kept VALUES (3)')).rejects.toMatchObject({ code: '25006' });
      const { rows } = await client.query('SHOW default_transaction_read_only');
      expect(rows[0]?.default_transaction_read_only).toBe('on');
    });
    expect(await database.query('SELECT n FROM kept')).toEqual([{ n: 1 }]);
  });

  test('says so in words of its own, where the policy and not the server refuses', async () => {
    const before = gateway.events.length;
    await withClient(async (client) => {
      await expect(client.query('BEGIN READ WRITE')).rejects.toMatchObject({
        ...refusal,
        message: 'this tunnel is read-only: READ WRITE is refused',
      });
      await expect(
        client.query({ name: 'x', text: 'SET transaction_read_only = off' }),
      ).rejects.toMatchObject(refusal);
    });
    expect(gateway.events.slice(before)).toMatchObject([
      { kind: 'login' },
      { kind: 'statement-refused', why: 'READ WRITE is refused' },
      { kind: 'statement-refused' },
    ]);
  });

  test.each([
    'RESET ALL',
    'DISCARD ALL',
    'RESET default_transaction_read_only',
    'SET default_transaction_read_only = on',
    'BEGIN READ ONLY',
    'SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE',
    "SELECT pg_catalog.set_config('search_path', '', false)",
    "SET client_encoding TO 'UTF8'",
    'SET SESSION AUTHORIZATION app',
    'SELECT \'SET default_transaction_read_only = off; READ WRITE\' AS "read write"',
  ])('lets %s through, and stays read-only', async (sql) => {
    await withClient(async (client) => {
      await client.query(sql);
      await expect(client.query('INSERT INTO public.kept VALUES (2)')).rejects.toMatchObject({
        code: '25006',
      });
    });
  });

  test.each([
    { options: '-c default_transaction_read_only=off' },
    { options: '--DEFAULT_transaction_read_only=off -c standard_conforming_strings=off' },
  ])('what the client asks for at its start: %o', async (options) => {
    await withClient(async (client) => {
      const { rows } = await client.query('SELECT * FROM kept');
      expect(rows).toEqual([{ n: 1 }]);
      await expect(client.query('INSERT INTO kept VALUES (2)')).rejects.toMatchObject({ code: '25006' });
    }, options);
  });

  test('a function of the database that loosens it ends the connection', async () => {
    await withClient(async (client) => {
      const ended = new Promise<Error>((resolve) => client.once('error', resolve));
      await client.query('SELECT loosen()').catch(() => {});
      expect(await ended).toMatchObject({
        code: '25006',
        message: expect.stringContaining('was made writable'),
      });
    });
    expect(await database.query('SELECT n FROM kept')).toEqual([{ n: 1 }]);
  });

  test('replication connections are refused', async () => {
    await expect(connected({ replication: 'database' })).rejects.toMatchObject({ code: '25006' });
  });

  test('a function call by message is refused, in its place among pipelined queries', async () => {
    const client = await connected();
    const { stream } = (client as unknown as { connection: { stream: NodeJS.WritableStream } }).connection;
    const answers = Promise.allSettled([client.query('SELECT 1 AS n'), client.query('SELECT 2 AS n')]);
    // pg does not pipeline; what is written here follows its first query on the wire, and is answered before its second.
    const call = Buffer.from([0x46, 0, 0, 0, 14, 0, 0, 8, 29, 0, 0, 0, 0, 0, 0]);
    stream.write(call);
    const [first, second] = await answers;
    expect(first).toMatchObject({ status: 'fulfilled', value: { rows: [{ n: 1 }] } });
    expect(second).toMatchObject({ status: 'rejected', reason: refusal });
    await client.end();
  });

  if (bin)
    test('pg_dump reads everything, large objects included, and pgbench -S runs', async () => {
      const login = { port: gateway.port, password: local.password };
      await database.query("SELECT lo_from_bytea(4711, decode(repeat('ab', 70000), 'hex'))");
      const dump = await runProgram('pg_dump', login, []);
      expect(dump).toContain('-- PostgreSQL database dump complete');
      expect(dump).toContain("pg_catalog.lo_open('4711'");
      await runProgram('pgbench', { port: database.port, ...superuser }, ['-i', '-q']);
      const report = await runProgram('pgbench', login, ['-n', '-S', '-t', '50', '-M', 'prepared']);
      expect(report).toContain('number of transactions actually processed: 50/50');
    });
});
