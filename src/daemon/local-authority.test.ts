import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { AppError } from '../base/app-error.ts';
import { silentLog } from '../base/log.ts';
import type { LocalTls } from '../postgres/local-tls.ts';
import { MemoryKeychain } from '../secret/memory-keychain.ts';
import { LocalAuthority } from './local-authority.ts';

const dayMs = 86_400_000;
let folder: string;
let file: string;
let keychain: MemoryKeychain;
let clock: FakeClock;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-authority-'));
  file = join(folder, 'local-ca.crt');
  keychain = new MemoryKeychain();
  clock = new FakeClock();
  // The runtime judges certificates by the time that it is.
  clock.advance(Date.now() - clock.wallMs());
});
afterEach(() => rm(folder, { recursive: true }));

const open = () => new LocalAuthority({ keychain, file, clock, log: silentLog });

/** A handshake over loopback: the client's side of it. Rejects with what it finds wrong. */
async function handshake(tls: LocalTls, options: ConnectionOptions): Promise<TLSSocket> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    void tls.accept(socket, { direct: false }).catch(() => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const socket = connectTls({ socket: connect(port, '127.0.0.1'), ...options });
  onTestFinished(() => {
    socket.destroy();
    server.close();
  });
  await once(socket, 'secureConnect');
  return socket;
}

const leafOf = (socket: TLSSocket) => socket.getPeerX509Certificate()!;

describe('LocalAuthority', () => {
  it('certifies localhost, its addresses and that of a tunnel, so that a client can verify them in full', async () => {
    const authority = open();
    const { certificate: ca } = await authority.get();
    const tls = await authority.tlsOf(['127.0.0.9', '0.0.0.0']);
    for (const host of ['localhost', '127.0.0.1', '::1', '127.0.0.9']) {
      const socket = await handshake(tls, { ca, host });
      expect(socket.authorized).toBe(true);
    }
    await expect(handshake(tls, { ca, host: '127.0.0.10' })).rejects.toThrow(/127\.0\.0\.10/);
    expect(leafOf(await handshake(tls, { ca, host: 'localhost' })).subjectAltName).not.toContain('0.0.0.0');
  });

  it('is found again by another daemon, with its certificate for its user alone', async () => {
    const first = await open().get();
    expect(await readFile(file, 'utf8')).toBe(first.certificate);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const again = open();
    expect((await again.get()).certificate).toBe(first.certificate);
    await handshake(await again.tlsOf([]), { ca: first.certificate, host: 'localhost' });
  });

  it('gives a lost certificate anew by the same key, so that who trusts the old one is served', async () => {
    const { certificate: ca } = await open().get();
    for (const text of [
      '',
      'nonsense',
      (
        await new LocalAuthority({
          keychain: new MemoryKeychain(),
          file: join(folder, 'other'),
          clock,
          log: silentLog,
        }).get()
      ).certificate,
    ]) {
      await writeFile(file, text);
      const again = open();
      const { certificate } = await again.get();
      expect(new X509Certificate(certificate).publicKey.equals(new X509Certificate(ca).publicKey)).toBe(true);
      await handshake(await again.tlsOf([]), { ca, host: 'localhost' });
    }
  });

  it('renews what it certifies before it ends, and itself a year before', async () => {
    const authority = open();
    const { certificate, validUntilMs } = await authority.get();
    const first = await authority.tlsOf([]);
    expect(await authority.tlsOf([])).toBe(first);
    clock.advance(3 * dayMs);
    expect(await authority.tlsOf([])).toBe(first);
    clock.advance(dayMs);
    const second = await authority.tlsOf([]);
    expect(second).not.toBe(first);
    const leaf = leafOf(await handshake(second, { ca: certificate, rejectUnauthorized: false }));
    expect(leaf.validToDate.getTime()).toBeCloseTo(clock.wallMs() + 7 * dayMs, -4);
    clock.advance(validUntilMs - clock.wallMs() - 366 * dayMs);
    expect((await authority.get()).certificate).toBe(certificate);
    clock.advance(2 * dayMs);
    const renewed = await authority.get();
    expect(renewed.validUntilMs).toBeGreaterThan(validUntilMs + 8 * 365 * dayMs);
    expect(await readFile(file, 'utf8')).toBe(renewed.certificate);
    expect(new X509Certificate(renewed.certificate).publicKey).toEqual(
      new X509Certificate(certificate).publicKey,
    );
  });

  it('asks a keychain again that was locked, and makes one however many ask', async () => {
    const get = keychain.get.bind(keychain);
    let isLocked = true;
    keychain.get = async (entry) => {
      if (isLocked) throw new AppError('SP-PASSPHRASE-REQUIRED');
      return get(entry);
    };
    const authority = open();
    await expect(authority.tlsOf([])).rejects.toMatchObject({ code: 'SP-PASSPHRASE-REQUIRED' });
    isLocked = false;
    const all = await Promise.all([authority.get(), authority.get(), authority.get()]);
    expect(new Set(all.map(({ certificate }) => certificate)).size).toBe(1);
  });
});
