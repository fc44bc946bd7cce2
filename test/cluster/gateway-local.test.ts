import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CommandLineUser } from '../support/command-line-user.ts';
import { debianPostgres, type Login, runProgram } from '../support/debian-postgres.ts';
import { GuardedDatabase } from '../support/guarded-database.ts';
import { newLibpq } from '../support/libpq.ts';
import { postgresLogin } from '../support/manifests.ts';
import { describeOnRealcluster } from '../support/suite.ts';

const { database, user: role } = postgresLogin;

/** How local programs get into the gateway of the shipped daemon: by TLS, without a password, and no more once it has expired. */
describeOnRealcluster('gateway local side', (suite) => {
  let guarded: GuardedDatabase;
  let typist: CommandLineUser;

  beforeAll(async () => {
    const psql = await realpath(debianPostgres ? join(debianPostgres, 'psql') : '/usr/bin/psql');
    guarded = await GuardedDatabase.create(suite, {
      profiles: { 'open-db': { policy: { passwordless: [psql] } } },
    });
    typist = guarded.typist;
  });
  afterAll(async () => {
    await guarded?.[Symbol.asyncDispose]();
  });

  const tunnelPassword = async () => (await typist.ok('password', 'orders-db', '--local')).trim();
  const login = (name: string, password: string, env: Record<string, string> = {}): Login => ({
    port: guarded.port(name),
    user: role,
    database,
    password,
    env: { HOME: typist.home.dir, ...env },
  });
  /** One statement through psql, by settings of libpq; -w: it never asks. */
  const ask = async (as: Login, settings: string, sql = 'select current_user') =>
    (await runProgram('psql', as, ['-X', '-A', '-t', '-w', '-d', settings, '-c', sql])).trim();

  test('psql is let in by TLS: required, verified in full with the authority of daemon ca, and with the channel bound', async () => {
    const as = login('orders-db', await tunnelPassword());
    const { file, kept, validUntilMs } = await typist.json('daemon ca');
    expect(await readFile(file!, 'utf8')).toBe(await typist.ok('daemon', 'ca'));
    expect({ kept: kept?.in, isValid: validUntilMs! > Date.now() }).toEqual({
      kept: 'memory',
      isValid: true,
    });
    expect(await ask(as, 'sslmode=require', '\\conninfo')).toMatch(/SSL connection \(protocol: TLSv1\.3/);
    expect(await ask(as, 'sslmode=prefer')).toBe(role);
    const verified = `sslmode=verify-full sslrootcert=${file}`;
    for (const host of ['127.0.0.1', 'localhost', '::1'])
      expect(await ask(as, `${verified} channel_binding=require host=${host}`)).toBe(role);
    await expect(ask(as, 'sslmode=verify-full')).rejects.toMatchObject({
      stderr: expect.stringContaining('root certificate file'),
    });
    await expect(ask(as, `${verified} host=127.0.0.1.nip.example hostaddr=127.0.0.1`)).rejects.toMatchObject({
      stderr: expect.stringContaining('does not match host name'),
    });
  });

  test.runIf(newLibpq)('libpq 18 is let in by direct TLS and protocol 3.2', async () => {
    const as = login('orders-db', await tunnelPassword(), newLibpq);
    const { file } = await typist.json('daemon ca');
    const settings = `sslmode=verify-full sslrootcert=${file} sslnegotiation=direct channel_binding=require min_protocol_version=3.2`;
    expect(await ask(as, settings)).toBe(role);
  });

  test('the trust file of libpq takes the authority on request, and lets go of it', async () => {
    const as = login('orders-db', await tunnelPassword());
    await typist.ok('daemon', 'ca', '--install', '--yes');
    expect(await ask(as, 'sslmode=verify-full')).toBe(role);
    await typist.ok('daemon', 'ca', '--remove');
    await expect(ask(as, 'sslmode=verify-full')).rejects.toMatchObject({
      stderr: expect.stringContaining('root certificate file'),
    });
  });

  test('a program of the list needs no password, another one does, and the record tells them apart', async () => {
    const as = login('open-db', '');
    expect(await ask(as, '')).toBe(role);
    expect(await ask(as, 'sslmode=require')).toBe(role);
    await expect(ask(as, 'user=postgres')).rejects.toMatchObject({
      stderr: expect.stringContaining(`Log in as "${role}"`),
    });
    await expect(runProgram('pg_isready', as, ['-q'])).resolves.toBe('');
    await expect(runProgram('pg_dump', as, ['-w', '-s'])).rejects.toMatchObject({
      stderr: expect.stringContaining('no password supplied'),
    });
    await expect(ask(login('orders-db', ''), '')).rejects.toMatchObject({
      stderr: expect.stringContaining('no password supplied'),
    });
    await ask(login('orders-db', await tunnelPassword()), '');
    const by = async (name: string) => {
      const { records } = await typist.json('audit list', '--tunnel', name, '--event', 'postgres-login');
      return new Set(records.map(({ record }) => record.by));
    };
    expect(await by('open-db')).toEqual(new Set(['program']));
    expect(await by('orders-db')).toEqual(new Set(['password']));
  });

  test('a password that has expired lets nobody in, says which command helps, and leaves who is in alone', async () => {
    const before = await tunnelPassword();
    const session = new Client({ host: '127.0.0.1', ...login('orders-db', before) });
    await session.connect();
    const { local } = await typist.json('password', 'orders-db', '--local', '--expires', '3s');
    expect(local?.password).toBe(before);
    expect(local?.expiresAtMs).toBeLessThanOrEqual(Date.now() + 3_000);
    expect(await typist.ok('show', 'orders-db')).toMatch(/Password +(of the tunnel, good for|has expired)/);
    const refused = async () => {
      for (;;) {
        try {
          await ask(login('orders-db', before), '');
        } catch (error) {
          return (error as { stderr: string }).stderr;
        }
      }
    };
    const said = await refused();
    expect(Date.now()).toBeGreaterThanOrEqual(local?.expiresAtMs ?? Number.POSITIVE_INFINITY);
    expect(said).toContain('the password of this tunnel has expired');
    expect(said).toContain('sallyport password orders-db --local');
    const { records } = await typist.json(
      'audit list',
      '--tunnel',
      'orders-db',
      '--event',
      'connection-denied',
    );
    expect(records.at(-1)?.record.error).toMatchObject({
      code: 'SP-GATEWAY-LOGIN',
      details: { why: 'expired-password', user: role },
    });
    expect((await session.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
    const after = await tunnelPassword();
    expect(after).not.toBe(before);
    expect(await ask(login('orders-db', after), '')).toBe(role);
    await typist.ok('password', 'orders-db', '--local', '--rotate');
    expect((await session.query('select 2 as n')).rows).toEqual([{ n: 2 }]);
    await session.end();
  });
});
