import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Client } from 'pg';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Login, programEnv, programPath, psql, runProgram } from '../support/debian-postgres.ts';
import { GuardedDatabase } from '../support/guarded-database.ts';
import { interruptStatement, sleepers } from '../support/interrupted-statement.ts';
import { describeOnRealcluster } from '../support/suite.ts';

/** The clients that people use, unchanged, with the tunnel's own password: through the daemon to a real server in a pod. */
describeOnRealcluster('gateway clients', (suite) => {
  let guarded: GuardedDatabase;
  let as: Awaited<ReturnType<GuardedDatabase['login']>>;
  let folder: string;

  beforeAll(async () => {
    guarded = await GuardedDatabase.create(suite, { args: ['-c', 'wal_level=logical'] });
    as = await guarded.login();
    folder = guarded.typist.home.dir;
    await runProgram('pgbench', as, ['-i', '-q', '-s', '1']);
  });
  afterAll(async () => {
    await guarded?.[Symbol.asyncDispose]();
  });

  const client = async (options: object = {}) => {
    const connected = new Client({ host: '127.0.0.1', ...as, ...options });
    connected.on('error', () => {});
    await connected.connect();
    return connected;
  };

  describe('pgbench', () => {
    test.each(['simple', 'extended', 'prepared'])(
      'a connection for each transaction, %s',
      async (protocol) => {
        const report = await runProgram('pgbench', as, [
          '-n',
          '-S',
          '-C',
          '-c',
          '4',
          '-t',
          '25',
          '-M',
          protocol,
        ]);
        expect(report).toContain('number of transactions actually processed: 100/100');
        expect(report).toContain('number of failed transactions: 0');
      },
    );

    test.each(['simple', 'extended', 'prepared'])('transactions that write, %s', async (protocol) => {
      const report = await runProgram('pgbench', as, ['-n', '-c', '4', '-t', '50', '-M', protocol]);
      expect(report).toContain('number of transactions actually processed: 200/200');
      expect(report).toContain('number of failed transactions: 0');
    });

    test('pipelines', async () => {
      const script = join(folder, 'pipeline.sql');
      const select = 'select abalance from pgbench_accounts where aid = 1;\n';
      await writeFile(script, `\\startpipeline\n${select.repeat(50)}\\endpipeline\n`);
      const report = await runProgram('pgbench', as, [
        '-n',
        '-c',
        '2',
        '-t',
        '20',
        '-M',
        'extended',
        '-f',
        script,
      ]);
      expect(report).toContain('number of transactions actually processed: 40/40');
      expect(report).toContain('number of failed transactions: 0');
    });
  });

  test.each([
    ['one connection', '-Fc', []],
    ['four connections', '-Fd', ['-j', '4']],
  ])('pg_dump and pg_restore over %s', async (_how, format, jobs) => {
    const file = join(folder, `dump${format}`);
    const restored = { ...as, database: `restored${format.slice(1).toLowerCase()}` };
    const sums = [
      'select count(*), sum(hashtext(a::text)) from pgbench_accounts a',
      'select count(*), sum(length(lo_get(oid))) from pg_largeobject_metadata',
    ];
    await psql(as, "select lo_from_bytea(0, decode(repeat('ab', 70000), 'hex'))");
    await runProgram('pg_dump', as, [format, ...jobs, '-f', file]);
    await psql(as, `create database ${restored.database}`);
    await runProgram('pg_restore', restored, ['-d', restored.database, '-j', '4', '--exit-on-error', file]);
    const [before, after] = await Promise.all([psql(as, ...sums), psql(restored, ...sums)]);
    expect(before).toMatch(/^100000\|-?\d+\n[12]\|\d+$/);
    expect(after).toBe(before);
  });

  test('COPY of 200 MB into a table and out of it again', async () => {
    const copied = { rows: 200_000, line: `${'x'.repeat(990)}` };
    const sent = createHash('sha256');
    const lines = Readable.from(
      (function* () {
        for (let first = 0; first < copied.rows; first += 1_000) {
          const rows = Array.from({ length: 1_000 }, (_, index) => `${first + index}\t${copied.line}\n`);
          const block = rows.join('');
          sent.update(block);
          yield block;
        }
      })(),
    );
    await psql(as, 'create unlogged table copied (n int, line text)');
    const into = spawn(programPath('psql'), ['-X', '-q', '-c', 'copy copied from stdin'], {
      env: programEnv(as),
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    const ended = once(into, 'exit');
    await pipeline(lines, into.stdin);
    expect((await ended)[0]).toBe(0);

    const received = createHash('sha256');
    let sizeBytes = 0;
    // Else the table may be read from its middle on.
    const inOrder = { ...as, env: { PGOPTIONS: '-c synchronize_seqscans=off' } };
    const outOf = spawn(programPath('psql'), ['-X', '-q', '-c', 'copy copied to stdout'], {
      env: programEnv(inOrder),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const bytes of outOf.stdout) {
      received.update(bytes);
      sizeBytes += bytes.length;
    }
    expect(sizeBytes).toBeGreaterThan(199_000_000);
    expect(received.digest('hex')).toBe(sent.digest('hex'));
  });

  test('pg: rows and parameters of 64 MB, a prepared statement, LISTEN and NOTIFY', async () => {
    const [listener, notifier] = [await client(), await client()];
    const sizeBytes = 64 * 1024 * 1024;
    const large = 'y'.repeat(sizeBytes);
    const { rows } = await notifier.query('select length($1::text)::int as n, $1::text as back', [large]);
    expect(rows[0]?.n).toBe(sizeBytes);
    expect(rows[0]?.back === large).toBe(true);
    const prepared = { name: 'sum', text: 'select $1::int + 1 as n' };
    for (const n of [1, 2, 3])
      expect((await notifier.query({ ...prepared, values: [n] })).rows).toEqual([{ n: n + 1 }]);
    await listener.query('listen news');
    const heard = once(listener, 'notification');
    await notifier.query("select pg_notify('news', $1)", ['rates']);
    expect((await heard)[0]).toMatchObject({ channel: 'news', payload: 'rates' });
    await Promise.all([listener.end(), notifier.end()]);
  });

  test('pg in pipeline mode: an error in the middle is of its own query alone', async () => {
    const pipelined = await client({ pipeline: true });
    const answers = await Promise.allSettled(
      Array.from({ length: 300 }, (_, n) => pipelined.query('select 100 / ($1::int - 150) as n', [n])),
    );
    const failed = answers.flatMap(({ status }, index) => (status === 'rejected' ? [index] : []));
    expect(failed).toEqual([150]);
    expect(answers[152]).toMatchObject({ value: { rows: [{ n: 50 }] } });
    await pipelined.end();
  });

  test('postgres.js: pipelined queries, a transaction, a cursor, a cancelled query', async () => {
    const sql = postgres({ host: '127.0.0.1', ...as, username: as.user, max: 3, onnotice: () => {} });
    const many = await Promise.all(Array.from({ length: 200 }, (_, n) => sql`select ${n}::int as n`));
    expect(many.map(([row]) => row?.n)).toEqual(Array.from({ length: 200 }, (_, n) => n));
    await expect(
      sql.begin(async (own) => {
        await own`create table undone (n int)`;
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await sql`select to_regclass('undone') as name`).toEqual([{ name: null }]);
    let seen = 0;
    await sql`select generate_series(1, 1000) as n`.cursor(100, (rows) => {
      seen += rows.length;
    });
    expect(seen).toBe(1_000);
    const slow = sql`select pg_sleep(600)`.execute();
    await sleepers(as, 1);
    slow.cancel();
    await expect(slow).rejects.toMatchObject({ code: '57014' });
    await sql.end();
  });

  test('psql is interrupted: the statement ends in the server', async () => {
    expect(await interruptStatement(as)).toEqual({
      code: 1,
      stderr: expect.stringContaining('canceling statement due to user request'),
    });
  });

  describe('replication', () => {
    const replicating = (): Login => ({ ...as, env: { PGOPTIONS: '' } });

    test('the walsender is asked who it is', async () => {
      for (const replication of ['database', 'true']) {
        const target = `dbname=${as.database} replication=${replication}`;
        const answer = await runProgram('psql', replicating(), [
          '-X',
          '-A',
          '-t',
          target,
          '-c',
          'IDENTIFY_SYSTEM',
        ]);
        expect(answer).toMatch(/^\d+\|1\|[0-9A-F]+\/[0-9A-F]+\|/);
      }
    });

    test('a base backup, and the log up to a point', async () => {
      const backup = join(folder, 'backup');
      await runProgram('pg_basebackup', replicating(), ['-D', backup, '-X', 'stream', '-c', 'fast']);
      await runProgram('pg_verifybackup', replicating(), [backup]);
      const end = await psql(as, 'select pg_switch_wal()');
      await runProgram('pg_receivewal', replicating(), ['-D', folder, '--no-loop', '--endpos', end]);
      expect(await readFile(join(backup, 'PG_VERSION'), 'utf8')).toMatch(/^\d+\n$/);
    });

    test('logical changes', async () => {
      await psql(as, 'create table changed (n int)');
      const slot = ['-d', as.database, '--slot', 'changes'];
      await runProgram('pg_recvlogical', replicating(), [...slot, '--create-slot', '-P', 'test_decoding']);
      await psql(as, 'insert into changed values (42)');
      const end = await psql(as, 'select pg_current_wal_lsn()');
      const out = await runProgram('pg_recvlogical', replicating(), [
        ...slot,
        ...['--start', '--no-loop', '--endpos', end, '-f', '-'],
      ]);
      expect(out).toContain('table public.changed: INSERT: n[integer]:42');
      await runProgram('pg_recvlogical', replicating(), [...slot, '--drop-slot']);
    });
  });
});
