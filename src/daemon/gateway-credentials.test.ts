import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { Client } from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { AppError } from '../base/app-error.ts';
import { Secret } from '../base/secret.ts';
import {
  authenticationOk,
  backendKeyData,
  errorResponse,
  int32,
  message,
  readyForQuery,
} from '../postgres/message.ts';
import { makeVerifier } from '../postgres/scram.ts';
import { Wire } from '../postgres/wire.ts';
import type { IntermediaryClient } from '../tunnel/intermediary.ts';
import { TunnelGateway } from './gateway.ts';
import type { FoundPassword } from './passwords.ts';
import { adHocDefinition, type TunnelDefinition } from './tunnel-definition.ts';

const salt = Buffer.from('salt');
const md5 = (...parts: (string | Buffer)[]) =>
  createHash('md5')
    .update(Buffer.concat(parts.map((part) => Buffer.from(part))))
    .digest('hex');
const hello = Buffer.concat([
  authenticationOk,
  backendKeyData({ processId: 7, key: Buffer.from('real') }),
  readyForQuery,
]);

/** A database that asks for md5 and takes what `accepts` says: as "user:password". Notes who tried. */
class Md5Database {
  accepts: readonly string[] = [];
  readonly asked: string[] = [];
  /** Answers to this many at once. */
  together = 1;
  #waiting: (() => void)[] = [];

  async serve(stream: Duplex): Promise<void> {
    const wire = new Wire(stream);
    let opening = await wire.readOpening();
    if (opening.kind === 'ssl-request') {
      wire.write(Buffer.from('N'));
      opening = await wire.readOpening();
    }
    if (opening.kind !== 'startup') return void stream.end();
    const { user = '' } = Object.fromEntries(opening.parameters);
    wire.write(message('R', int32(5), salt));
    const { body } = await wire.readMessage(1_000);
    const sent = body.toString('latin1').replace(/\0$/, '');
    const isRight = this.accepts.some((each) => {
      const [name = '', password = ''] = each.split(':');
      return name === user && sent === `md5${md5(md5(password, name), salt)}`;
    });
    this.asked.push(user);
    await this.#answered();
    if (isRight) return void wire.write(hello);
    wire.write(
      errorResponse({ severity: 'FATAL', sqlstate: '28P01', message: 'password authentication failed' }),
    );
  }

  #answered(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length < this.together) return;
      for (const answer of this.#waiting.splice(0)) answer();
    });
  }
}

const own = adHocDefinition(
  {
    name: 'db',
    target: 'statefulset/db/0',
    port: 5432,
    kind: 'postgres',
    connection: { database: 'orders', password: { secret: 'auto' } },
  },
  {},
);
const shared: TunnelDefinition = {
  ...own,
  origin: { kind: 'profile', source: 'team', sourceKind: 'folder' },
};

const found = (user: string, password: string, rest: object = {}): FoundPassword => ({
  kind: 'found',
  password: new Secret(password),
  user,
  origin: { kind: 'secret', namespace: 'data', name: 'db', key: 'password' },
  ...rest,
});

async function setUp(find: () => FoundPassword, definition = own) {
  const clock = new FakeClock();
  const database = new Md5Database();
  const verifier = await makeVerifier(new Secret('local'));
  const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
  let reads = 0;
  const gateway = new TunnelGateway({
    host: {
      clock,
      localAuthority: { tlsOf: () => Promise.reject(new AppError('SP-PASSPHRASE-REQUIRED')) },
      passwords: {
        find: async () => {
          reads++;
          const read = find();
          // It comes from a cluster or another program: never in the same turn.
          await new Promise((resolve) => setImmediate(resolve));
          return read;
        },
      },
      certificates: { authority: async () => undefined, client: async () => undefined },
      gatewayPasswords: {
        of: async () => ({
          secret: new Secret('local'),
          kept: { in: 'memory' },
          verifier,
          madeAtMs: 0,
          expiresAtMs: undefined,
          isExpired: false,
        }),
      },
    },
    definition,
    log,
    onSession: () => {},
    onNotice: () => {},
    onOtherRole: () => false,
    onRole: () => {},
  });
  const open = async ({ head }: { head: readonly Uint8Array[] }) => {
    const [ours, theirs] = duplexPair();
    for (const stream of [ours, theirs]) stream.on('error', () => {});
    for (const bytes of head) ours.write(bytes);
    database.serve(theirs).catch(() => {});
    return Object.assign(ours, { answered: true, lend: () => {} });
  };
  const pod = { namespace: 'data', name: 'db-0', uid: 'u', restarts: 0, ready: true, hostNetwork: false };
  const dial: IntermediaryClient['dial'] = async (how) => ({
    stream: await open({ head: how.head(pod) }),
    pod,
    served: () => {},
    failed: () => false,
    again: open,
  });
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    gateway.serve(socket, { connection: 1, dial, peer: undefined });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  /** Resolves with undefined when it is let in, else with what it is told. */
  const connects = async (user = 'any'): Promise<{ message: string; hint?: string } | undefined> => {
    const client = new Client({
      host: '127.0.0.1',
      port,
      user,
      password: 'local',
      database: 'orders',
    });
    client.on('error', () => {});
    const outcome = await client.connect().then(
      () => undefined,
      (error) => error,
    );
    client.connection.stream.destroy();
    return outcome;
  };
  return { clock, database, connects, reads: () => reads };
}

/** Lets the loop turn until it is so. A clock moves a little with each turn, so that what takes work is not out of time. */
async function until(isSo: () => boolean, clock?: FakeClock): Promise<void> {
  while (!isSo()) {
    await new Promise((resolve) => setImmediate(resolve));
    clock?.advance(10);
  }
}

async function settled<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
  let isOver = false;
  const watched = promise.finally(() => {
    isOver = true;
  });
  await until(() => isOver, clock);
  return watched;
}

describe('a password of a profile that others wrote', () => {
  it('is not sent by md5 without verified TLS, which says what to do; that of an own profile is', async () => {
    for (const [definition, isLetIn] of [
      [own, true],
      [shared, false],
    ] as const) {
      const { connects, database } = await setUp(() => found('app', 'pw'), definition);
      database.accepts = ['app:pw'];
      const refused = await connects();
      expect(refused === undefined).toBe(isLetIn);
      expect(database.asked).toEqual(isLetIn ? ['app'] : []);
      if (isLetIn) continue;
      expect(refused?.message).toContain('the database asks for md5');
      expect(refused?.hint).toMatch(/scram-sha-256, or give the profile sslmode verify-full/);
    }
  });
});

describe('credentials that are rotated', () => {
  it('are read again until they are others, where they worked before: nobody is told', async () => {
    let password = 'first';
    const { clock, connects, database, reads } = await setUp(() => found('app', password));
    database.accepts = ['app:first'];
    expect(await connects()).toBeUndefined();
    expect(reads()).toBe(1);
    database.accepts = ['app:second'];
    const refused = connects();
    await until(() => reads() === 2);
    // Whoever comes now waits for what is being read.
    const later = connects();
    await until(() => reads() === 4, clock);
    password = 'second';
    expect(await settled(clock, Promise.all([refused, later]))).toEqual([undefined, undefined]);
    // The first login, the one refused, and one for each: what was refused was not sent again.
    expect(database.asked).toHaveLength(4);
    expect(reads()).toBe(5);
  });

  it('are read once for all that were refused together', async () => {
    let password = 'first';
    const { connects, database, reads } = await setUp(() => found('app', password));
    database.accepts = ['app:first'];
    expect(await connects()).toBeUndefined();
    database.accepts = ['app:second'];
    password = 'second';
    database.together = 3;
    expect(await Promise.all([connects(), connects(), connects()])).toEqual(Array(3).fill(undefined));
    expect(database.asked).toHaveLength(7);
    expect(reads()).toBe(2);
  });

  it('are given up after ten seconds, and not waited for by the next', async () => {
    const { clock, connects, database, reads } = await setUp(() => found('app', 'first'));
    database.accepts = ['app:first'];
    expect(await connects()).toBeUndefined();
    database.accepts = [];
    const beforeMs = clock.nowMs();
    expect((await settled(clock, connects()))?.message).toContain('refused the password');
    const waitedMs = clock.nowMs() - beforeMs;
    expect(waitedMs).toBeGreaterThanOrEqual(10_000);
    expect(reads()).toBe(22);
    // Nothing moves the clock now.
    expect((await connects())?.message).toContain('refused the password');
    expect(reads()).toBe(23);
  });

  it('are tried with the new one first, then the one before', async () => {
    let now = found('app_a', 'a');
    const { connects, database } = await setUp(() => now);
    database.accepts = ['app_a:a'];
    expect(await connects()).toBeUndefined();
    now = found('app_b', 'b');
    database.accepts = ['app_b:b'];
    expect(await connects()).toBeUndefined();
    database.accepts = ['app_a:a'];
    expect(await connects()).toBeUndefined();
    expect(database.asked).toEqual(['app_a', 'app_a', 'app_b', 'app_b', 'app_a']);
  });
});

it('waits while the place of the credentials is out of reach', async () => {
  let isAway = true;
  const { clock, connects, database, reads } = await setUp(() => {
    if (isAway) throw new AppError('SP-API-UNREACHABLE', {});
    return found('app', 'pw');
  });
  database.accepts = ['app:pw'];
  const waiting = connects();
  await until(() => reads() === 1);
  await until(() => reads() === 3, clock);
  isAway = false;
  expect(await settled(clock, waiting)).toBeUndefined();
});

it('takes sslmode from where the credentials are, unless the profile says it', async () => {
  const { connects, database } = await setUp(() => found('app', 'pw', { sslmode: 'require' }));
  database.accepts = ['app:pw'];
  // The database of this test knows no TLS.
  expect(await connects()).toMatchObject({ message: expect.stringContaining('TLS') });
  const profile = { ...own.profile, connection: { ...own.profile.connection, sslmode: 'disable' as const } };
  const plain = await setUp(() => found('app', 'pw', { sslmode: 'require' }), { ...own, profile });
  plain.database.accepts = ['app:pw'];
  expect(await plain.connects()).toBeUndefined();
});

describe('a client certificate', () => {
  const { password: _none, ...rest } = own.profile.connection!;
  const byCertificate = (connection: object): TunnelDefinition => ({
    ...own,
    profile: {
      ...own.profile,
      connection: { ...rest, certificate: { secret: { name: 'tls' } }, ...connection },
    },
  });

  it.each([
    ['whatever sslmode would let go', { user: 'app', sslmode: 'prefer' as const }, 'the server has none'],
    ['unless sslmode says so', { user: 'app', sslmode: 'disable' as const }, 'sslmode is disable'],
    ['without sslmode', { user: 'app' }, 'the server has none'],
  ])('is never left out for a server without TLS: %s', async (_what, connection, words) => {
    const { connects, database } = await setUp(() => ({ kind: 'none' }), byCertificate(connection));
    expect(await connects('app')).toMatchObject({ message: expect.stringContaining(words) });
    expect(database.asked).toEqual([]);
  });

  it('needs a role to log in as', async () => {
    const { connects } = await setUp(() => ({ kind: 'none' }), byCertificate({}));
    expect(await connects()).toMatchObject({ message: expect.stringContaining('names a role') });
  });
});
