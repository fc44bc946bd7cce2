import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../src/base/secret.ts';
import { LocalTls } from '../../src/postgres/local-tls.ts';
import { issueCertificates } from '../../src/sandbox/certificates.ts';
import { debianPostgres, type Login, programEnv, runProgram } from '../support/debian-postgres.ts';
import { dialTcp, type GatewayFixture, local, openGateway } from '../support/gateway-fixture.ts';
import { newLibpq } from '../support/libpq.ts';
import { expectNoHandles } from '../support/no-handles.ts';
import { app, type RealDatabase, startDatabase } from '../support/real-database.ts';

const packaged = { server: 'of the package (18)', bin: undefined };
const ofDebian = { server: 'of Debian', bin: debianPostgres };

/** Two generations of libpq before two generations of servers: protocol 3.0 with keys of 4 bytes, 3.2 with keys of 32. */
describe.runIf(newLibpq).each([packaged, ofDebian])('libpq before a server $server', ({ bin }) => {
  let database: RealDatabase;
  let gateway: GatewayFixture;
  let folder: string;
  let ca: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sallyport-libpq-'));
    ca = join(folder, 'ca.crt');
    const issued = issueCertificates(['localhost', '127.0.0.1']);
    await writeFile(ca, issued.ca);
    const tls = new LocalTls({ chain: issued.server.cert, key: new Secret(issued.server.key) });
    database = await startDatabase({ bin });
    gateway = await openGateway({ dial: dialTcp(database.port), access: { tls: () => tls } });
  });
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await database?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
    await expectNoHandles();
  });

  const old = { protocol: '3.0 (libpq of Debian)', env: {}, settings: 'sslmode=disable' };
  const plain = { protocol: '3.0', env: newLibpq, settings: 'sslmode=disable max_protocol_version=3.0' };
  const newer = { protocol: '3.2', env: newLibpq, settings: 'sslmode=disable min_protocol_version=3.2' };
  const verified = 'sslmode=verify-full channel_binding=require';
  const oldTls = { protocol: '3.0 over TLS (libpq of Debian)', env: {}, settings: verified };
  const direct = {
    protocol: '3.2 over direct TLS',
    env: newLibpq,
    settings: `${verified} sslnegotiation=direct min_protocol_version=3.2`,
  };
  const ways = [old, plain, newer, oldTls, direct];

  const login = (env: Readonly<Record<string, string>> = {}): Login => ({
    port: gateway.port,
    ...local,
    env: { ...env, PGSSLROOTCERT: ca },
  });

  test.each(ways)('logs in by $protocol', async ({ env, settings }) => {
    const args = ['-X', '-A', '-t', '-d', settings, '-c', 'select current_user'];
    expect(await runProgram('psql', login(env), args)).toBe(`${app.user}\n`);
  });

  test.each(ways)('cancels a statement by $protocol', async ({ env, settings }) => {
    const program = join(debianPostgres!, 'psql');
    const args = ['-X', '-d', settings, '-c', 'select pg_sleep(60)'];
    const child = spawn(program, args, { env: programEnv(login(env)), stdio: ['ignore', 'ignore', 'pipe'] });
    const exited = once(child, 'close');
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const running =
      "select count(*)::int as n from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'";
    while ((await database.query(running))[0]?.n !== 1) if (child.exitCode !== null) throw new Error(said);
    child.kill('SIGINT');
    await exited;
    expect(said).toContain('canceling statement due to user request');
    expect(gateway.events.filter(({ kind }) => kind === 'cancel').at(-1)).toEqual({
      kind: 'cancel',
      found: true,
    });
  });

  test('is refused where the authority is not the one that it trusts', async () => {
    const stranger = join(folder, 'stranger.crt');
    await writeFile(stranger, issueCertificates(['localhost']).ca);
    for (const { env, settings } of [oldTls, direct]) {
      const args = ['-X', '-d', `${settings} sslrootcert=${stranger}`, '-c', 'select 1'];
      await expect(runProgram('psql', login(env), args)).rejects.toMatchObject({
        stderr: expect.stringContaining('certificate verify failed'),
      });
    }
  });
});
