import { describe, expect, it } from 'vitest';
import {
  base64,
  certificates,
  connectTo,
  startLoopbackApi,
  switching,
} from '../../test/support/loopback-api.ts';
import { createLog } from '../base/log.ts';
import { issueCertificates } from '../sandbox/certificates.ts';

const alice = certificates.issueClient({ user: 'alice' });
const aliceData = { 'client-certificate-data': base64(alice.cert), 'client-key-data': base64(alice.key) };

describe('TLS', () => {
  it('refuses a server of another authority and a server of another name', async () => {
    const server = await startLoopbackApi();
    const other = base64(issueCertificates(['127.0.0.1']).ca);
    const stranger = await connectTo(
      await server.kubeconfig({ cluster: { 'certificate-authority-data': other } }),
    );
    await expect(stranger.request({ path: '/' })).rejects.toMatchObject({ code: 'SP-API-TLS' });
    const renamed = await connectTo(
      await server.kubeconfig({ cluster: { 'tls-server-name': 'other.test' } }),
    );
    await expect(renamed.request({ path: '/' })).rejects.toMatchObject({ code: 'SP-API-TLS' });
    expect(server.seen).toEqual([]);
  });

  it('verifies tls-server-name in place of the host', async () => {
    const server = await startLoopbackApi();
    const api = await connectTo(await server.kubeconfig({ cluster: { 'tls-server-name': 'api.test' } }));
    await api.request({ path: '/' });
    expect(server.seen).toHaveLength(1);
  });

  it('says aloud that a certificate is not verified, and refuses that together with an authority', async () => {
    const server = await startLoopbackApi();
    const lines: string[] = [];
    const unverified = { 'insecure-skip-tls-verify': true, 'certificate-authority-data': '' };
    const api = await connectTo(await server.kubeconfig({ cluster: unverified }), {
      log: createLog('warn', (line) => lines.push(line)),
    });
    await api.request({ path: '/' });
    await api.request({ path: '/' });
    expect(api.warnings).toEqual([
      `the certificate of ${server.url} is not verified (insecure-skip-tls-verify)`,
    ]);
    expect(lines).toHaveLength(1);
    const both = await server.kubeconfig({ cluster: { 'insecure-skip-tls-verify': true } });
    await expect(connectTo(both)).rejects.toMatchObject({ code: 'SP-KUBECONFIG-INVALID' });
  });

  it('keeps connections, and resumes TLS sessions on new ones', async () => {
    const server = await startLoopbackApi({ onUpgrade: (_request, socket) => socket.write(switching('a')) });
    const api = await connectTo(await server.kubeconfig({ user: aliceData }));
    await api.request({ path: '/1' });
    await api.request({ path: '/2' });
    const first = await api.upgrade({ path: '/3', headers: { Upgrade: 'a' }, timeoutMs: 5000 });
    const second = await api.upgrade({ path: '/4', headers: { Upgrade: 'a' }, timeoutMs: 5000 });
    first.socket.destroy();
    second.socket.destroy();
    // The upgrade takes the idle connection over; only then another is needed.
    expect(server.seen.map(({ connection }) => connection)).toEqual([1, 1, 1, 2]);
    expect(server.seen.map(({ resumed }) => resumed)).toEqual([false, false, false, true]);
  });
});
