import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../../test/support/fuzz.ts';
import { profileNameSchema, profileSchema } from '../../contract/profile.ts';
import { importText } from './import-text.ts';
import type { Imported, ImportOptions } from './imported.ts';

/** Whatever is imported must be a profile that can be written. */
function checked(imported: Imported): Imported {
  for (const { name, profile } of imported.profiles) {
    expect(profileNameSchema.safeParse(name).error).toBeUndefined();
    expect(profileSchema.safeParse(profile).error).toBeUndefined();
  }
  return imported;
}

const from = (text: string, options?: ImportOptions) => checked(importText(text, options));
const left = ({ notCarried }: Imported) => notCarried.map(({ what, reason }) => `${what}: ${reason}`);

describe('a kftray export', () => {
  it('becomes profiles, and what has no place is listed', () => {
    const imported = from(
      JSON.stringify([
        {
          service: 'argocd-server',
          namespace: 'argocd',
          local_port: 8888,
          remote_port: 8080,
          context: 'test-cluster',
          workload_type: 'service',
          protocol: 'tcp',
          alias: 'argocd',
          domain_enabled: true,
        },
        {
          target: 'app.kubernetes.io/component=server',
          namespace: 'default',
          local_port: 8181,
          remote_port: 8080,
          context: 'kind1',
          workload_type: 'pod',
          protocol: 'tcp',
          alias: 'argocd',
        },
        {
          alias: 'Orders DB',
          service: 'postgres',
          local_port: 8181,
          remote_port: 5432,
          workload_type: 'service',
          protocol: 'tcp',
          context: 'current-context',
          kubeconfig: '/x/config',
          http_logs_enabled: 'true',
        },
        {
          alias: 'external-db',
          remote_address: 'pg.example.com',
          namespace: 'default',
          local_port: 5432,
          remote_port: 5432,
          context: 'k',
          workload_type: 'proxy',
          protocol: 'tcp',
        },
        {
          alias: 'dns',
          service: 'coredns',
          namespace: 'kube-system',
          local_port: 5353,
          remote_port: 53,
          context: 'k',
          workload_type: 'service',
          protocol: 'udp',
        },
        {
          alias: 'app.example.com',
          namespace: 'p',
          local_port: 3000,
          context: 'k',
          workload_type: 'expose',
          protocol: 'tcp',
        },
        { alias: 'bad', local_port: 'x', workload_type: 'service' },
      ]),
      { context: 'mine' },
    );
    expect(imported.profiles).toEqual([
      {
        name: 'argocd',
        profile: {
          cluster: { context: 'test-cluster' },
          namespace: 'argocd',
          target: 'service/argocd-server',
          port: 8080,
          local: 8888,
          kind: 'http',
        },
      },
      {
        name: 'argocd-2',
        profile: {
          cluster: { context: 'kind1' },
          namespace: 'default',
          target: 'selector/app.kubernetes.io/component=server',
          port: 8080,
          local: 8181,
          kind: 'http',
        },
      },
      {
        name: 'orders-db',
        profile: {
          cluster: { context: 'mine' },
          namespace: 'default',
          target: 'service/postgres',
          port: 5432,
          kind: 'postgres',
        },
      },
    ]);
    expect(left(imported)).toEqual([
      'the domain argocd: names in the hosts file are not kept: use the local address',
      'local port 8181 of orders-db: it is that of another profile; a free one is taken instead',
      'HTTP logs of Orders DB: requests are not logged',
      'the kubeconfig of Orders DB: contexts are looked up in your kubeconfig: add that file to KUBECONFIG',
      'external-db: it leads through the cluster to another host, which needs a relay',
      'dns: it is UDP, which Kubernetes does not forward',
      'app.example.com: it exposes a local port in the cluster, the other way round',
      'entry 7: local_port is not as kftray writes it',
    ]);
  });
});

describe('a kube-forwarder export', () => {
  const file = (config?: object) => ({
    version: 2,
    clusters: [
      {
        name: 'prod-eu',
        ...(config ? { config } : {}),
        _services: [
          {
            alias: 'Orders',
            namespace: 'shop',
            workloadType: 'deployment',
            workloadName: 'orders',
            forwards: [
              { id: '1', localPort: 8080, remotePort: 80 },
              { id: '2', localPort: 0, remotePort: 5005 },
            ],
          },
          {
            namespace: 'shop',
            workloadType: 'service',
            workloadName: 'pg',
            localAddress: '127.0.0.5',
            forwards: [{ id: '3', localPort: 5432, remotePort: 5432 }],
          },
          { namespace: 'shop', workloadType: 'job', workloadName: 'x', forwards: [] },
        ],
      },
    ],
  });

  it('becomes a profile for each forward', () => {
    const imported = from(
      JSON.stringify(file({ storingMethod: 'content', currentContext: 'eu', content: 'token: hunter2' })),
    );
    const shared = { cluster: { context: 'eu' }, namespace: 'shop' };
    expect(imported.profiles).toEqual([
      {
        name: 'orders-80',
        profile: { ...shared, target: 'deployment/orders', port: 80, local: 8080, kind: 'http' },
      },
      { name: 'orders-5005', profile: { ...shared, target: 'deployment/orders', port: 5005 } },
      {
        name: 'pg',
        profile: {
          ...shared,
          target: 'service/pg',
          port: 5432,
          local: { address: '127.0.0.5', port: 5432 },
          kind: 'postgres',
        },
      },
    ]);
    expect(left(imported)).toEqual([
      'the kubeconfig of prod-eu: it holds credentials: merge it into your own kubeconfig',
      'entry 3 of prod-eu: workloadType is not as kube-forwarder writes it',
    ]);
    expect(JSON.stringify(imported)).not.toContain('hunter2');
  });

  it('takes the name of a cluster for its context where there is no other, and says so', () => {
    const imported = from(JSON.stringify(file()));
    expect(imported.profiles[0]?.profile.cluster).toEqual({ context: 'prod-eu' });
    expect(left(imported)[0]).toContain('prod-eu is taken for it');
  });
});

describe('a kubectl line', () => {
  const cluster = { context: 'prod' };
  it.each([
    [
      'kubectl port-forward postgres-0 5432',
      'postgres-0',
      { cluster, namespace: 'default', target: 'pod/postgres-0', port: 5432, local: 5432, kind: 'postgres' },
    ],
    [
      '$ kubectl -n shop --context=dev port-forward svc/web :http',
      'web',
      { cluster: { context: 'dev' }, namespace: 'shop', target: 'svc/web', port: 'http', kind: 'http' },
    ],
    [
      'KUBECONFIG=/x sudo /usr/bin/kubectl port-forward "sts/pg/0" -nshop 0:5432 &',
      'pg-0',
      { cluster, namespace: 'shop', target: 'sts/pg/0', port: 5432, kind: 'postgres' },
    ],
    [
      "kubectl port-forward --address '0.0.0.0' \\\n  --namespace 'shop' deploy/api 8080:80 > /dev/null 2>&1",
      'api',
      {
        cluster,
        namespace: 'shop',
        target: 'deploy/api',
        port: 80,
        local: { address: '0.0.0.0', port: 8080 },
        kind: 'http',
      },
    ],
    [
      'oc port-forward --address=localhost -n=shop -- pod/x 1:2; rm -rf /',
      'x',
      { cluster, namespace: 'shop', target: 'pod/x', port: 2, local: 1 },
    ],
    [
      'kubectl -s https://api:6443 port-forward x 9:9',
      'x',
      { cluster: { server: 'https://api:6443' }, namespace: 'default', target: 'pod/x', port: 9, local: 9 },
    ],
    [
      'minikube kubectl -- port-forward x 9:9 # later',
      'x',
      { cluster, namespace: 'default', target: 'pod/x', port: 9, local: 9 },
    ],
  ])('%s', (line, name, profile) => {
    expect(from(line, { context: 'prod' })).toEqual({ profiles: [{ name, profile }], notCarried: [] });
  });

  it('with several ports becomes several profiles', () => {
    const { profiles } = from('kubectl port-forward svc/web 8080:80 8443:443', { context: 'prod' });
    expect(profiles.map(({ name, profile }) => [name, profile.local])).toEqual([
      ['web-80', 8080],
      ['web-443', 8443],
    ]);
  });

  it('lists each flag that has no place, and repeats no value', () => {
    const imported = from(
      'kubectl --token hunter2 --kubeconfig ~/k --as=hunter2 --insecure-skip-tls-verify -v6 port-forward x 1 --pod-running-timeout 1m --address localhost,10.0.0.1,10.0.0.2 --new-flag hunter2',
      { context: 'prod' },
    );
    expect(imported.notCarried.map(({ what }) => what)).toEqual([
      '--token',
      '--kubeconfig',
      '--as',
      '--insecure-skip-tls-verify',
      '--v',
      '--pod-running-timeout',
      '--new-flag',
      '--address',
    ]);
    expect(JSON.stringify(imported)).not.toContain('hunter2');
  });

  it.each([
    ['kubectl get pods # port-forward', 'it is not kubectl port-forward'],
    ['ssh port-forward', 'it does not start with kubectl'],
    ['kubectl port-forward', 'it names no target'],
    ['kubectl port-forward x', 'it names no port'],
    ['kubectl port-forward x 1:2:3', 'one of its ports is none'],
    ['kubectl port-forward x 70000', 'one of its ports is none'],
    ['kubectl port-forward $POD 80', 'it has variables or commands in it'],
    ['kubectl port-forward "$(cat x)" 80', 'it has variables or commands in it'],
    ["kubectl port-forward 'x 80", "a ' is not closed"],
    ['kubectl port-forward x 80 -n', '--namespace has no value'],
    ['kubectl port-forward x 80 -z', 'it has a flag that kubectl does not know'],
    ['nonsense', 'neither JSON nor'],
    ['{"a":1}', 'that of no program known here'],
    ['{"version":1,"clusters":[{"name":"x","_services":[]}]}', 'of version 1, known is 2'],
  ])('%s is refused', (line, why) => {
    expect(() => importText(line, { context: 'prod' })).toThrow(
      expect.objectContaining({ code: 'SP-IMPORT', message: expect.stringContaining(why) }),
    );
  });

  it('needs a context from somewhere', () => {
    expect(() => importText('kubectl port-forward x 1')).toThrow(/names no context/);
  });
});

it('never throws but SP-IMPORT', () => {
  const parts = fc.constantFrom(
    'kubectl ',
    'port-forward ',
    'x ',
    '1:2 ',
    '-n ',
    '--',
    '"',
    "'",
    '\\',
    '\n',
    '$',
    '{',
    '[',
    '"clusters":',
    'workload_type',
    '}',
    ']',
    ':',
    '1',
    ',',
  );
  const texts = fc.oneof(
    fc.array(parts, { maxLength: 30 }).map((all) => all.join('')),
    fc.json(),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        importText(text, { context: 'prod' });
      } catch (error) {
        expect(error).toMatchObject({ code: 'SP-IMPORT' });
      }
    }),
    fuzzed(3_000),
  );
});
