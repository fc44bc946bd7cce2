import { createHash, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Profile } from '../contract/profile.ts';
import { parseKubeconfig } from '../kube/kubeconfig-file.ts';
import { issueCertificates } from '../sandbox/certificates.ts';
import { findContext } from './find-context.ts';

const { ca } = issueCertificates(['127.0.0.1']);
const fingerprint = createHash('sha256').update(new X509Certificate(ca).raw).digest('hex');

const text = (current: string) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': current,
    clusters: [
      {
        name: 'prod',
        cluster: { server: 'https://prod.example.com:443/', 'certificate-authority-data': btoa(ca) },
      },
      { name: 'stage', cluster: { server: 'https://stage.example.com' } },
    ],
    users: [
      { name: 'dev', user: { token: 'x' } },
      { name: 'admin', user: { token: 'y' } },
    ],
    contexts: [
      { name: 'prod-dev', context: { cluster: 'prod', user: 'dev' } },
      { name: 'prod-other', context: { cluster: 'prod', user: 'dev', namespace: 'other' } },
      { name: 'prod-admin', context: { cluster: 'prod', user: 'admin' } },
      { name: 'stage', context: { cluster: 'stage', user: 'dev' } },
    ],
  });

const find = (cluster: Profile['cluster'], current = '', uids: Record<string, string> = {}) =>
  findContext({
    cluster,
    kubeconfig: async () => parseKubeconfig('/home/dev/.kube/config', text(current)),
    source: 'team',
    name: 'orders-db',
    uidOf: async (context) => uids[context],
  });

describe('findContext', () => {
  it.each<[string, Profile['cluster'], string]>([
    ['a name', { context: 'prod-admin' }, 'prod-admin'],
    ['a server', { server: 'https://STAGE.example.com:443' }, 'stage'],
    ['a server and a name', { server: 'https://prod.example.com', context: 'prod-dev' }, 'prod-dev'],
  ])('by %s', async (_name, cluster, context) => expect(await find(cluster)).toBe(context));

  it('takes the current context where it fits', async () => {
    expect(await find({ server: 'https://prod.example.com' }, 'prod-admin')).toBe('prod-admin');
    const colons = fingerprint.toUpperCase().replace(/..(?!$)/g, '$&:');
    expect(await find({ caFingerprint: colons }, 'prod-other')).toBe('prod-other');
  });

  it('asks which user, rather than to choose one', async () => {
    await expect(find({ server: 'https://prod.example.com' }, 'stage')).rejects.toMatchObject({
      code: 'SP-CLUSTER-AMBIGUOUS',
      details: { contexts: 'prod-dev, prod-other, prod-admin', source: 'team', name: 'orders-db' },
    });
  });

  it('takes any of several that lead to one server as one user', async () => {
    const uids = { 'prod-dev': 'u1', 'prod-other': 'u1' };
    expect(await find({ uid: 'u1' }, 'stage', uids)).toBe('prod-dev');
  });

  it('goes nowhere where not all fits', async () => {
    for (const cluster of [
      { server: 'https://prod.example.com', context: 'stage' },
      { server: 'https://prod.example.com.evil.example' },
      { caFingerprint: '0'.repeat(64) },
      { uid: 'u1' },
    ]) {
      await expect(find(cluster, 'prod-dev')).rejects.toMatchObject({ code: 'SP-CLUSTER-UNKNOWN' });
    }
  });
});
