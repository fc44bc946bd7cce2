import type { Socket } from 'node:net';
import fc from 'fast-check';
import { serialize } from 'pg-protocol';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.ts';
import { Secret } from '../base/secret.ts';
import { issueCertificates } from '../sandbox/certificates.ts';
import { type Greeting, greetClient, type LocalAccess } from './client-greeting.ts';
import { LocalTls } from './local-tls.ts';
import { makeVerifier, scram, scramKeys } from './scram.ts';
import { ScramClient } from './scram-client.ts';
import { readServerError } from './server-error.ts';
import { Received, socketPair } from './socket-pair.fixture.ts';

const verifier = await makeVerifier(new Secret('local'), { iterations: 1 });
const { server: issued } = issueCertificates(['localhost']);
const tls = new LocalTls({ chain: issued.cert, key: new Secret(issued.key) });

const access: LocalAccess = {
  user: 'app',
  password: () => ({ verifier, isExpired: false }),
  tls: () => undefined,
  hints: { password: 'ask', expired: 'renew' },
  mockSeed: Buffer.alloc(32, 1),
};

async function greeted(overrides: Partial<LocalAccess> & { passwordless?: boolean } = {}) {
  const { passwordless = false, ...rest } = overrides;
  const { client, server } = await socketPair();
  const greeting = greetClient(server, { ...access, ...rest }, { passwordless: async () => passwordless });
  // A test that does not wait for it must not fail by it.
  greeting.catch(() => {});
  return { client, received: new Received(client), greeting };
}

function startup(parameters: Record<string, string>, minor = 0): Buffer {
  const body = `${Object.entries(parameters)
    .map(([name, value]) => `${name}\0${value}\0`)
    .join('')}\0`;
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + Buffer.byteLength(body), 0);
  head.writeInt32BE((3 << 16) + minor, 4);
  return Buffer.concat([head, Buffer.from(body)]);
}

const request = (code: number) => Buffer.from([0, 0, 0, 8, 4, 210, 22, code]);
const sslRequest = request(47);
const gssRequest = request(48);

/** A client's half of the login, written by `write`; resolves with the server's last message. */
async function prove(password: string, received: Received, write: (bytes: Buffer) => void) {
  const { body } = await received.message();
  const offered = body.subarray(4).toString().split('\0').filter(Boolean);
  const keys = (parameters: { salt: Buffer; iterations: number }) =>
    scramKeys(new Secret(password), parameters);
  const exchange = ScramClient.choose({ offered, binding: undefined, encrypted: false, keys })!;
  write(serialize.sendSASLInitialResponseMessage(scram, exchange.initial));
  const challenge = (await received.message()).body.subarray(4).toString();
  write(serialize.sendSCRAMClientFinalMessage(await exchange.respond(challenge)));
  const last = await received.message();
  if (last.type === 'R') exchange.verify(last.body.subarray(4).toString());
  return { ...last, challenge };
}

const everyByte = (socket: Socket) => (bytes: Buffer) => {
  for (const byte of bytes) socket.write(Buffer.from([byte]));
};

describe('greetClient', () => {
  it('lets in who knows the password, whole or one byte at a time, and hands on what the client asked for', async () => {
    for (const slowly of [false, true]) {
      const { client, received, greeting } = await greeted();
      const write = slowly ? everyByte(client) : (bytes: Buffer) => void client.write(bytes);
      write(startup({ user: 'app', database: 'orders', application_name: 'psql', DateStyle: 'ISO' }));
      expect((await prove('local', received, write)).type).toBe('R');
      expect(await greeting).toMatchObject({
        kind: 'in',
        encrypted: false,
        startup: {
          user: 'app',
          database: 'orders',
          applicationName: 'psql',
          replication: false,
          minor: 0,
          settings: new Map([
            ['application_name', 'psql'],
            ['DateStyle', 'ISO'],
          ]),
        },
      });
    }
  });

  it('answers a wrong password, another name and no password alike', async () => {
    const told = async (user: string, password: string, overrides: Partial<LocalAccess> = {}) => {
      const { client, received, greeting } = await greeted(overrides);
      client.write(startup({ user }));
      const { type, body, challenge } = await prove(password, received, (bytes) => void client.write(bytes));
      expect(type).toBe('E');
      const outcome = (await greeting) as Extract<Greeting, { kind: 'denied' }>;
      const salt = /s=([^,]+),/.exec(challenge)?.[1];
      return { why: outcome.why, salt, error: readServerError(body) };
    };
    const wrong = await told('app', 'x');
    const unknown = await told('root', 'local');
    const none = await told('app', 'local', { password: () => undefined });
    expect([wrong.why, unknown.why, none.why]).toEqual(['wrong-password', 'unknown-role', 'no-password-set']);
    expect(wrong.error).toEqual({
      severity: 'FATAL',
      sqlstate: '28P01',
      message: 'password authentication failed for user "app"',
    });
    expect(unknown.error).toEqual({ ...wrong.error, message: wrong.error.message.replace('app', 'root') });
    expect(none.error).toEqual(wrong.error);
    expect(unknown.salt).toHaveLength(wrong.salt?.length ?? 0);
    expect((await told('root', 'local')).salt).toBe(unknown.salt);
  });

  it('asks nothing of a program that needs no password', async () => {
    const { client, greeting } = await greeted({ passwordless: true });
    client.write(startup({ user: 'app' }));
    expect(await greeting).toMatchObject({
      kind: 'in',
      proof: 'program',
      startup: { user: 'app', database: 'app' },
    });
  });

  it('tells such a program which role the tunnel has, and takes it for no other', async () => {
    const { client, received, greeting } = await greeted({ passwordless: true });
    client.write(startup({ user: 'root' }));
    expect(await greeting).toMatchObject({ kind: 'denied', why: 'unknown-role', user: 'root' });
    const { type, body } = await received.message();
    expect(type).toBe('E');
    expect(String(body)).toContain('role "root" is not the one of this tunnel\0HLog in as "app".');
  });

  it('says that a password has expired to who knows it, and to nobody else', async () => {
    const expired = { password: () => ({ verifier, isExpired: true }) };
    for (const [password, why, words] of [
      ['local', 'expired-password', 'Mthe password of this tunnel has expired\0Hrenew\0'],
      ['guessed', 'wrong-password', 'Mpassword authentication failed for user "app"\0'],
    ] as const) {
      const { client, received, greeting } = await greeted(expired);
      client.write(startup({ user: 'app' }));
      const { type, body } = await prove(password, received, (bytes) => void client.write(bytes));
      expect(type).toBe('E');
      expect(String(body)).toContain(words);
      expect(await greeting).toMatchObject({ kind: 'denied', why });
    }
  });

  it('says no to encryption that is not to be had, and goes on', async () => {
    const { client, received, greeting } = await greeted({ passwordless: true });
    client.write(gssRequest);
    expect(String(await received.bytes(1))).toBe('N');
    client.write(sslRequest);
    expect(String(await received.bytes(1))).toBe('N');
    client.write(startup({ user: 'app' }));
    expect(await greeting).toMatchObject({ kind: 'in' });
  });

  it.each([
    ['asking for encryption again and again', Buffer.concat([sslRequest, gssRequest, sslRequest]), {}],
    ['a ClientHello where there is no TLS', Buffer.from([0x16, 3, 1]), {}],
    [
      'bytes smuggled in before the handshake',
      Buffer.concat([sslRequest, startup({ user: 'app' })]),
      { tls: () => tls },
    ],
    ['no user', startup({ database: 'orders' }), {}],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'), {}],
  ])('denies %s, with words of the protocol', async (_what, bytes, overrides) => {
    const { client, received, greeting } = await greeted(overrides);
    client.write(bytes);
    const outcome = (await greeting) as Extract<Greeting, { kind: 'denied' }>;
    expect(outcome).toMatchObject({ kind: 'denied', why: 'protocol' });
    outcome.wire.stream.end();
    const told = (await received.rest()).toString('latin1').replace(/^N*/, '');
    expect(told).toMatch(/^E.{4}SFATAL\0VFATAL\0C(08P01|28000)\0M/s);
  });

  it('negotiates what a newer client asks for', async () => {
    const { client, received, greeting } = await greeted({ passwordless: true });
    client.write(startup({ user: 'app', '_pq_.future': '1' }, 9));
    const { type, body } = await received.message();
    expect(type).toBe('v');
    expect(body).toEqual(Buffer.from('\0\0\0\x02\0\0\0\x01_pq_.future\0'));
    expect(await greeting).toMatchObject({ kind: 'in', startup: { minor: 2, settings: new Map() } });
  });

  it.each([
    ['true', true],
    ['database', true],
    ['1', true],
    ['off', false],
    ['no', false],
  ])('reads replication=%s as the server does', async (replication, expected) => {
    const { client, greeting } = await greeted({ passwordless: true });
    client.write(startup({ user: 'app', replication }));
    expect(await greeting).toMatchObject({ startup: { replication: expected } });
  });

  it('hands on a CancelRequest', async () => {
    const { client, greeting } = await greeted();
    client.write(Buffer.from('\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\x07abcd', 'latin1'));
    expect(await greeting).toMatchObject({
      kind: 'cancel',
      cancel: { processId: 7, key: Buffer.from('abcd') },
    });
  });

  it('rejects when the client goes, or announces more than a login can need', async () => {
    const gone = await greeted();
    gone.client.end(startup({ user: 'app' }).subarray(0, 10));
    await expect(gone.greeting).rejects.toMatchObject({ code: 'SP-STREAM-RESET' });
    const large = await greeted();
    large.client.write(startup({ user: 'app' }));
    large.client.write(Buffer.from([0x70, 0, 1, 0, 0]));
    await expect(large.greeting).rejects.toMatchObject({ code: 'SP-DB-PROTOCOL' });
  });

  it('lets nobody in by random messages', async () => {
    const random = fc.tuple(fc.constantFrom('p', 'Q', 'X', '\0'), fc.uint8Array({ maxLength: 200 }));
    const hints = fc.constantFrom(
      serialize.sendSASLInitialResponseMessage(scram, 'n,,n=,r=abc'),
      serialize.sendSASLInitialResponseMessage('SCRAM-SHA-256-PLUS', 'p=tls-server-end-point,,n=,r=abc'),
      serialize.sendSCRAMClientFinalMessage(`c=biws,r=abc,p=${Buffer.alloc(32).toString('base64')}`),
      serialize.password('local'),
    );
    const message = fc.oneof(
      hints,
      random.map(([type, body]) => {
        const head = Buffer.alloc(5);
        head.write(type, 'latin1');
        head.writeInt32BE(4 + body.length, 1);
        return Buffer.concat([head, body]);
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 4 }), async (list) => {
        const { client, greeting } = await greeted();
        client.end(Buffer.concat([startup({ user: 'app' }), ...list]));
        const outcome = await greeting.then(
          ({ kind }) => kind,
          () => 'gone',
        );
        expect(['denied', 'gone']).toContain(outcome);
      }),
      fuzzed(200),
    );
  });
});
