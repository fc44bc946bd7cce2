import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Certificates, issueCertificates } from '../../src/sandbox/certificates.ts';
import { psql, runProgram } from '../support/debian-postgres.ts';
import { GuardedDatabase, type GuardedProfile } from '../support/guarded-database.ts';
import { interruptStatement } from '../support/interrupted-statement.ts';
import { PodFiles } from '../support/pod-files.ts';
import { secretRole } from '../support/rbac.ts';
import { describeOnRealcluster } from '../support/suite.ts';

const serverName = 'orders-rw.shop.svc';

/** What a profile says of the database's side: TLS inside the tunnel, and what its policy refuses. */
describeOnRealcluster('gateway upstream', (suite) => {
  let guarded: GuardedDatabase;
  let files: PodFiles;
  let certificates: Certificates;

  beforeAll(async () => {
    files = await PodFiles.create();
    certificates = issueCertificates([serverName]);
    const { ca, server } = certificates;
    const other = issueCertificates([serverName]);
    await writeFile(files.path('ca.crt'), ca);
    await writeFile(files.path('other.crt'), other.ca);
    await writeFile(files.path('server.crt'), server.cert);
    await writeFile(files.path('server.key'), server.key);
    await chmod(files.path('server.key'), 0o600);
    await files.handOver('server.key');
    const rules = [
      'hostssl all by_certificate all cert',
      'local all all trust',
      'host all all all scram-sha-256',
    ];
    await writeFile(files.path('hba'), [...rules, 'host replication all all scram-sha-256', ''].join('\n'));
    const settings = {
      ssl: 'on',
      ssl_cert_file: files.path('server.crt'),
      ssl_key_file: files.path('server.key'),
      ssl_ca_file: files.path('ca.crt'),
      hba_file: files.path('hba'),
    };
    guarded = await GuardedDatabase.create(suite, {
      args: Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    });
  });
  afterAll(async () => {
    await guarded?.[Symbol.asyncDispose]();
    await files?.[Symbol.asyncDispose]();
  });

  /** A tunnel of its own, for one question. */
  async function ask(name: string, profile: GuardedProfile, sql = 'select current_user'): Promise<string> {
    await guarded.add({ [name]: profile });
    return psql(await guarded.login(name), sql);
  }

  describe('TLS inside the tunnel, whatever the program speaks to it', () => {
    const ca = () => ({ ca: { file: files.path('ca.crt') } });
    const isEncrypted = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()';

    test.each([
      ['disable', 'f'],
      ['prefer', 't'],
      ['require', 't'],
    ] as const)('sslmode %s', async (sslmode, encrypted) => {
      expect(await ask(`tls-${sslmode}`, { connection: { sslmode } }, isEncrypted)).toBe(encrypted);
    });

    test('sslmode verify-full, by the name of the Service', async () => {
      const verified = { sslmode: 'verify-full', serverName, ...ca() } as const;
      expect(await ask('tls-verified', { connection: verified }, isEncrypted)).toBe('t');
      expect(await interruptStatement(await guarded.login('tls-verified'))).toEqual({
        code: 1,
        stderr: expect.stringContaining('canceling statement due to user request'),
      });
      await expect(
        ask('tls-another-name', { connection: { ...verified, serverName: 'elsewhere.shop.svc' } }),
      ).rejects.toMatchObject({ stderr: expect.stringContaining('no TLS as asked for with the database') });
      await expect(
        ask('tls-another-ca', { connection: { ...verified, ca: { file: files.path('other.crt') } } }),
      ).rejects.toMatchObject({ stderr: expect.stringContaining('no TLS as asked for with the database') });
    });
  });

  test('a client certificate of a Secret logs in, without a password, and one that was replaced does too', async () => {
    const { namespace, api } = suite;
    const name = 'orders-tls';
    const issue = async (user: string) => {
      const { cert, key } = certificates.issueClient({ user });
      const stringData = { 'tls.crt': cert, 'tls.key': key };
      await api.apply({
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'kubernetes.io/tls',
        metadata: { name, namespace },
        stringData,
      });
    };
    await issue('somebody_else');
    await api.apply(...secretRole({ namespace, name, user: 'dev@example.com' }, name));
    await psql(await guarded.login(), 'create role by_certificate login');
    const connection = { user: 'by_certificate', password: undefined, certificate: { secret: { name } } };
    await guarded.add({ 'by-certificate': { connection } });
    const as = { ...(await guarded.login('by-certificate')), user: 'by_certificate' };
    await expect(psql(as, 'select 1')).rejects.toMatchObject({
      stderr: expect.stringContaining('certificate authentication failed for user "by_certificate"'),
    });
    await issue('by_certificate');
    const who = 'select current_user, client_dn from pg_stat_ssl where pid = pg_backend_pid()';
    expect(await psql(as, who)).toBe('by_certificate|/CN=by_certificate');
    expect(await guarded.typist.ok('check', 'by-certificate', '--rbac')).toContain(name);
  });

  test('GSSAPI encryption is refused in one byte, and the client goes on', async () => {
    const { port } = await guarded.login();
    const socket = connect(port, '127.0.0.1');
    const gssRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30]);
    socket.write(gssRequest);
    expect((await once(socket, 'data'))[0]).toEqual(Buffer.from('N'));
    socket.write(Buffer.concat([Buffer.from([0, 0, 0, 18, 0, 3, 0, 0]), Buffer.from('user\0app\0\0')]));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString('latin1')).toContain('SCRAM-SHA-256');
    socket.destroy();
    for (const gssencmode of ['disable', 'prefer'])
      expect(await psql({ ...(await guarded.login()), env: { PGGSSENCMODE: gssencmode } }, 'select 1')).toBe(
        '1',
      );
  });

  describe('replication', () => {
    const identify = async (name: string) => {
      const as = await guarded.login(name);
      return runProgram('psql', as, [
        ...['-X', '-A', '-t', '-d', `dbname=${as.database} replication=database`],
        ...['-c', 'IDENTIFY_SYSTEM'],
      ]);
    };

    test('is refused by policy and on a read-only tunnel', async () => {
      await guarded.add({
        'no-copies': { policy: { replication: 'forbid' } },
        reader: { policy: { readOnly: true } },
      });
      expect(await identify('orders-db')).toMatch(/^\d+\|/);
      await expect(identify('no-copies')).rejects.toMatchObject({
        stderr: expect.stringContaining('the policy of this tunnel refuses'),
      });
      await expect(identify('reader')).rejects.toMatchObject({
        stderr: expect.stringContaining('this tunnel is read-only: replication connections are refused'),
      });
      const as = await guarded.login('no-copies');
      await expect(
        runProgram('pg_basebackup', as, ['-D', files.path('backup'), '-X', 'fetch']),
      ).rejects.toThrow();
      expect(await psql(as, 'select 1')).toBe('1');
    });
  });

  test('a read-only tunnel reads, dumps and writes nothing', async () => {
    await guarded.add({ 'reads-only': { policy: { readOnly: true } } });
    const [writer, reader] = [await guarded.login(), await guarded.login('reads-only')];
    await runProgram('pgbench', writer, ['-i', '-q', '-s', '1']);
    expect(await psql(reader, 'select count(*) from pgbench_accounts')).toBe('100000');
    const bench = await runProgram('pgbench', reader, ['-n', '-S', '-c', '2', '-t', '50', '-M', 'prepared']);
    expect(bench).toContain('number of transactions actually processed: 100/100');
    expect(await runProgram('pg_dump', reader, ['-t', 'pgbench_branches'])).toContain(
      'COPY public.pgbench_branches',
    );
    for (const sql of ['create table t (n int)', 'begin read write', 'set transaction_read_only = off'])
      await expect(psql(reader, sql)).rejects.toMatchObject({ stderr: expect.stringMatching(/read-only/) });
  });

  test('a role that has no connection left is named as such, and logs in once it has one', async () => {
    const owner = await guarded.login();
    await psql(owner, "create role limited login password 'of the role' connection limit 1");
    await writeFile(files.path('limited.pw'), 'of the role\n', { mode: 0o600 });
    const connection = { user: 'limited', password: { file: files.path('limited.pw') } };
    await guarded.add({ limited: { connection } });
    const as = { ...(await guarded.login('limited')), user: 'limited' };
    const first = new Client({ host: '127.0.0.1', ...as });
    first.on('error', () => {});
    await first.connect();
    await expect(psql(as, 'select 1')).rejects.toMatchObject({
      stderr: expect.stringContaining('too many connections for role "limited"'),
    });
    expect(await guarded.typist.ok('logs', 'limited')).toMatch(
      /login failed: the database has no free connection/,
    );
    await first.end();
    // The server counts a moment longer.
    const served = "select count(*) from pg_stat_activity where usename = 'limited'";
    while ((await psql(owner, served)) !== '0');
    expect(await psql(as, 'select current_user')).toBe('limited');
  });

  test('a policy that takes the gateway does not open without it', async () => {
    const gateway = { gateway: false } as const;
    for (const [name, profile] of Object.entries<GuardedProfile>({
      'plain-replication': { policy: { ...gateway, replication: 'forbid' } },
      'plain-role': { policy: gateway, connection: { serverRole: 'primary' } },
    }))
      await expect(guarded.add({ [name]: profile })).rejects.toThrow('SP-POLICY-UNENFORCED');
  });
});
