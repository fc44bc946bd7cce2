import { randomBytes } from 'node:crypto';
import { connect as connectTls } from 'node:tls';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../src/base/secret.ts';
import { LocalTls } from '../../src/postgres/local-tls.ts';
import type { UpstreamTls } from '../../src/postgres/upstream-tls.ts';
import { type Certificates, issueCertificates } from '../../src/sandbox/certificates.ts';
import { dialTcp, local, openGateway, waitFor } from '../support/gateway-fixture.ts';
import { expectNoHandles } from '../support/no-handles.ts';
import { app, type RealDatabase, startDatabase } from '../support/real-database.ts';

/** Real servers that ask for each way of logging in, and what becomes of clients when they go away. */
describe('servers behind the gateway', () => {
  let database: RealDatabase;
  let certificates: Certificates;
  let clientCertificate: { chain: string; key: Secret };

  beforeAll(async () => {
    certificates = issueCertificates(['orders-db.shop.svc']);
    const issued = certificates.issueClient({ user: 'by_certificate' });
    clientCertificate = { chain: issued.cert, key: new Secret(issued.key) };
    database = await startDatabase({
      tls: { ...certificates.server, ca: certificates.ca },
      hba: [
        'hostnossl all by_md5 all md5',
        'host all by_password all password',
        'host all by_trust all trust',
        'hostssl all by_certificate all cert',
        'hostssl all only_tls all scram-sha-256',
        'host all app all scram-sha-256',
      ],
    });
    await database.query(`
      CREATE ROLE by_password LOGIN PASSWORD 'pw'; CREATE ROLE by_trust LOGIN; CREATE ROLE by_certificate LOGIN;
      CREATE ROLE only_tls LOGIN PASSWORD 'pw'; CREATE ROLE limited LOGIN PASSWORD 'pw' CONNECTION LIMIT 0;
      CREATE ROLE accented LOGIN PASSWORD 'pä\u00a0sswörd\u212b';
      SET password_encryption = 'md5'; CREATE ROLE by_md5 LOGIN PASSWORD 'pw'`);
    await database.query('CREATE TABLE kept (n int); INSERT INTO kept VALUES (1); GRANT ALL ON kept TO app');
  });

  afterAll(async () => {
    await database?.[Symbol.asyncDispose]();
    await expectNoHandles();
  });

  const as = (user: string, password: string | undefined = 'pw') => ({
    credentials: async () => [{ user, password: password === undefined ? undefined : new Secret(password) }],
  });
  const verified = (): UpstreamTls => ({
    mode: 'verify-full',
    ca: certificates.ca,
    name: 'orders-db.shop.svc',
  });
  const open = (upstream: object, access: object = {}) =>
    openGateway({ dial: dialTcp(database.port), upstream, access });

  async function connected(port: number, options: object = {}): Promise<Client> {
    const client = new Client({ host: '127.0.0.1', port, ...local, ...options });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  async function ask(port: number, sql = 'select current_user as answer', options: object = {}) {
    const client = await connected(port, options);
    try {
      return (await client.query(sql)).rows[0]?.answer;
    } finally {
      await client.end();
    }
  }

  const isEncrypted = 'select ssl as answer from pg_stat_ssl where pid = pg_backend_pid()';

  describe('logs in by', () => {
    test.each([
      ['scram-sha-256', 'app', app.password, { mode: 'disable' }],
      ['md5', 'by_md5', 'pw', { mode: 'disable' }],
      ['scram-sha-256', 'only_tls', 'pw', undefined],
      ['none', 'by_trust', undefined, { mode: 'disable' }],
      ['password', 'by_password', 'pw', undefined],
    ] as const)('%s as %s', async (method, user, password, tls) => {
      await using gateway = await open({ ...as(user, password), tls: tls ?? verified() });
      expect(await ask(gateway.port)).toBe(user);
      const expected = tls === undefined && method === 'scram-sha-256' ? 'scram-sha-256-plus' : method;
      expect(gateway.events).toMatchObject([{ kind: 'login', method: expected, role: user }]);
    });

    test('a certificate', async () => {
      const tls = { ...verified(), certificate: clientCertificate };
      await using gateway = await open({ ...as('by_certificate', undefined), tls });
      expect(await ask(gateway.port)).toBe('by_certificate');
    });

    test('a password with letters that SASLprep changes', async () => {
      await database.query(`ALTER ROLE app PASSWORD 'pä\u00a0ss\u212b'`);
      try {
        await using gateway = await open(as('app', 'pä ssÅ'));
        expect(await ask(gateway.port)).toBe('app');
      } finally {
        await database.query(`ALTER ROLE app PASSWORD '${app.password}'`);
      }
    });
  });

  test('a password in clear text leaves only over verified TLS', async () => {
    for (const tls of [{ mode: 'disable' }, { mode: 'require' }] as const) {
      await using gateway = await open({ ...as('by_password'), tls });
      await expect(ask(gateway.port)).rejects.toMatchObject({
        code: '28000',
        message: expect.stringMatching(/clear text/),
      });
    }
  });

  test('md5 is not for a profile that others wrote', async () => {
    await using gateway = await open({ ...as('by_md5'), passwordPolicy: 'scram-or-verified-tls' });
    await expect(ask(gateway.port)).rejects.toMatchObject({
      code: '28000',
      message: expect.stringMatching(/asks for md5/),
    });
  });

  test('direct TLS with the server', async () => {
    await using gateway = await open({ ...as('only_tls'), tls: { ...verified(), negotiation: 'direct' } });
    expect(await ask(gateway.port, isEncrypted)).toBe(true);
  });

  test.each([
    ['prefer', { mode: 'prefer' }, true],
    ['require', { mode: 'require' }, true],
    ['verify-ca for another name', 'ca', true],
    ['verify-full for another name', 'name', 'SP-DB-TLS'],
    ['verify-full with another CA', 'other', 'SP-DB-TLS'],
    ['verify-full without a CA', 'none', 'SP-DB-TLS'],
    ['require with another CA', 'require', 'SP-DB-TLS'],
  ] as const)('%s', async (_name, how, outcome) => {
    const other = issueCertificates(['orders-db.shop.svc']).ca;
    const modes: Record<string, UpstreamTls> = {
      ca: { mode: 'verify-ca', ca: certificates.ca, name: 'elsewhere' },
      name: { mode: 'verify-full', ca: certificates.ca, name: 'localhost' },
      other: { mode: 'verify-full', ca: other, name: 'orders-db.shop.svc' },
      none: { mode: 'verify-full', name: 'orders-db.shop.svc' },
      require: { mode: 'require', ca: other },
    };
    const tls = typeof how === 'string' ? modes[how] : how;
    await using gateway = await open({ tls });
    if (outcome === true) expect(await ask(gateway.port, isEncrypted)).toBe(true);
    else {
      await expect(ask(gateway.port)).rejects.toThrow('no TLS as asked for');
      expect(gateway.events).toMatchObject([{ kind: 'login-failed', error: { code: outcome } }]);
    }
  });

  describe('TLS on the local side', () => {
    const tls = () => {
      const { server, ca } = issueCertificates(['127.0.0.1']);
      return { ca, tls: new LocalTls({ chain: server.cert, key: new Secret(server.key) }) };
    };

    test('by SSLRequest, with the channel bound', async () => {
      const { ca, tls: localTls } = tls();
      await using gateway = await open({}, { tls: () => localTls });
      const options = { ssl: { ca }, enableChannelBinding: true };
      expect(await ask(gateway.port, undefined, options)).toBe('app');
      expect(await ask(gateway.port, undefined, { ssl: { ca } })).toBe('app');
      expect(await ask(gateway.port)).toBe('app');
      expect(gateway.events.map((event) => event.kind === 'login' && event.encrypted.local)).toEqual([
        true,
        true,
        false,
      ]);
    });

    test('carries much both ways, and ends as in the clear: told why, at a message boundary', async () => {
      const { ca, tls: localTls } = tls();
      await using gateway = await open({}, { tls: () => localTls });
      const idle = await connected(gateway.port, { ssl: { ca } });
      const text = randomBytes(6 * 1024 * 1024).toString('base64');
      const { rows } = await idle.query('select $1::text as back, repeat($2, 33554432) as much', [text, 'x']);
      expect(rows[0]?.back === text).toBe(true);
      expect(rows[0]?.much).toHaveLength(33_554_432);
      const told = new Promise<Error & { code?: string }>((resolve) => idle.once('error', resolve));
      await database.stop('SIGKILL');
      await database.start();
      expect(await told).toMatchObject({ code: '57P01', message: expect.stringContaining('postgres-0') });
    });

    test('directly, where the protocol is named', async () => {
      const { ca, tls: localTls } = tls();
      await using gateway = await open({}, { tls: () => localTls });
      const direct = async (ALPNProtocols?: string[]) => {
        const options = {
          host: '127.0.0.1',
          port: gateway.port,
          ca,
          ...(ALPNProtocols && { ALPNProtocols }),
        };
        const stream = connectTls(options);
        stream.on('error', () => {});
        stream.write(Buffer.from('\0\0\0\x12\0\x03\0\0user\0app\0\0', 'latin1'));
        const first = await new Promise<string | undefined>((resolve) => {
          stream.once('data', (data: Buffer) => resolve(data.toString('latin1', 0, 1)));
          stream.once('close', () => resolve(undefined));
        });
        stream.destroy();
        return first;
      };
      expect(await direct(['postgresql'])).toBe('R');
      expect(await direct()).toBeUndefined();
      expect(await direct(['http/1.1'])).toBeUndefined();
    });
  });

  test('the database refuses the password that the gateway holds', async () => {
    await using gateway = await open(as('app', 'wrong'));
    await expect(ask(gateway.port)).rejects.toMatchObject({
      code: '28000',
      message: 'the database refused the password that Sallyport holds for role app',
      detail: expect.stringContaining('password authentication failed for user "app" (28P01)'),
    });
    expect(gateway.events).toMatchObject([
      { kind: 'login-failed', error: { code: 'SP-DB-PASSWORD-REFUSED' } },
    ]);
  });

  test('a rotated password: the old one is refused, the source is asked again, the login succeeds', async () => {
    const asked: boolean[] = [];
    let current = app.password;
    const credentials = async ({ fresh }: { fresh: boolean }) => {
      asked.push(fresh);
      return [{ user: 'app', password: new Secret(fresh ? current : app.password) }];
    };
    await using gateway = await open({ credentials });
    expect(await ask(gateway.port)).toBe('app');
    current = 'rotated';
    await database.query("ALTER ROLE app PASSWORD 'rotated'");
    try {
      expect(await ask(gateway.port)).toBe('app');
      expect(asked).toEqual([false, false, true]);
    } finally {
      await database.query(`ALTER ROLE app PASSWORD '${app.password}'`);
    }
  });

  test("the server's own words for a database that is not there, and for one that is full", async () => {
    await using gateway = await open({});
    await expect(ask(gateway.port, 'select 1', { database: 'nowhere' })).rejects.toMatchObject({
      code: '3D000',
      message: 'database "nowhere" does not exist',
    });
    await database.query('ALTER ROLE app CONNECTION LIMIT 0');
    try {
      await expect(ask(gateway.port)).rejects.toMatchObject({
        code: '53300',
        message: 'too many connections for role "app"',
      });
    } finally {
      await database.query('ALTER ROLE app CONNECTION LIMIT -1');
    }
    expect(gateway.events).toMatchObject([
      { kind: 'login-failed', error: { code: 'SP-DB-REFUSED' } },
      { kind: 'login-failed', error: { code: 'SP-DB-FULL' } },
    ]);
  });

  test('a server that shuts down says so itself, once; the next client waits until it is back', async () => {
    await using gateway = await open({});
    const idle = await connected(gateway.port);
    const told = new Promise<Error & { code?: string }>((resolve) => idle.once('error', resolve));
    await database.stop('SIGINT');
    const waiting = ask(gateway.port, 'select n as answer from kept');
    await waitFor(() => gateway.connections.size > 0);
    // Before anything can fail, for the tests after this one.
    await database.start();
    expect(await waiting).toBe(1);
    expect(await told).toMatchObject({
      code: '57P01',
      message: 'terminating connection due to administrator command',
    });
  });

  test('a server that is killed: an idle client is told 57P01, one that arrives meanwhile waits through its recovery', async () => {
    await using gateway = await open({});
    const idle = await connected(gateway.port);
    const told = new Promise<Error & { code?: string }>((resolve) => idle.once('error', resolve));
    await database.query('INSERT INTO kept SELECT 2 FROM generate_series(1, 100000)');
    await database.stop('SIGKILL');
    const waiting = Promise.all(
      [1, 2, 3].map(() => ask(gateway.port, 'select count(*)::int as answer from kept')),
    );
    await database.start();
    expect(await waiting).toEqual([100_001, 100_001, 100_001]);
    expect(await told).toMatchObject({ code: '57P01', message: expect.stringContaining('postgres-0') });
  });

  test('what the server is, and whether it lets anyone in', async () => {
    await using asked = await open({});
    expect(await ask(asked.port)).toBe('app');
    expect(asked.events).toMatchObject([
      {
        kind: 'login',
        letsAnyoneIn: false,
        superuser: false,
        inRecovery: false,
        pooler: false,
        serverVersion: expect.stringMatching(/^18/),
      },
    ]);
    // A password is at hand, and the server does not ask for it.
    await using trusted = await open(as('by_trust', 'pw'));
    expect(await ask(trusted.port)).toBe('by_trust');
    expect(trusted.events).toMatchObject([{ kind: 'login', letsAnyoneIn: true }]);
  });

  test('a server that lets anyone in is refused where the policy forbids it', async () => {
    const forbids = { trust: true, superuser: false };
    await using trusted = await open({ ...as('by_trust', 'pw'), forbids });
    await expect(ask(trusted.port)).rejects.toMatchObject({ code: '42501' });
    await using asked = await open({ forbids });
    expect(await ask(asked.port)).toBe('app');
  });

  test('a name that is not the tunnel’s is asked for a password like any other, with the same salt each time', async () => {
    await using gateway = await open({}, { mockSeed: randomBytes(32) });
    await expect(ask(gateway.port, 'select 1', { user: 'postgres' })).rejects.toMatchObject({
      code: '28P01',
      message: 'password authentication failed for user "postgres"',
    });
    expect(gateway.events).toEqual([{ kind: 'denied', why: 'unknown-role', user: 'postgres' }]);
  });
});
