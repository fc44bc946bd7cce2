import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { AppError } from '../base/app-error.ts';
import { Secret } from '../base/secret.ts';
import type { Dial } from './dial.ts';
import { Gateway } from './gateway.ts';
import type { GatewayEvent } from './gateway-event.ts';
import type { GatewayOptions } from './gateway-options.ts';
import {
  authenticationOk,
  backendKeyData,
  errorResponse,
  int32,
  message,
  readyForQuery,
  startupMessage,
} from './message.ts';
import { readServerError } from './server-error.ts';
import { Received, socketPair } from './socket-pair.fixture.ts';
import type { Credential } from './upstream-access.ts';
import { Wire } from './wire.ts';

type Serve = (server: Wire, attempt: number) => void | Promise<void>;

const startup = Buffer.from('\0\0\0\x12\0\x03\0\0user\0app\0\0', 'latin1');
const hello = (processId = 7) =>
  Buffer.concat([
    authenticationOk,
    message('S', 'server_version', '18.4'),
    backendKeyData({ processId, key: Buffer.from('real') }),
    readyForQuery,
  ]);
const refusal = (sqlstate: string, text = 'no') =>
  errorResponse({ severity: 'FATAL', sqlstate, message: text });
const passwords = (...list: string[]): Credential[] =>
  list.map((password) => ({ user: 'app', password: new Secret(password) }));

/** A gateway that asks no password, before servers in memory. `serve` is one connection's server. */
async function setUp(
  serve: Serve,
  options: Omit<Partial<GatewayOptions>, 'upstream'> & { dial?: Dial; upstream?: object } = {},
) {
  const clock = new FakeClock();
  const events: GatewayEvent[] = [];
  const failures: string[] = [];
  const opened: Duplex[] = [];
  let attempts = 0;
  const open = async ({ head }: { head: readonly Buffer[] }) => {
    const [ours, theirs] = duplexPair();
    for (const stream of [ours, theirs]) stream.on('error', () => {});
    opened.push(ours);
    const server = new Wire(theirs);
    for (const bytes of head) ours.write(bytes);
    void serve(server, ++attempts);
    return ours;
  };
  const pod = { name: 'postgres-0', uid: 'u' };
  const dial: Dial = async (how) => ({
    stream: await open({ head: how.head(pod) }),
    pod,
    served: () => {},
    failed: (error) => failures.push(error.code) < 0,
    again: open,
  });
  const { dial: otherDial, upstream, ...rest } = options;
  const gateway = new Gateway({
    clock,
    local: {
      user: 'app',
      password: () => undefined,
      tls: () => undefined,
      hints: { password: '', expired: '' },
      mockSeed: Buffer.alloc(32),
    },
    upstream: {
      credentials: async () => passwords('real'),
      tls: () => ({ mode: 'disable' }),
      passwordPolicy: 'any-hashed',
      readOnly: false,
      ...upstream,
    },
    replication: 'refuse',
    holdMs: 60_000,
    onEvent: (event) => void events.push(event),
    ...rest,
  });
  const serveClient = async (passwordless = true) => {
    const { client, server } = await socketPair();
    const connection = gateway.serve(server, {
      dial: otherDial ?? dial,
      passwordless: () => passwordless,
      connection: 1,
    });
    return { client, received: new Received(client), connection };
  };
  return { clock, events, failures, opened, serveClient, attempts: () => attempts };
}

/** Turns of the loop and moves of the clock until it is so. */
async function until(clock: FakeClock, isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(10);
  }
}

async function loggedIn(received: Received): Promise<{ processId: number; key: Buffer }> {
  const types: string[] = [];
  let body: Buffer = Buffer.alloc(0);
  for (let last = ''; last !== 'Z'; ) {
    const message = await received.message();
    last = message.type;
    types.push(last);
    if (last === 'K') body = message.body;
  }
  expect(types.join('')).toMatch(/^RS+KZ$/);
  return { processId: body.readInt32BE(0), key: body.subarray(4) };
}

const told = async (received: Received) => {
  const { type, body } = await received.message();
  expect(type).toBe('E');
  return readServerError(body);
};

const cancelRequest = (processId: number, key: Buffer) => {
  const head = Buffer.from([0, 0, 0, 12 + key.length, 4, 210, 22, 46, 0, 0, 0, 0]);
  head.writeInt32BE(processId, 8);
  return Buffer.concat([head, key]);
};

describe('Gateway', () => {
  it('logs in with the real name, and gives the client a cancel key of its own', async () => {
    const seen: Buffer[] = [];
    const { serveClient } = await setUp(async (server) => {
      const opening = await server.readOpening();
      if (opening.kind === 'cancel') seen.push(opening.key);
      else if (opening.kind === 'startup') server.write(hello());
      if (opening.kind === 'cancel') server.stream.end();
    });
    const { client, received } = await serveClient();
    client.write(startup);
    const key = await loggedIn(received);
    expect(key).not.toEqual({ processId: 7, key: Buffer.from('real') });

    for (const wrong of [Buffer.from('real'), Buffer.alloc(32)]) {
      const other = await serveClient();
      other.client.write(cancelRequest(key.processId, wrong));
      expect(await other.received.rest()).toEqual(Buffer.alloc(0));
    }
    expect(seen).toEqual([]);
    const canceller = await serveClient();
    canceller.client.write(cancelRequest(key.processId, key.key));
    expect(await canceller.received.rest()).toEqual(Buffer.alloc(0));
    expect(seen).toEqual([Buffer.from('real')]);
  });

  it('waits for a server that starts up, and for one that is not there', async () => {
    const { clock, events, failures, serveClient, attempts } = await setUp(async (server, attempt) => {
      await server.readOpening();
      if (attempt <= 3) server.write(refusal('57P03', 'the database system is starting up'));
      else if (attempt <= 5) server.stream.destroy();
      else server.write(hello());
    });
    const { client, received } = await serveClient();
    client.write(startup);
    await until(clock, () => attempts() === 6);
    await loggedIn(received);
    expect(failures).toEqual([...Array(3).fill('SP-DB-STARTING'), ...Array(2).fill('SP-STREAM-RESET')]);
    expect(events.map(({ kind }) => kind)).toEqual(['login']);
  });

  it('tells a client in vain why it waited', async () => {
    const { clock, events, serveClient, attempts } = await setUp(
      async (server) => server.write(refusal('57P03', 'starting')),
      { holdMs: 1_000 },
    );
    const { client, received, connection } = await serveClient();
    client.write(startup);
    await until(clock, () => events.length > 0);
    expect(await told(received)).toMatchObject({
      sqlstate: '57P03',
      message: expect.stringMatching(/for 1000 ms/),
    });
    expect((await connection.over)?.code).toBe('SP-HOLD-TIMEOUT');
    expect(attempts()).toBeLessThan(10);
  });

  it('gives up on a server that closes without a word again and again', async () => {
    const { clock, events, serveClient, attempts } = await setUp((server) => void server.stream.end());
    const { client, received } = await serveClient();
    client.write(startup);
    await until(clock, () => events.length > 0);
    await told(received);
    expect(attempts()).toBe(5);
  });

  it.each([
    ['a wrong password', '28P01'],
    ['a role that may no longer log in', '28000'],
  ])(
    'after %s tries the next credential, then the source once more, each on a stream of its own',
    async (_what, sqlstate) => {
      const tried: string[] = [];
      const asked: boolean[] = [];
      const { events, serveClient, opened } = await setUp(
        async (server) => {
          await server.readOpening();
          server.write(message('R', Buffer.from([0, 0, 0, 5, 1, 2, 3, 4])));
          tried.push((await server.readMessage(100)).body.toString());
          server.write(tried.length < 3 ? refusal(sqlstate) : hello());
        },
        {
          upstream: {
            credentials: async ({ fresh }: { fresh: boolean }) => {
              asked.push(fresh);
              return fresh ? passwords('b', 'c') : passwords('a', 'b');
            },
          },
        },
      );
      const { client, received } = await serveClient();
      client.write(startup);
      await loggedIn(received);
      expect(asked).toEqual([false, true]);
      expect(new Set(tried).size).toBe(3);
      expect(opened.map((stream) => stream.destroyed)).toEqual([true, true, false]);
      expect(events).toMatchObject([{ kind: 'login', method: 'md5' }]);
    },
  );

  it.each([
    ['53300', 'SP-DB-FULL', '53300'],
    ['08P01', 'SP-DB-REFUSED', '08P01'],
    ['3D000', 'SP-DB-REFUSED', '3D000'],
    ['28000', 'SP-DB-REFUSED', '28000'],
    ['28P01', 'SP-DB-PASSWORD-REFUSED', '28000'],
  ])('a server that refuses by %s is not waited for', async (sqlstate, code, shown) => {
    const { events, serveClient, attempts } = await setUp((server) =>
      server.write(refusal(sqlstate, 'its words')),
    );
    const { client, received } = await serveClient();
    client.write(startup);
    const error = await told(received);
    expect(error.sqlstate).toBe(shown);
    if (shown === sqlstate) expect(error.message).toBe('its words');
    expect(events).toMatchObject([{ kind: 'login-failed', user: 'app', error: { code } }]);
    expect(attempts()).toBe(1);
  });

  it('a pooler that is full says so by the code of a protocol violation, its client hears 53300', async () => {
    const words = 'no more connections allowed (max_client_conn)';
    const { events, serveClient } = await setUp((server) => server.write(refusal('08P01', words)));
    const { client, received } = await serveClient();
    client.write(startup);
    const error = await told(received);
    expect(error.sqlstate).toBe('53300');
    expect(error.message).toContain(words);
    expect(events).toMatchObject([{ kind: 'login-failed', error: { code: 'SP-DB-FULL' } }]);
  });

  it('stops trying when the client has gone', async () => {
    const aborted = Promise.withResolvers<void>();
    const { serveClient } = await setUp(() => {}, {
      dial: ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            aborted.resolve();
            reject(signal.reason);
          });
        }),
    });
    const { client, connection } = await serveClient();
    client.end(startup);
    await aborted.promise;
    expect((await connection.over)?.code).toBe('SP-STREAM-RESET');
  });

  it('ends whatever it is doing: greeting, waiting, serving', async () => {
    const { clock, serveClient } = await setUp(async (server, attempt) => {
      await server.readOpening();
      if (attempt === 2) server.write(hello());
    });
    const greeting = await serveClient();
    const waiting = await serveClient();
    waiting.client.write(startup);
    const serving = await serveClient();
    serving.client.write(startup);
    await loggedIn(serving.received);
    for (const { connection } of [greeting, waiting, serving]) connection.end(new AppError('SP-POD-DELETED'));
    expect((await told(serving.received)).sqlstate).toBe('57P01');
    expect((await told(waiting.received)).sqlstate).toBe('57P03');
    await expect(greeting.received.rest()).resolves.toEqual(Buffer.alloc(0));
    const ended = await Promise.all([greeting, waiting, serving].map(({ connection }) => connection.over));
    expect(ended.map((error) => error?.code)).toEqual([
      'SP-STREAM-RESET',
      'SP-POD-DELETED',
      'SP-POD-DELETED',
    ]);
    // Nothing waits for them any more once they have closed their end too.
    for (const { client } of [greeting, waiting, serving]) client.destroy();
    await expect.poll(() => clock.pending).toBe(0);
  });

  it('leaves a client that does not log in, and takes no more than a number of them', async () => {
    const { clock, events, serveClient } = await setUp(() => {});
    const clients: Awaited<ReturnType<typeof serveClient>>[] = [];
    for (let count = 0; count < 257; count++) clients.push(await serveClient());
    await closed(clients[256]!.client);
    expect(events).toEqual([{ kind: 'denied', why: 'too-many', user: undefined }]);
    clock.advance(60_000);
    await Promise.all(clients.map(({ client }) => closed(client)));
    expect(events).toHaveLength(257);
    expect(events[1]).toEqual({ kind: 'denied', why: 'too-slow', user: undefined });
  });

  it.each([
    ['another process answers', ['8', 'on'], undefined],
    ['the setting did not take', ['7', 'off'], undefined],
    [
      'the startup parameter is refused',
      undefined,
      refusal('08P01', 'unsupported startup parameter: default_transaction_read_only'),
    ],
  ])('read-only is refused where %s', async (_what, row, refused) => {
    const { events, serveClient } = await setUp(
      async (server) => {
        await server.readOpening();
        if (refused) return server.write(refused);
        server.write(Buffer.concat([message('S', 'client_encoding', 'UTF8'), hello()]));
        const { type } = await server.readMessage(1_000);
        expect(type).toBe('F');
        server.write(Buffer.concat(row!.flatMap((text) => [callResult(text), readyForQuery])));
      },
      { upstream: { readOnly: true } },
    );
    const { client, received } = await serveClient();
    client.write(startup);
    expect((await told(received)).sqlstate).toBe('25006');
    expect(events).toMatchObject([{ kind: 'login-failed', error: { code: 'SP-DB-READ-ONLY' } }]);
  });

  it('refuses read-only behind a pooler that shows by its key, without an answer from it', async () => {
    const { events, serveClient } = await setUp(
      async (server) => {
        await server.readOpening();
        server.write(Buffer.concat([message('S', 'client_encoding', 'UTF8'), hello(-7)]));
      },
      { upstream: { readOnly: true } },
    );
    const { client, received } = await serveClient();
    client.write(startup);
    expect((await told(received)).message).toMatch(/a pooler/);
    expect(events).toMatchObject([{ kind: 'login-failed', error: { code: 'SP-DB-READ-ONLY' } }]);
  });

  describe('where TLS is preferred', () => {
    /** What each stream began with; `answer` is to SSLRequest. */
    const asked = (openings: string[], { answer, plain }: { answer: () => string; plain?: () => Buffer }) =>
      (async (server) => {
        const first = await server.readOpening();
        openings.push(first.kind);
        if (first.kind === 'ssl-request') {
          server.write(Buffer.from(answer()));
          const next = await server.readOpening().catch(() => undefined);
          if (next?.kind !== 'startup') return void server.stream.destroy();
          return server.write(hello());
        }
        server.write(plain?.() ?? hello());
      }) satisfies Serve;
    const upstream = { tls: () => ({ mode: 'prefer' }) };
    const connect = async ({ serveClient }: Awaited<ReturnType<typeof setUp>>) => {
      const { client, received } = await serveClient();
      client.write(startup);
      await loggedIn(received);
    };

    it('asks a server that has none once in five minutes', async () => {
      const openings: string[] = [];
      const gateway = await setUp(asked(openings, { answer: () => 'N' }), { upstream });
      for (let times = 0; times < 3; times++) await connect(gateway);
      expect(openings).toEqual(['ssl-request', 'startup', 'startup']);
      gateway.clock.advance(5 * 60_000);
      await connect(gateway);
      expect(openings.at(-1)).toBe('ssl-request');
      expect(gateway.events).toMatchObject(Array(4).fill({ kind: 'login', encrypted: { server: false } }));
    });

    it('asks the successor of a pod', async () => {
      const openings: string[] = [];
      const serve = asked(openings, { answer: () => 'N' });
      let uid = 'a';
      const dial: Dial = async ({ head }) => {
        const [ours, theirs] = duplexPair();
        const pod = { name: 'postgres-0', uid };
        for (const bytes of head(pod)) ours.write(bytes);
        void serve(new Wire(theirs));
        return { stream: ours, pod, served: () => {}, failed: () => false, again: async () => ours };
      };
      const gateway = await setUp(() => {}, { upstream, dial });
      await connect(gateway);
      uid = 'b';
      await connect(gateway);
      await connect(gateway);
      expect(openings).toEqual(['ssl-request', 'ssl-request', 'startup']);
    });

    it.each([
      ['refuses who comes without TLS', () => refusal('28000', 'no pg_hba.conf entry, no encryption')],
      ['asks for the password in the clear', () => message('R', int32(3))],
    ])('asks anew where a server that had none %s', async (_what, plain) => {
      const openings: string[] = [];
      const answer = () => (openings.length === 1 ? 'N' : 'S');
      const gateway = await setUp(asked(openings, { answer, plain }), { upstream });
      await connect(gateway);
      const { client, received } = await gateway.serveClient();
      client.write(startup);
      // It has no certificate to go on with.
      await told(received);
      expect(openings).toEqual(['ssl-request', 'startup', 'ssl-request']);
      expect(gateway.events.at(-1)).toMatchObject({ kind: 'login-failed', error: { code: 'SP-DB-TLS' } });
    });

    it.each([
      ['28P01', 'SP-DB-PASSWORD-REFUSED'],
      ['53300', 'SP-DB-FULL'],
    ])('asks nobody anew for a refusal that TLS changes nothing about: %s', async (sqlstate, code) => {
      const openings: string[] = [];
      const plain = () => refusal(sqlstate);
      const gateway = await setUp(asked(openings, { answer: () => 'N', plain }), { upstream });
      await connect(gateway);
      const { client, received } = await gateway.serveClient();
      client.write(startup);
      await told(received);
      expect(openings).toEqual(['ssl-request', 'startup']);
      expect(gateway.events.at(-1)).toMatchObject({ kind: 'login-failed', error: { code } });
    });

    it.each(['require', 'verify-ca', 'verify-full'])('%s: asks whatever was answered', async (mode) => {
      const openings: string[] = [];
      const tls = { mode: 'prefer', ca: 'none', name: 'db' };
      const gateway = await setUp(asked(openings, { answer: () => 'N' }), { upstream: { tls: () => tls } });
      await connect(gateway);
      tls.mode = mode;
      const { client, received } = await gateway.serveClient();
      client.write(startup);
      await told(received);
      expect(openings).toEqual(['ssl-request', 'ssl-request']);
    });
  });

  describe('a tunnel for one role', () => {
    /** What it reports is not what it answers: a pooler may have had it from another server. */
    const answering = (inRecovery: 't' | 'f', reported: 'on' | 'off') => async (server: Wire) => {
      await server.readOpening();
      server.write(Buffer.concat([message('S', `in_hot_standby\0${reported}`), hello()]));
      await server.readMessage(1_000);
      server.write(Buffer.concat([dataRow('7', 'off', inRecovery), readyForQuery]));
    };

    it.each([
      ['primary', 't', 'a replica'],
      ['replica', 'f', 'a primary'],
    ] as const)('%s: refuses a server that is none', async (serverRole, inRecovery, said) => {
      const { events, serveClient, attempts } = await setUp(
        answering(inRecovery, inRecovery === 't' ? 'off' : 'on'),
        { upstream: { serverRole } },
      );
      const { client, received } = await serveClient();
      client.write(startup);
      const error = await told(received);
      expect(error.sqlstate).toBe('57P03');
      expect(error.message).toBe(`postgres-0 is ${said}, and this tunnel is for the ${serverRole}`);
      expect(events).toMatchObject([{ kind: 'login-failed', error: { code: 'SP-DB-ROLE' } }]);
      expect(attempts()).toBe(1);
    });

    it.each([
      ['primary', 'f', false],
      ['replica', 't', true],
    ] as const)('%s: lets in where the server is one', async (serverRole, answer, inRecovery) => {
      const { events, serveClient } = await setUp(answering(answer, inRecovery ? 'off' : 'on'), {
        upstream: { serverRole },
      });
      const { client, received } = await serveClient();
      client.write(startup);
      await loggedIn(received);
      expect(events).toMatchObject([{ kind: 'login', inRecovery }]);
    });

    it('turns to the other pods of the target, and meets each once', async () => {
      const pods = ['a', 'b', 'c'];
      const servers = new Map([
        ['a', 't'],
        ['b', 't'],
        ['c', 'f'],
      ] as const);
      let at = 0;
      const avoided: string[] = [];
      const dial: Dial = async ({ head }) => {
        const [ours, theirs] = duplexPair();
        for (const stream of [ours, theirs]) stream.on('error', () => {});
        const uid = pods[at]!;
        const pod = { name: `postgres-${uid}`, uid };
        for (const bytes of head(pod)) ours.write(bytes);
        void answering(servers.get(uid as 'a')!, 'off')(new Wire(theirs));
        return {
          stream: ours,
          pod,
          served: () => {},
          failed: () => false,
          again: () => Promise.reject(new AppError('SP-POD-DELETED')),
        };
      };
      const onOtherRole = ({ uid }: { uid: string }) => {
        avoided.push(uid);
        at = (at + 1) % pods.length;
        return true;
      };
      const { events, serveClient } = await setUp(() => {}, {
        dial,
        upstream: { serverRole: 'primary', onOtherRole },
      });
      const found = await serveClient();
      found.client.write(startup);
      await loggedIn(found.received);
      expect(events).toMatchObject([{ kind: 'login', pod: { uid: 'c' } }]);
      expect(avoided).toEqual(['a', 'b']);
      pods.pop();
      at = 0;
      const none = await serveClient();
      none.client.write(startup);
      expect((await told(none.received)).message).toContain('postgres-a is a replica');
      expect(avoided).toEqual(['a', 'b', 'a', 'b']);
    });

    it('takes the word of a walsender, which answers no questions', async () => {
      const replicating = startupMessage(
        new Map([
          ['user', 'app'],
          ['replication', 'true'],
        ]),
      );
      const { events, serveClient } = await setUp(
        async (server, attempt) => {
          await server.readOpening();
          const reported = [[], [message('S', 'in_hot_standby\0on')], [message('S', 'in_hot_standby\0off')]];
          server.write(Buffer.concat([...reported[attempt - 1]!, hello()]));
        },
        { upstream: { serverRole: 'primary' }, replication: 'pass' },
      );
      for (const refused of [true, true, false]) {
        const { client, received } = await serveClient();
        client.write(replicating);
        if (refused) await told(received);
        else await loggedIn(received);
      }
      expect(events).toMatchObject([
        { kind: 'login-failed', error: { code: 'SP-DB-ROLE', details: { role: undefined } } },
        { kind: 'login-failed', error: { code: 'SP-DB-ROLE', details: { role: 'replica' } } },
        { kind: 'login' },
      ]);
    });
  });

  it.each([
    ['a pooler', -7, '53300', 'the database has no free connection: query_wait_timeout'],
    ['the database', 7, '08P01', 'query_wait_timeout'],
  ])('%s has no connection for a client that it let in', async (_who, processId, sqlstate, said) => {
    const { events, serveClient } = await setUp(async (server) => {
      await server.readOpening();
      server.write(hello(processId));
      await server.readMessage(1_000);
      server.write(refusal('08P01', 'query_wait_timeout'));
    });
    const { client, received } = await serveClient();
    client.write(startup);
    await loggedIn(received);
    client.write(message('Q', 'select 1'));
    const error = await told(received);
    expect(error).toMatchObject({ sqlstate, message: said });
    const refused = { kind: 'session-refused', user: 'app', error: { code: 'SP-DB-FULL' } };
    const login = { kind: 'login', pooler: sqlstate === '53300' };
    expect(events).toMatchObject(sqlstate === '53300' ? [login, refused] : [login]);
  });

  it('refuses replication by policy before it asks for the database', async () => {
    const { events, serveClient, attempts } = await setUp(() => {}, { replication: 'refuse' });
    const { client, received } = await serveClient();
    client.write(
      startupMessage(
        new Map([
          ['user', 'app'],
          ['replication', 'database'],
        ]),
      ),
    );
    const error = await told(received);
    expect(error.sqlstate).toBe('42501');
    expect(error.message).toContain('replication connections are refused');
    expect(events).toMatchObject([{ kind: 'login-failed', error: { code: 'SP-DB-POLICY' } }]);
    expect(attempts()).toBe(0);
  });
});

/** FunctionCallResponse. */
function callResult(text: string): Buffer {
  return message('V', int32(text.length), Buffer.from(text));
}

function dataRow(...values: readonly string[]): Buffer {
  const cells = values.flatMap((value) => [Buffer.from([0, 0, 0, value.length]), Buffer.from(value)]);
  return message('D', Buffer.from([0, values.length]), ...cells);
}

async function closed(client: Socket): Promise<void> {
  client.resume();
  if (!client.destroyed) await once(client, 'close').catch(() => {});
}
