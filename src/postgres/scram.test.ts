import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.ts';
import { Secret } from '../base/secret.ts';
import { makeVerifier, mockVerifier, scram, scramKeys, scramPlus, serverEndPoint } from './scram.ts';
import { ScramClient } from './scram-client.ts';
import { ScramServer, type ScramServerOptions } from './scram-server.ts';

/** RFC 7677, section 3. PostgreSQL's own name in the first message is empty, so that the server's half alone can follow it to the letter. */
const rfc = {
  password: new Secret('pencil'),
  clientNonce: 'rOprNGfwEbeRWgbNEkqO',
  serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  salt: Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'),
  clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  clientFinal:
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
};

const verifier = await makeVerifier(rfc.password, { salt: rfc.salt });
const otherVerifier = await makeVerifier(new Secret('pen'), { salt: rfc.salt });
const server = (options: Partial<ScramServerOptions> = {}) =>
  new ScramServer({ verifier, mechanism: scram, binding: undefined, ...options });
const binding = Buffer.from('hash of the certificate');

function client(options: Partial<Parameters<typeof ScramClient.choose>[0]> = {}): ScramClient {
  const chosen = ScramClient.choose({
    offered: [scram],
    binding: undefined,
    encrypted: false,
    keys: (parameters) => scramKeys(rfc.password, parameters),
    ...options,
  });
  if (!chosen) throw new Error('nothing was chosen');
  return chosen;
}

describe('the server', () => {
  it('speaks the example of RFC 7677', () => {
    const exchange = server({ nonce: rfc.serverNonce });
    expect(exchange.first(rfc.clientFirst)).toBe(rfc.serverFirst);
    expect(exchange.final(rfc.clientFinal)).toEqual({ kind: 'accepted', final: rfc.serverFinal });
  });

  it.each([
    ['another password', otherVerifier],
    ['a name that is not there', mockVerifier(Buffer.alloc(32), 'user')],
  ])('refuses %s as a wrong password', (_what, other) => {
    const exchange = server({ verifier: { ...other, salt: rfc.salt }, nonce: rfc.serverNonce });
    exchange.first(rfc.clientFirst);
    expect(exchange.final(rfc.clientFinal)).toEqual({ kind: 'wrong-password' });
  });

  it('accepts no proof in which any one character differs', () => {
    for (let at = 0; at < rfc.clientFinal.length; at++) {
      const exchange = server({ nonce: rfc.serverNonce });
      exchange.first(rfc.clientFirst);
      const changed = rfc.clientFinal[at] === 'A' ? 'B' : 'A';
      const text = rfc.clientFinal.slice(0, at) + changed + rfc.clientFinal.slice(at + 1);
      expect(exchange.final(text).kind, text).not.toBe('accepted');
    }
  });

  it.each([
    'n,a=somebody,n=user,r=abc',
    'p=tls-server-end-point,,n=user,r=abc',
    'p=tls-unique,,n=user,r=abc',
    'n,,m=ext,n=user,r=abc',
    'n,,n=user,r=',
    'n,,n=user',
    'n,,r=abc,n=user',
    'x,,n=user,r=abc',
    '',
  ])('refuses the beginning %j', (text) => {
    expect(server().first(text)).toBeUndefined();
  });

  it('refuses a client that was led to believe that there is no channel binding', () => {
    expect(server({ binding }).first('y,,n=,r=abc')).toBeUndefined();
    expect(server().first('y,,n=,r=abc')).toBeDefined();
  });

  it('accepts nothing before its beginning, and no random text at all', () => {
    expect(server().final(rfc.clientFinal)).toEqual({ kind: 'malformed' });
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.string({ maxLength: 200 }), (first, final) => {
        const exchange = server({ nonce: rfc.serverNonce });
        exchange.first(first);
        expect(exchange.final(final).kind).toBe('malformed');
      }),
      fuzzed(2_000),
    );
  });

  it('invents the same salt for the same name, and another for another', () => {
    const seed = Buffer.alloc(32, 7);
    expect(mockVerifier(seed, 'a').salt).toEqual(mockVerifier(seed, 'a').salt);
    expect(mockVerifier(seed, 'a').salt).not.toEqual(mockVerifier(seed, 'b').salt);
    expect(mockVerifier(Buffer.alloc(32, 8), 'a').salt).not.toEqual(mockVerifier(seed, 'a').salt);
    expect(mockVerifier(seed, 'a').salt).toHaveLength(verifier.salt.length);
    expect(mockVerifier(seed, 'a').iterations).toBe(verifier.iterations);
  });
});

describe('the client', () => {
  async function converse(ours: ScramClient, theirs: ScramServer) {
    const challenge = theirs.first(ours.initial);
    if (challenge === undefined) return 'refused at once';
    const verdict = theirs.final(await ours.respond(challenge));
    if (verdict.kind === 'accepted') ours.verify(verdict.final);
    return verdict.kind;
  }

  it('convinces a server, and is convinced', async () => {
    expect(await converse(client(), server())).toBe('accepted');
  });

  it('binds the channel where both can', async () => {
    const ours = client({ offered: [scramPlus, scram], binding, encrypted: true });
    expect(ours.mechanism).toBe(scramPlus);
    expect(await converse(ours, server({ mechanism: scramPlus, binding }))).toBe('accepted');
  });

  it('is refused where somebody in between has another certificate', async () => {
    const ours = client({ offered: [scramPlus, scram], binding, encrypted: true });
    const theirs = server({ mechanism: scramPlus, binding: Buffer.from('another hash') });
    expect(await converse(ours, theirs)).toBe('malformed');
  });

  it('is refused where somebody in between has taken the offer away', async () => {
    expect(await converse(client({ binding, encrypted: true }), server({ binding }))).toBe('refused at once');
  });

  it('says nothing of a binding that it does not know', async () => {
    const ours = client({ offered: [scramPlus, scram], encrypted: true });
    expect(await converse(ours, server({ binding }))).toBe('accepted');
  });

  it.each([
    ['another nonce', 'r=other,s=c2FsdA==,i=4096'],
    ['no nonce of its own', 'r=NONCE,s=c2FsdA==,i=4096'],
    ['no salt', 'r=NONCEx,s=,i=4096'],
    ['a salt that is no base64', 'r=NONCEx,s=!,i=4096'],
    ['no iterations', 'r=NONCEx,s=c2FsdA==,i=0'],
    ['work for minutes', 'r=NONCEx,s=c2FsdA==,i=4294967295'],
    ['an error', 'e=other-error'],
    ['nothing', ''],
  ])('refuses a server that says %s', async (_what, text) => {
    const ours = client({ nonce: 'NONCE' });
    await expect(ours.respond(text)).rejects.toMatchObject({ code: 'SP-DB-PROTOCOL' });
  });

  it('refuses a server that does not know the password', async () => {
    const ours = client();
    await ours.respond(`r=${ours.initial.split('r=')[1]}x,s=c2FsdA==,i=4096`);
    expect(() => ours.verify(rfc.serverFinal)).toThrow('cannot prove');
    expect(() => ours.verify('v=')).toThrow('cannot prove');
    expect(() => client().verify(rfc.serverFinal)).toThrow('cannot prove');
  });

  it('refuses random challenges, whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 100 }), async (text) => {
        await expect(client().respond(text)).rejects.toMatchObject({ code: 'SP-DB-PROTOCOL' });
      }),
      fuzzed(500),
    );
  });
});

describe('passwords', () => {
  const salt = Buffer.from('salt');
  const keysOf = (password: string) => scramKeys(new Secret(password), { salt, iterations: 1 });

  it('are prepared as PostgreSQL does it: normalized, or as they are where that is forbidden', async () => {
    expect(await keysOf('I\u00adX')).toEqual(await keysOf('IX'));
    expect(await keysOf('\u2168')).toEqual(await keysOf('IX'));
    expect(await keysOf('\u0007ä')).not.toEqual(await keysOf('ä'));
  });
});

it('binds by the hash of the signature, SHA-256 in place of weaker ones', () => {
  const certificate = (signatureAlgorithm: string | undefined) =>
    serverEndPoint({ signatureAlgorithm, raw: Buffer.from('raw') } as Parameters<typeof serverEndPoint>[0])
      ?.length;
  expect(certificate('ecdsa-with-SHA256')).toBe(32);
  expect(certificate('sha384WithRSAEncryption')).toBe(48);
  expect(certificate('RSA-SHA512')).toBe(64);
  expect(certificate('sha1WithRSAEncryption')).toBe(32);
  expect(certificate('md5WithRSAEncryption')).toBe(32);
  expect(certificate('ED25519')).toBeUndefined();
  expect(certificate(undefined)).toBeUndefined();
});
