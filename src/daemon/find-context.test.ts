import { createHash, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { AppError } from '../base/app-error.ts';
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

type UidOf = (context: string) => Promise<string | undefined>;

const find = (
  cluster: Profile['cluster'],
  current = '',
  uids: Record<string, string> = {},
  uidOf: UidOf = async (context) => uids[context],
) =>
  findContext({
    cluster,
    kubeconfig: async () => parseKubeconfig('/home/dev/.kube/config', text(current)),
    source: 'team',
    name: 'orders-db',
    uidOf,
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

  it('says what kept it from asking, rather than that no context leads there', async () => {
    const unreachable = new AppError('SP-API-UNREACHABLE', { server: 'https://prod.example.com' });
    const login = new AppError('SP-LOGIN-REQUIRED');
    const uidOf: UidOf = async (context) => {
      if (context === 'stage') throw login;
      throw unreachable;
    };
    await expect(find({ uid: 'u1' }, '', {}, uidOf)).rejects.toBe(unreachable);
    await expect(find({ uid: 'u1' }, 'stage', {}, uidOf)).rejects.toBe(login);
    // One that answers, and is another cluster, does not make the others known.
    const other: UidOf = async (context) => (context === 'stage' ? 'u2' : Promise.reject(unreachable));
    await expect(find({ uid: 'u1' }, 'stage', {}, other)).rejects.toBe(unreachable);
    expect(await find({ uid: 'u2' }, 'prod-dev', {}, other)).toBe('stage');
  });

  it('uses no credentials but the current ones where those do, and each only once', async () => {
    const asked: string[] = [];
    const uidOf: UidOf = async (context) => {
      asked.push(context);
      return context === 'stage' ? 'u2' : 'u1';
    };
    expect(await find({ uid: 'u2' }, 'stage', {}, uidOf)).toBe('stage');
    expect(asked.splice(0)).toEqual(['stage']);
    expect(await find({ uid: 'u2' }, 'prod-other', {}, uidOf)).toBe('stage');
    expect(asked).toEqual(['prod-other', 'prod-admin', 'stage']);
  });

  it('asks at most four clusters at once', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `c${index}`);
    const config = JSON.stringify({
      clusters: names.map((name) => ({ name, cluster: { server: `https://${name}.example.com` } })),
      users: [{ name: 'dev', user: { token: 'x' } }],
      contexts: names.map((name) => ({ name, context: { cluster: name, user: 'dev' } })),
    });
    let [now, most] = [0, 0];
    const uidOf: UidOf = async (context) => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
      return context;
    };
    const kubeconfig = async () => parseKubeconfig('/home/dev/.kube/config', config);
    const given = { kubeconfig, source: 'team', name: 'orders-db', uidOf };
    expect(await findContext({ ...given, cluster: { uid: 'c19' } })).toBe('c19');
    expect(most).toBe(4);
  });
});
