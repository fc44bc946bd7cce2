import { once } from 'node:events';
import { connect, createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import {
  authorityExtensions,
  distinguishedName,
  leafExtensions,
  newKeyPair,
  permittedNames,
  signCertificate,
  subjectAltName,
} from './certificate.ts';

const hourMs = 3_600_000;
const valid = () => ({ fromMs: Date.now() - hourMs, untilMs: Date.now() + hourMs });

/** A client's handshake with a certificate for `name` by an authority that may sign for localhost, 127.0.0.0/9 and ::1 alone. */
async function handshake(name: string): Promise<void> {
  const authority = newKeyPair();
  const issuer = distinguishedName('authority');
  const networks = [
    { address: '127.0.0.0', prefixBits: 9 },
    { address: '::1', prefixBits: 128 },
  ];
  const ca = signCertificate({
    subject: issuer,
    issuer,
    key: authority.publicKey,
    signer: authority,
    ...valid(),
    extensions: [...authorityExtensions(), permittedNames({ dns: ['localhost'], networks })],
  });
  const leaf = newKeyPair();
  const cert = signCertificate({
    subject: distinguishedName('leaf'),
    issuer,
    key: leaf.publicKey,
    signer: authority,
    ...valid(),
    extensions: [...leafExtensions('server'), subjectAltName([name])],
  });
  const server = createServer({ cert, key: leaf.privateKey.export({ type: 'pkcs8', format: 'pem' }) });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const socket = connect({ port, host: '127.0.0.1', ca, checkServerIdentity: () => undefined });
  try {
    await once(socket, 'secureConnect');
  } finally {
    socket.destroy();
    server.close();
    await once(server, 'close');
  }
}

describe('permittedNames', () => {
  it.each(['localhost', 'db.localhost', '127.0.0.1', '127.127.255.255', '::1'])(
    'lets it sign for %s',
    (name) => handshake(name),
  );

  it.each(['example.com', 'notlocalhost', '127.128.0.1', '10.0.0.1', '::2', 'fe80::1'])(
    'and not for %s',
    async (name) => {
      await expect(handshake(name)).rejects.toThrow('permitted subtree violation');
    },
  );
});
