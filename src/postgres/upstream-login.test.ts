import { type Duplex, duplexPair } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.ts';
import { Secret } from '../base/secret.ts';
import {
  authenticationOk,
  authenticationSasl,
  authenticationSaslFinal,
  backendKeyData,
  errorResponse,
  int32,
  message,
  readyForQuery,
} from './message.ts';
import { makeVerifier, scram } from './scram.ts';
import { ScramKeyCache } from './scram-key-cache.ts';
import { ScramServer } from './scram-server.ts';
import { type LoginOptions, logIn } from './upstream-login.ts';
import { Wire } from './wire.ts';

const password = new Secret('real');
const verifier = await makeVerifier(password, { iterations: 1 });
const authentication = (code: number, ...rest: Buffer[]) => message('R', int32(code), ...rest);

function begin(options: Partial<LoginOptions> = {}, { verified = false } = {}) {
  const [ours, theirs] = duplexPair();
  for (const stream of [ours, theirs]) stream.on('error', () => {});
  const login = logIn({
    secured: { stream: ours, ahead: Buffer.alloc(0), encrypted: verified, verified, binding: undefined },
    user: 'app',
    password,
    passwordPolicy: 'any-hashed',
    keyCache: new ScramKeyCache(),
    pod: 'postgres-0',
    ...options,
  });
  login.catch(() => {});
  return { login, server: theirs };
}

/** A server that knows the password, up to its proof. */
async function scramServer(server: Duplex): Promise<{ wire: Wire; final: string }> {
  const wire = new Wire(server);
  wire.write(authenticationSasl([scram]));
  const exchange = new ScramServer({ verifier, mechanism: scram, binding: undefined });
  const { body } = await wire.readMessage(1_000);
  const first = body.toString('utf8', body.indexOf(0) + 5);
  wire.write(authentication(11, Buffer.from(exchange.first(first) ?? '')));
  const verdict = exchange.final((await wire.readMessage(1_000)).body.toString());
  if (verdict.kind !== 'accepted') throw new Error(verdict.kind);
  return { wire, final: verdict.final };
}

describe('logIn', () => {
  it('proves that it knows the password, has the server prove it too, and keeps what it says', async () => {
    const { login, server } = begin();
    const { wire, final } = await scramServer(server);
    const status = message('S', 'server_version', '18.4');
    const notice = message('N', 'SNOTICE', 'Mhello', '');
    const key = { processId: 7, key: Buffer.alloc(32, 1) };
    const hello = [authenticationSaslFinal(final), authenticationOk, status, notice, backendKeyData(key)];
    for (const byte of Buffer.concat([...hello, readyForQuery, Buffer.from('ahead')]))
      wire.stream.write(Buffer.from([byte]));
    expect(await login).toMatchObject({
      kind: 'in',
      method: 'scram-sha-256',
      greeting: Buffer.concat([status, notice]),
      parameters: new Map([['server_version', '18.4']]),
      cancelKey: key,
    });
  });

  it('sends a question in one write with its proof, before the server has said a word about that', async () => {
    const question = message('Q', 'SELECT 1');
    const { server } = begin({ question });
    const chunks: Buffer[] = [];
    server.on('data', (chunk: Buffer) => chunks.push(chunk));
    await scramServer(server);
    expect(chunks).toHaveLength(2);
    expect(String.fromCharCode(chunks[1]![0]!)).toBe('p');
    expect(chunks[1]!.subarray(1 + chunks[1]!.readUInt32BE(1))).toEqual(question);
  });

  it.each([
    ['is asked for nothing', []],
    ['is asked for an md5', [authentication(5, Buffer.alloc(4))]],
  ])('sends the question once where it %s', async (_, asked) => {
    const question = message('Q', 'SELECT 1');
    const { login, server } = begin({ question });
    const sent: Buffer[] = [];
    server.on('data', (chunk: Buffer) => sent.push(chunk));
    server.write(Buffer.concat([...asked, authenticationOk, readyForQuery]));
    expect(await login).toMatchObject({ kind: 'in' });
    const text = Buffer.concat(sent).toString('latin1');
    expect(text.split('SELECT 1')).toHaveLength(2);
    expect(text.endsWith(question.toString('latin1'))).toBe(true);
  });

  it('hands on a refusal as it came', async () => {
    const raw = errorResponse({ severity: 'FATAL', sqlstate: '28P01', message: 'no', hint: 'none' });
    for (const before of [Buffer.alloc(0), authenticationSasl([scram])]) {
      const { login, server } = begin();
      server.end(Buffer.concat([before, raw]));
      expect(await login).toMatchObject({
        kind: 'refused',
        raw,
        error: { sqlstate: '28P01', message: 'no' },
      });
    }
  });

  it.each([
    [
      'lets us in without its proof',
      async (server: Duplex) => {
        const { wire } = await scramServer(server);
        wire.write(Buffer.concat([authenticationOk, readyForQuery]));
      },
    ],
    [
      'has a false proof',
      async (server: Duplex) => {
        const { wire } = await scramServer(server);
        wire.write(authenticationSaslFinal(`v=${Buffer.alloc(32).toString('base64')}`));
      },
    ],
    ['is ready before it has let us in', async (server: Duplex) => void server.write(readyForQuery)],
    [
      'asks twice',
      async (server: Duplex) =>
        void server.write(
          Buffer.concat([authentication(5, Buffer.alloc(4)), authentication(5, Buffer.alloc(4))]),
        ),
    ],
    [
      'goes on with SCRAM that was not begun',
      async (server: Duplex) => void server.write(authentication(11)),
    ],
    ['sends rows', async (server: Duplex) => void server.write(message('D', Buffer.alloc(2)))],
    [
      'announces a message of a gigabyte',
      async (server: Duplex) => void server.write(Buffer.from('S\x3f\xff\xff\xff', 'latin1')),
    ],
    [
      'talks without end',
      async (server: Duplex) =>
        void server.write(
          Buffer.concat([authenticationOk, ...Array(200).fill(message('S', 'a', 'b'.repeat(1_000)))]),
        ),
    ],
  ])('gives up on a server that %s', async (_what, act) => {
    const { login, server } = begin();
    await act(server);
    await expect(login).rejects.toMatchObject({ code: 'SP-DB-PROTOCOL' });
  });

  it('sends the password in the clear only where the server is verified', async () => {
    const unverified = begin();
    unverified.server.write(authentication(3));
    await expect(unverified.login).rejects.toMatchObject({ code: 'SP-DB-AUTH-UNSUPPORTED' });
    expect(unverified.server.read()).toBeNull();
    const verified = begin({}, { verified: true });
    verified.server.write(authentication(3));
    expect((await new Wire(verified.server).readMessage(100)).body.toString()).toBe('real\0');
  });

  it('sends an md5 hash unless the profile is of others', async () => {
    const own = begin();
    own.server.write(authentication(5, Buffer.from([1, 2, 3, 4])));
    expect((await new Wire(own.server).readMessage(100)).body.toString()).toMatch(/^md5[0-9a-f]{32}\0$/);
    const shared = begin({ passwordPolicy: 'scram-or-verified-tls' });
    shared.server.write(authentication(5, Buffer.alloc(4)));
    await expect(shared.login).rejects.toMatchObject({ code: 'SP-DB-AUTH-UNSUPPORTED' });
  });

  it.each([
    [7, 'GSSAPI'],
    [9, 'SSPI'],
    [99, 'authentication 99'],
  ])('names a method that it does not know: %d', async (code, method) => {
    const { login, server } = begin();
    server.write(authentication(code));
    await expect(login).rejects.toMatchObject({ code: 'SP-DB-AUTH-UNSUPPORTED', details: { method } });
  });

  it('says that there is no password where one is asked for', async () => {
    const { login, server } = begin({ password: undefined });
    server.write(authenticationSasl([scram]));
    await expect(login).rejects.toMatchObject({ code: 'SP-DB-NO-CREDENTIALS' });
  });

  it('ends with every server of random bytes, and never believes to be in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        const { login, server } = begin();
        server.end(Buffer.from(bytes));
        const outcome = await login.then(
          ({ kind }) => kind,
          () => 'failed',
        );
        expect(outcome).not.toBe('in');
      }),
      fuzzed(500),
    );
  });
});
