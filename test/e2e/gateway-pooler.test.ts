import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ServerRole } from '../../src/postgres/upstream-access.ts';
import { freePort } from '../support/free-port.ts';
import { dialTcp, local, openGateway } from '../support/gateway-fixture.ts';
import { pgbouncer, pgbouncerConfig, pgbouncerUsers } from '../support/pgbouncer.ts';
import { app, type RealDatabase, startDatabase } from '../support/real-database.ts';

describe('who answers the gateway', () => {
  let database: RealDatabase;
  let folder: string;
  const poolers: ChildProcess[] = [];

  beforeAll(async () => {
    database = await startDatabase({ hba: ['host all app all md5'] });
    folder = await mkdtemp(join(tmpdir(), 'sallyport-pgbouncer-'));
    await chmod(folder, 0o755);
  });

  afterAll(async () => {
    for (const pooler of poolers.splice(0)) {
      const exited = once(pooler, 'exit');
      pooler.kill('SIGKILL');
      await exited;
    }
    await database?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function startPooler(...more: string[]): Promise<number> {
    const port = await freePort();
    const users = join(folder, 'users');
    const config = join(folder, `${port}.ini`);
    await writeFile(users, pgbouncerUsers(app), { mode: 0o644 });
    const server = { address: '127.0.0.1', port: database.port };
    const text = pgbouncerConfig({ address: '127.0.0.1', port, server, users, more });
    await writeFile(config, text, { mode: 0o644 });
    const isRoot = process.getuid?.() === 0;
    const pooler = spawn(pgbouncer!, [...(isRoot ? ['-u', 'nobody'] : []), config], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    poolers.push(pooler);
    let log = '';
    for await (const text of pooler.stderr) {
      log += text;
      if (log.includes('process up')) break;
    }
    expect(log).toContain('process up');
    return port;
  }

  async function ask(port: number, sql: string): Promise<unknown> {
    const client = new Client({ host: '127.0.0.1', port, ...local });
    client.on('error', () => {});
    try {
      await client.connect();
      return (await client.query(sql)).rows[0];
    } finally {
      await client.end().catch(() => {});
    }
  }

  /** As its login tells: by itself, or asked for its role. */
  async function isPooler(port: number, serverRole?: ServerRole): Promise<boolean> {
    await using gateway = await openGateway({ dial: dialTcp(port), upstream: { serverRole } });
    await ask(gateway.port, 'select 1');
    const [login] = gateway.events;
    return login?.kind === 'login' && login.pooler;
  }

  test('the database itself', async () => {
    expect(await isPooler(database.port)).toBe(false);
    expect(await isPooler(database.port, 'primary')).toBe(false);
  });

  describe.skipIf(!pgbouncer)('PgBouncer', () => {
    test('is told apart from the database', async () => {
      expect(await isPooler(await startPooler(), 'primary')).toBe(true);
    });

    test('serves clients that may write', async () => {
      const port = await startPooler();
      await using gateway = await openGateway({ dial: dialTcp(port) });
      expect(await ask(gateway.port, 'select current_user as name')).toEqual({ name: 'app' });
      expect(gateway.events).toMatchObject([{ kind: 'login', method: 'scram-sha-256' }]);
    });

    test.each([
      ['refuses the setting', []],
      ['ignores the setting', ['ignore_startup_parameters = default_transaction_read_only']],
    ])('read-only is refused where it %s', async (_how, more) => {
      const port = await startPooler(...more);
      await using gateway = await openGateway({ dial: dialTcp(port), upstream: { readOnly: true } });
      await expect(ask(gateway.port, 'select 1')).rejects.toMatchObject({
        code: '25006',
        message: expect.stringMatching(/a pooler stands before|did not take/),
      });
    });

    test('a pooler that is full is named as such', async () => {
      const port = await startPooler('max_client_conn = 1');
      await using gateway = await openGateway({ dial: dialTcp(port) });
      const first = new Client({ host: '127.0.0.1', port: gateway.port, ...local });
      await first.connect();
      await expect(ask(gateway.port, 'select 1')).rejects.toMatchObject({
        code: '53300',
        message: expect.stringContaining('no more connections allowed'),
      });
      expect(gateway.events).toMatchObject([
        { kind: 'login' },
        { kind: 'login-failed', error: { code: 'SP-DB-FULL' } },
      ]);
      await first.end();
    });
  });
});
