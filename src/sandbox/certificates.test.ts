import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { issueCertificates } from './certificates.ts';

test('the server certificate is signed by the authority and names each address', () => {
  const { ca, server } = issueCertificates(['localhost', '127.0.0.1', '::1', 'api.example']);
  const authority = new X509Certificate(ca);
  const certificate = new X509Certificate(server.cert);
  expect(authority.ca).toBe(true);
  expect(certificate.ca).toBe(false);
  expect(certificate.verify(authority.publicKey)).toBe(true);
  expect(certificate.checkIssued(authority)).toBe(true);
  expect(certificate.checkHost('api.example')).toBe('api.example');
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(certificate.checkIP('::1')).toBe('::1');
  expect(certificate.checkHost('other.example')).toBeUndefined();
});

test('a client certificate carries user and groups, and expires when asked to', () => {
  const { issueClient } = issueCertificates(['localhost']);
  const subject = new X509Certificate(issueClient({ user: 'dev', groups: ['a', 'b'] }).cert).subject;
  expect(subject.split('\n')).toEqual(['O=a', 'O=b', 'CN=dev']);
  const expired = new X509Certificate(issueClient({ user: 'dev', validMs: -1 }).cert);
  expect(expired.validToDate.getTime()).toBeLessThan(Date.now());
});

test('TLS accepts the certificates of both sides, and no other authority', async () => {
  const { ca, server, issueClient } = issueCertificates(['localhost']);
  const listener = createServer({ ...server, ca, requestCert: true, rejectUnauthorized: false });
  const authorized: boolean[] = [];
  listener.on('secureConnection', (socket: TLSSocket) => {
    authorized.push(socket.authorized);
    socket.end();
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as { port: number };
  const stranger = issueCertificates(['localhost']);
  for (const client of [issueClient({ user: 'dev' }), stranger.issueClient({ user: 'dev' })]) {
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca, ...client });
    await once(socket.resume(), 'close');
  }
  const refused = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: stranger.ca });
  await expect(once(refused, 'secureConnect')).rejects.toThrow(/certificate|signature/);
  listener.close();
  await once(listener, 'close');
  expect(authorized.slice(0, 2)).toEqual([true, false]);
});
