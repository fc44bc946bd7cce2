import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { describe, expect, it } from 'vitest';
import type { SocketControl } from '../../src/client/socket-control.ts';
import { postgresManifest } from '../../src/sandbox/manifest.ts';
import { MemoryKeychain } from '../../src/secret/memory-keychain.ts';
import { tunnelOnce, useMachine } from '../support/daemon-fixture.ts';
import { app } from '../support/real-database.ts';

const pod = 'default/postgres-0';
const id = (name: string) => `user/${name}`;

const secret = (name: string, stringData: object) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  stringData,
});
const manifest = [
  ...postgresManifest({ user: app.user, database: app.database, password: app.password }),
  secret('orders-app', { password: app.password, username: app.user }),
  secret('by-url', {
    uri: `postgresql://${app.user}:${encodeURIComponent(app.password)}@db.shop:5432/${app.database}`,
  }),
];

describe("a daemon's gateway", () => {
  const machine = useMachine({ manifest, pod });

  const profile = (rest: { connection?: object; policy?: object } = {}) => ({
    cluster: { server: machine.sandbox.server },
    namespace: 'default',
    target: 'statefulset/postgres/0',
    port: 5432,
    kind: 'postgres',
    ...rest,
    connection: {
      database: app.database,
      user: app.user,
      password: { secret: { name: 'orders-app', key: 'password' } },
      ...rest.connection,
    },
  });

  async function started(profiles: Record<string, object>) {
    const { home, stack } = machine;
    await home.writeProfiles({ profiles });
    stack.use(await home.start({ keychain: new MemoryKeychain() }));
    return { control: stack.use(home.control()) };
  }

  async function up(control: SocketControl, name: string): Promise<number> {
    const { outcomes } = await control.call('up', { names: [name] });
    const [outcome] = outcomes;
    if (outcome?.error) throw new Error(JSON.stringify(outcome.error));
    const tunnel = await tunnelOnce(control, id(name), ({ addresses }) => addresses.length > 0);
    const [address] = tunnel.addresses;
    return address?.kind === 'tcp' ? address.port : 0;
  }

  async function login(control: SocketControl, name: string) {
    const answer = await control.call('password', { name });
    if (answer.kind !== 'found') throw new Error(`the answer is ${answer.kind}`);
    return answer;
  }

  async function connected(port: number, password: string, user = app.user): Promise<Client> {
    const client = new Client({ host: '127.0.0.1', port, user, password, database: app.database });
    // pg tells of the end once more, after what the server said.
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  async function ask(
    port: number,
    password: string,
    sql = 'select current_user as answer',
  ): Promise<unknown> {
    const client = await connected(port, password);
    try {
      return (await client.query(sql)).rows[0]?.answer;
    } finally {
      await client.end();
    }
  }

  it("lets programs in with the tunnel's own password, and not with that of the database", async () => {
    const { control } = await started({ db: profile() });
    const port = await up(control, 'db');
    const { password, user, origin } = await login(control, 'db');
    expect(password).toMatch(/^[\w-]{24}$/);
    expect({ user, origin }).toEqual({
      user: app.user,
      origin: { kind: 'tunnel', kept: { in: 'memory' } },
    });
    expect(await ask(port, password)).toBe(app.user);
    await expect(ask(port, app.password)).rejects.toMatchObject({
      code: '28P01',
      hint: expect.stringContaining('sallyport password db --local'),
    });
    const entries = await readdir(machine.home.dir, { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((each) => each.isFile())) {
      const text = await readFile(join(entry.parentPath, entry.name), 'utf8');
      expect(text.includes(password) || text.includes(app.password)).toBe(false);
    }
  });

  it('tells one client too many so, as a database does that is full', async () => {
    const { control } = await started({ db: profile({ policy: { maxConnections: 1 } }) });
    const port = await up(control, 'db');
    const { password } = await login(control, 'db');
    const first = await connected(port, password);
    await expect(ask(port, password)).rejects.toMatchObject({
      code: '53300',
      message: expect.stringContaining('1 connection at'),
    });
    await first.end();
  });

  it('takes a new password of the tunnel at once, and leaves what is connected alone', async () => {
    const { control } = await started({ db: profile() });
    const port = await up(control, 'db');
    const { password: before } = await login(control, 'db');
    const client = await connected(port, before);
    const rotated = await control.call('password', { name: 'db', rotate: true });
    expect(rotated).not.toMatchObject({ password: before });
    await expect(ask(port, before)).rejects.toMatchObject({ code: '28P01' });
    const { password: after } = await login(control, 'db');
    expect(await ask(port, after)).toBe(app.user);
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await client.end();
  });

  it('picks up a password that is rotated in the Secret and in the database', async () => {
    const { control } = await started({ db: profile() });
    const port = await up(control, 'db');
    const { password } = await login(control, 'db');
    expect(await ask(port, password)).toBe(app.user);
    const rotate = async (to: string) => {
      await ask(port, password, `alter role ${app.user} password '${to}'`);
      machine.sandbox.controls.store.update(
        'secrets',
        { namespace: 'default', name: 'orders-app' },
        (draft) => {
          draft.data = { ...draft.data, password: Buffer.from(to).toString('base64') };
        },
      );
    };
    await rotate('of tomorrow');
    expect(await ask(port, password)).toBe(app.user);
    await rotate(app.password);
    expect(await ask(port, password)).toBe(app.user);
  });

  it('reads role, database and password out of a URL in a Secret', async () => {
    const { control } = await started({
      db: profile({
        connection: {
          user: undefined,
          database: undefined,
          password: { secret: { name: 'by-url', key: 'uri' } },
        },
      }),
    });
    const port = await up(control, 'db');
    const { password, user, database } = await login(control, 'db');
    expect({ user, database }).toEqual({ user: app.user, database: app.database });
    expect(await ask(port, password)).toBe(app.user);
  });

  it('tells an idle client of a deleted pod by 57P01, holds the next one and serves it from the new pod', async () => {
    const { control } = await started({ db: profile() });
    const port = await up(control, 'db');
    const { password } = await login(control, 'db');
    const idle = await connected(port, password);
    const told = new Promise<{ code?: string }>((resolve) => idle.once('error', resolve));
    const { pods } = machine.sandbox.controls;
    const before = pods.get(pod)?.metadata.uid;
    pods.delete(pod);
    expect(await told).toMatchObject({ code: '57P01' });
    expect(await ask(port, password)).toBe(app.user);
    const { connections, history } = await control.call('tunnel', { name: 'db' });
    expect(history.at(-1)?.shown).toBe('ready');
    expect(connections.every((each) => each.pod.uid !== before)).toBe(true);
  });

  it('says of each connection as whom it is logged in and what went through it', async () => {
    const { control } = await started({ db: profile() });
    const port = await up(control, 'db');
    const { password } = await login(control, 'db');
    const client = await connected(port, password);
    await client.query('select 1');
    const { tunnel, connections } = await control.call('tunnel', { name: 'db' });
    expect(connections).toMatchObject([
      { connection: 1, login: { user: app.user, database: app.database, application: '' } },
    ]);
    expect(connections[0]?.receivedBytes).toBe(tunnel.traffic.receivedBytes);
    expect(connections[0]?.sentBytes).toBeGreaterThan(0);
    expect(tunnel.connectTimes).toMatchObject({ samples: 1, p50Ms: expect.any(Number) });
  });

  it('enforces what only a gateway can: read-only, and what the database is', async () => {
    const { control } = await started({
      reader: profile({ policy: { readOnly: true } }),
      plain: profile({ policy: { gateway: false, readOnly: true } }),
      strict: profile({ policy: { superuser: 'forbid' } }),
      warned: profile(),
    });
    const reader = await up(control, 'reader');
    const { password } = await login(control, 'reader');
    await expect(ask(reader, password, 'create table t (a int)')).rejects.toMatchObject({ code: '25006' });
    await expect(ask(reader, password, 'set default_transaction_read_only = off')).rejects.toMatchObject({
      code: '25006',
    });
    await expect(up(control, 'plain')).rejects.toThrow('SP-POLICY-UNENFORCED');
    const strict = await up(control, 'strict');
    await expect(ask(strict, (await login(control, 'strict')).password)).rejects.toMatchObject({
      message: expect.stringContaining('is a superuser'),
    });
    const warned = await up(control, 'warned');
    await ask(warned, (await login(control, 'warned')).password);
    const { tunnel } = await control.call('tunnel', { name: 'warned' });
    expect(tunnel).toMatchObject({ gateway: true, notices: [expect.stringContaining('is a superuser')] });
  });

  it('has on record whom it did not let in, what the policy refused, and by policy each statement', async () => {
    const { control } = await started({
      reader: profile({ policy: { readOnly: true, statementAudit: true } }),
      strict: profile({ policy: { superuser: 'forbid' } }),
    });
    const reader = await up(control, 'reader');
    const { password } = await login(control, 'reader');
    for (let times = 0; times < 5; times++)
      await expect(ask(reader, 'wrong')).rejects.toMatchObject({ code: '28P01' });
    const client = await connected(reader, password);
    await client.query("select 'hunter2'; with a as (select 1) select * from a");
    await client.end();
    await ask(reader, password, "select 'tiger3'");
    await expect(ask(reader, password, 'selec 1')).rejects.toMatchObject({ code: '42601' });
    await expect(ask(reader, password, 'set default_transaction_read_only = off')).rejects.toThrow();
    const strict = await up(control, 'strict');
    await expect(ask(strict, (await login(control, 'strict')).password)).rejects.toThrow();
    await control.call('down', { all: true });
    const { records } = await control.call('audit', { limit: 1_000 });
    const of = (event: string) => records.map(({ record }) => record).filter((each) => each.event === event);
    const local = { event: 'connection-denied', tunnel: id('reader'), databaseUser: app.user };
    expect(of('connection-denied')).toMatchObject([
      { ...local, connection: 1, error: { code: 'SP-GATEWAY-LOGIN', details: { why: 'wrong-password' } } },
      { ...local, count: 4 },
    ]);
    expect(of('statement-denied')).toMatchObject([
      { tunnel: id('reader'), databaseUser: app.user, error: { code: 'SP-DB-READ-ONLY' } },
    ]);
    expect(of('postgres-login').filter(({ outcome }) => outcome === 'refused')).toMatchObject([
      { tunnel: id('strict'), error: { code: 'SP-DB-POLICY' } },
    ]);
    expect(
      of('postgres-statement').map(({ statement, text, fingerprint }) => [statement, text, fingerprint]),
    ).toEqual([
      ['SELECT', 'select ?', '50fde20626009aba'],
      ['SELECT', 'with a as (select ?) select * from a', expect.stringMatching(/^[0-9a-f]{16}$/)],
      ['SELECT', 'select ?', '50fde20626009aba'],
      ['unknown', undefined, undefined],
      ['SET', 'set default_transaction_read_only = ?', undefined],
    ]);
  });

  it('takes its tunnel down without waiting for clients that do not read their end', async () => {
    const { control } = await started({ db: profile() });
    const port = await up(control, 'db');
    const { password } = await login(control, 'db');
    const client = await connected(port, password);
    const { outcomes } = await control.call('down', { names: ['db'] });
    expect(outcomes[0]?.tunnel).toMatchObject({ wanted: 'off', connections: 0 });
    await client.end().catch(() => {});
  });
});
