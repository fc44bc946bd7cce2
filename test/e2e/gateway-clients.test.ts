import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { debianPostgres, programEnv, psql, runProgram } from '../support/debian-postgres.ts';
import { dialTcp, type GatewayFixture, local, openGateway } from '../support/gateway-fixture.ts';
import { expectNoHandles } from '../support/no-handles.ts';
import { app, type RealDatabase, startDatabase } from '../support/real-database.ts';

/** The clients that people use, unchanged, through the gateway to a real server of their version. */
describe.skipIf(!debianPostgres)('clients through the gateway', () => {
  let database: RealDatabase;
  let gateway: GatewayFixture;
  let folder: string;
  const login = () => ({ port: gateway.port, password: local.password });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sallyport-clients-'));
    database = await startDatabase({ bin: debianPostgres });
    gateway = await openGateway({ dial: dialTcp(database.port) });
    await runProgram('pgbench', login(), ['-i', '-q', '-s', '1']);
  });

  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await database?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
    await expectNoHandles();
  });

  test('psql logs in with the password of the tunnel and not with that of the database', async () => {
    expect(local.password).not.toBe(app.password);
    expect(await psql(login(), 'select count(*) from pgbench_accounts')).toBe('100000');
    await expect(psql({ ...login(), password: app.password }, 'select 1')).rejects.toMatchObject({
      stderr: expect.stringMatching(/password authentication failed.*\n.*takes its own password/),
    });
    // The other way round at the database itself.
    await expect(psql({ port: database.port, password: local.password }, 'select 1')).rejects.toThrow();
    expect(gateway.events.at(-1)).toEqual({ kind: 'denied', why: 'wrong-password', user: 'app' });
  });

  test('pgbench -C, a connection for each transaction', async () => {
    const args = ['-C', '-n', '-S', '-c', '4', '-j', '2', '-t', '25'];
    const report = await runProgram('pgbench', login(), args);
    expect(report).toContain('number of transactions actually processed: 100/100');
    expect(report).toContain('number of failed transactions: 0');
  });

  test.each(['simple', 'extended', 'prepared'])('pgbench with the %s protocol', async (protocol) => {
    const report = await runProgram('pgbench', login(), ['-n', '-c', '4', '-t', '50', '-M', protocol]);
    expect(report).toContain('number of transactions actually processed: 200/200');
  });

  test('pgbench in pipelines', async () => {
    const script = join(folder, 'pipeline.sql');
    const select = 'select abalance from pgbench_accounts where aid = 1;\n';
    await writeFile(script, `\\startpipeline\n${select.repeat(50)}\\endpipeline\n`);
    const report = await runProgram('pgbench', login(), ['-n', '-t', '20', '-M', 'extended', '-f', script]);
    expect(report).toContain('number of failed transactions: 0');
  });

  test('pg_dump and pg_restore, large objects included', async () => {
    const file = join(folder, 'dump');
    await psql(login(), "select lo_from_bytea(0, decode(repeat('ab', 70000), 'hex'))");
    await runProgram('pg_dump', login(), ['-Fc', '-f', file]);
    await database.query('CREATE DATABASE restored OWNER app');
    await runProgram('pg_restore', login(), ['-d', 'restored', '--no-owner', '-n', 'public', file]);
    const restored = { ...login(), database: 'restored' };
    expect(await psql(restored, 'select count(*), sum(aid) from pgbench_accounts')).toBe('100000|5000050000');
  });

  test('COPY both ways', async () => {
    const file = join(folder, 'copy');
    await psql(login(), `\\copy pgbench_accounts to '${file}'`);
    await psql(login(), 'create table copied (like pgbench_accounts)', `\\copy copied from '${file}'`);
    await psql(login(), `\\copy (select * from copied order by aid) to '${file}.again'`);
    const [before, after] = await Promise.all([readFile(file, 'utf8'), readFile(`${file}.again`, 'utf8')]);
    expect(after.split('\n').sort()).toEqual(before.split('\n').sort());
  });

  test('a query is cancelled at the right one of two connections', async () => {
    const clients = [await connected(), await connected()];
    const [cancelled, other] = clients.map((client) =>
      client.query('select pg_sleep(300)').then(
        () => 'slept',
        (error) => String(error.code),
      ),
    );
    await sleeping(2);
    const canceller = new Client(config());
    // As pg does it: a connection of its own that carries the key alone.
    const { processID, secretKey } = clients[0] as unknown as { processID: number; secretKey: number };
    const { connection } = canceller as unknown as { connection: CancelConnection };
    connection.connect(gateway.port, '127.0.0.1');
    connection.once('connect', () => connection.cancel(processID, secretKey));
    expect(await cancelled).toBe('57014');
    await sleeping(1);
    await database.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where query like 'select pg_sleep%'",
    );
    expect(await other).toBe('57P01');
    expect(gateway.events).toContainEqual({ kind: 'cancel', found: true });
  });

  test('psql -c is interrupted by Ctrl-C', async () => {
    const args = ['-X', '-c', 'select pg_sleep(300)'];
    const child = spawn(`${debianPostgres}/psql`, args, { env: programEnv(login()), stdio: 'pipe' });
    let stderr = '';
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    const exited = once(child, 'exit');
    await sleeping(1);
    child.kill('SIGINT');
    expect((await exited)[0]).toBe(1);
    expect(stderr).toContain('canceling statement due to user request');
  });

  test('pg: LISTEN and NOTIFY, prepared statements, types', async () => {
    const [listener, notifier] = [await connected(), await connected()];
    await listener.query('LISTEN news');
    const heard = once(listener, 'notification');
    await notifier.query("select pg_notify('news', $1)", ['hello']);
    expect((await heard)[0]).toMatchObject({ channel: 'news', payload: 'hello' });
    const { rows } = await notifier.query({ name: 'sum', text: 'select $1::int + 1 as n', values: [41] });
    expect(rows).toEqual([{ n: 42 }]);
    await Promise.all([listener.end(), notifier.end()]);
  });

  test('postgres.js: pipelined queries, a transaction, COPY from a stream', async () => {
    const sql = postgres({ ...config(), username: local.user, max: 3, onnotice: () => {} });
    const many = await Promise.all(Array.from({ length: 200 }, (_, n) => sql`select ${n}::int as n`));
    expect(many.map(([row]) => row?.n)).toEqual(Array.from({ length: 200 }, (_, n) => n));
    await sql`create table streamed (line text)`;
    const writable = await sql`copy streamed from stdin`.writable();
    const line = `${'x'.repeat(1_000)}\n`;
    for (let count = 0; count < 2_000; count++) if (!writable.write(line)) await once(writable, 'drain');
    writable.end();
    await once(writable, 'finish');
    const [row] = await sql`select count(*)::int as n, sum(length(line))::int as size from streamed`;
    expect(row).toEqual({ n: 2_000, size: 2_000_000 });
    await sql.end();
  });

  test('replication: a base backup through the gateway', async () => {
    await runProgram('pg_basebackup', login(), ['-D', join(folder, 'backup'), '-X', 'fetch', '-c', 'fast']);
    expect(await readFile(join(folder, 'backup', 'PG_VERSION'), 'utf8')).toMatch(/^\d+\n$/);
  });

  test('a result of many megabytes arrives whole', async () => {
    const out = await psql(login(), "select repeat('x', 1000) from generate_series(1, 20000)");
    expect(out.length).toBe(20_000 * 1_001 - 1);
  });

  function config() {
    return { host: '127.0.0.1', port: gateway.port, ...local };
  }

  async function connected(): Promise<Client> {
    const client = new Client(config());
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  /** Resolves when so many connections sleep. */
  async function sleeping(count: number): Promise<void> {
    const backends =
      "select count(*)::int as n from pg_stat_activity where query = 'select pg_sleep(300)' and state = 'active'";
    while ((await database.query(backends))[0]?.n !== count);
  }
});

interface CancelConnection {
  connect(port: number, host: string): void;
  once(event: 'connect', listener: () => void): void;
  cancel(processId: number, key: number): void;
}
