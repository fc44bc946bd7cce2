import { describe, expect, it } from 'vitest';
import type { EndpointSlice, Service } from '../kube/types.ts';
import { endpointCounts, type SentStatefulSet, serviceEntity, statefulSetEntity } from './objects-entity.ts';

const service = (spec: Service['spec'], labels: Record<string, string> = {}): Service => ({
  metadata: { name: 'x', namespace: 'shop', uid: 'u', labels },
  spec,
});

const set = (rest: object, labels: Record<string, string> = {}): SentStatefulSet => ({
  metadata: { name: 'pg', namespace: 'shop', uid: 'u', labels },
  spec: { selector: {}, ...rest },
});

describe('serviceEntity', () => {
  it('tells of each port what seems to answer there', () => {
    const ports = [
      { name: 'pg', port: 5432 },
      { name: 'metrics', port: 9187 },
      { name: 'dns', port: 53, protocol: 'UDP' },
      { port: 7000 },
    ];
    expect(serviceEntity(service({ selector: { app: 'x' }, ports }), undefined)).toEqual({
      kind: 'Service',
      namespace: 'shop',
      name: 'x',
      ports: [
        { port: 5432, name: 'pg', protocol: 'TCP', kind: 'postgres' },
        { port: 9187, name: 'metrics', protocol: 'TCP', kind: 'http' },
        { port: 53, name: 'dns', protocol: 'UDP' },
        { port: 7000, protocol: 'TCP' },
      ],
      images: [],
    });
  });

  it.each([
    [{ type: 'ExternalName', externalName: 'db.example.com' }, 'external-name'],
    [{ ports: [{ port: 5432 }] }, 'no-selector'],
    [{ selector: { a: 'b' } }, undefined],
  ])('%j: without pods %s', (spec, withoutPods) => {
    const entity = serviceEntity(service(spec), new Map());
    expect(entity.withoutPods).toBe(withoutPods);
    expect(entity.pods).toEqual(withoutPods ? undefined : { ready: 0, wanted: 0 });
  });

  it.each([
    [
      { 'cnpg.io/cluster': 'orders' },
      { 'cnpg.io/cluster': 'orders', 'cnpg.io/instanceRole': 'primary' },
      { operator: 'CloudNativePG', cluster: 'orders', role: 'primary' },
    ],
    [
      { application: 'spilo', 'cluster-name': 'orders' },
      { 'spilo-role': 'replica' },
      { operator: 'Zalando', cluster: 'orders', role: 'replica' },
    ],
    [
      { 'postgres-operator.crunchydata.com/cluster': 'hippo' },
      { 'postgres-operator.crunchydata.com/role': 'master' },
      { operator: 'Crunchy', cluster: 'hippo', role: 'primary' },
    ],
    [
      { app: 'StackGresCluster', 'stackgres.io/cluster-name': 'sg' },
      { role: 'replica' },
      { operator: 'StackGres', cluster: 'sg', role: 'replica' },
    ],
    [
      { 'app.kubernetes.io/managed-by': 'kubeblocks', 'app.kubernetes.io/instance': 'my' },
      { a: 'b' },
      { operator: 'KubeBlocks', cluster: 'my' },
    ],
    // Labels that anybody may use.
    [{ 'cluster-name': 'x', 'app.kubernetes.io/instance': 'y' }, { role: 'primary' }, undefined],
  ])('%j with selector %j is %j', (labels, selector, database) => {
    expect(serviceEntity(service({ selector }, labels), undefined).database).toEqual(database);
  });
});

describe('statefulSetEntity', () => {
  it("judges a sidecar's port by the sidecar, and counts its pods", () => {
    const entity = statefulSetEntity({
      ...set({
        replicas: 3,
        template: {
          metadata: { labels: { 'cluster-name': 'orders', application: 'spilo' } },
          spec: {
            containers: [
              { image: 'ghcr.io/zalando/spilo-17', ports: [{ containerPort: 5432, name: 'main' }] },
              { image: 'exporter', ports: [{ containerPort: 9187, name: 'metrics' }] },
            ],
          },
        },
      }),
      status: { readyReplicas: 2 },
    });
    expect(entity).toMatchObject({
      ports: [
        { port: 5432, kind: 'postgres' },
        { port: 9187, kind: 'http' },
      ],
      images: ['ghcr.io/zalando/spilo-17', 'exporter'],
      pods: { ready: 2, wanted: 3 },
      database: { operator: 'Zalando', cluster: 'orders' },
    });
  });

  it('guesses by the image where no port is declared', () => {
    const template = { spec: { containers: [{ image: 'redis:8' }] } };
    expect(statefulSetEntity(set({ template }))).toMatchObject({
      ports: [],
      guess: 'redis',
      pods: { ready: 0, wanted: 1 },
    });
  });
});

it('endpointCounts counts a pod of two slices once, and one without a condition as ready', () => {
  const slice = (endpoints: EndpointSlice['endpoints'], name = 'x'): EndpointSlice => ({
    metadata: { name: 's', namespace: 'shop', uid: 'u', labels: { 'kubernetes.io/service-name': name } },
    endpoints: endpoints!,
  });
  const pod = (uid: string, ready?: boolean) => ({
    targetRef: { kind: 'Pod', name: uid, uid },
    ...(ready !== undefined && { conditions: { ready } }),
  });
  const counts = endpointCounts([
    slice([pod('a', true), pod('b', false), pod('c')]),
    slice([pod('a', true), pod('b', false), { targetRef: { kind: 'Node', name: 'n', uid: 'n' } }]),
    slice([], 'y'),
  ]);
  expect(Object.fromEntries(counts)).toEqual({
    'shop/x': { ready: 2, wanted: 3 },
    'shop/y': { ready: 0, wanted: 0 },
  });
});
