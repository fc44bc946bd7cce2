import { createHash, X509Certificate } from 'node:crypto';
import { expect, it } from 'vitest';
import { parseKubeconfig } from '../kube/kubeconfig-file.ts';
import { issueCertificates } from '../sandbox/certificates.ts';
import { nameCluster } from './name-cluster.ts';

const { ca } = issueCertificates(['127.0.0.1']);
const caFingerprint = createHash('sha256').update(new X509Certificate(ca).raw).digest('hex');

const config = parseKubeconfig(
  '/home/dev/.kube/config',
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'prod',
        cluster: { server: 'https://prod.example.com:443/', 'certificate-authority-data': btoa(ca) },
      },
      { name: 'stage', cluster: { server: 'https://stage.example.com:6443' } },
      { name: 'odd', cluster: { server: 'odd.example.com' } },
    ],
    users: [
      { name: 'dev', user: { token: 'x' } },
      { name: 'admin', user: { token: 'y' } },
    ],
    contexts: [
      { name: 'prod-dev', context: { cluster: 'prod', user: 'dev' } },
      { name: 'prod-admin', context: { cluster: 'prod', user: 'admin' } },
      { name: 'stage', context: { cluster: 'stage', user: 'dev' } },
      { name: 'stage-other', context: { cluster: 'stage', user: 'dev', namespace: 'other' } },
      { name: 'odd', context: { cluster: 'odd', user: 'dev' } },
    ],
  }),
);

it.each([
  // Who else leads there decides whether the context must be named.
  ['prod-admin', { server: 'https://prod.example.com', caFingerprint, context: 'prod-admin' }],
  ['stage', { server: 'https://stage.example.com:6443' }],
  ['odd', { context: 'odd' }],
])('%s is named %j', async (context, cluster) => {
  expect(await nameCluster(await config, context)).toEqual(cluster);
});
