import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { admit, sandboxNode } from './admission.ts';
import { Controllers } from './controllers.ts';
import type { Manifest, Plural, Pod } from './kube-object.ts';
import { ObjectStore } from './object-store.ts';

let store: ObjectStore;
let controllers: Controllers;

beforeEach(() => {
  store = new ObjectStore(new FakeClock());
  controllers = new Controllers(store);
  controllers.start();
});

afterEach(() => controllers.stop());

const settled = () => new Promise((resolve) => setImmediate(resolve));
const namespace = 'data';

function add(plural: Plural, { metadata, spec }: { metadata: Manifest['metadata']; spec: object }): void {
  const manifest = { apiVersion: '', kind: '', metadata: { namespace, ...metadata }, spec };
  store.create(plural, admit(plural, manifest));
}

const template = (port: number, image = 'netserver') => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image, ports: [{ name: 'http', containerPort: port }] }] },
});

const replicated = (replicas: number, more: object = {}) => ({
  metadata: { name: 'web' },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template(8_080), ...more },
});

const pods = () => store.list('pods', { namespace }).items;
const names = () => pods().map(({ metadata }) => metadata.name);
const ending = () =>
  pods()
    .filter(({ metadata }) => metadata.deletionTimestamp)
    .map(({ metadata }) => metadata.name);

/** What the node would write. */
function makeReady(name: string, podIP = '127.64.0.1'): void {
  store.update('pods', { namespace, name }, (draft: Pod) => {
    draft.status = {
      phase: 'Running',
      podIP,
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: store.timestamp() }],
    };
  });
}

const slices = (service: string) =>
  store
    .list('endpointslices', { namespace })
    .items.filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service);

test('a StatefulSet starts its pods in order, each when the one before it is ready', async () => {
  add('statefulsets', replicated(2));
  await settled();
  expect(names()).toEqual(['web-0']);
  makeReady('web-0');
  await settled();
  expect(names()).toEqual(['web-0', 'web-1']);
  const [first] = pods();
  expect(first?.spec.nodeName).toBe(sandboxNode);
  expect(first?.metadata.ownerReferences).toMatchObject([
    { kind: 'StatefulSet', name: 'web', controller: true },
  ]);
  expect(first?.metadata.labels).toMatchObject({ app: 'web', 'apps.kubernetes.io/pod-index': '0' });
});

test('with Parallel they start together; surplus ones end from the highest', async () => {
  add('statefulsets', replicated(3, { podManagementPolicy: 'Parallel' }));
  await settled();
  expect(names()).toEqual(['web-0', 'web-1', 'web-2']);
  store.update('statefulsets', { namespace, name: 'web' }, ({ spec }) => {
    spec.replicas = 1;
  });
  await settled();
  expect(ending()).toEqual(['web-2']);
  store.remove('pods', { namespace, name: 'web-2' });
  await settled();
  expect(ending()).toEqual(['web-1']);
});

test('a pod that is gone comes back under its name with another UID', async () => {
  add('statefulsets', replicated(1));
  await settled();
  const { uid } = pods()[0]!.metadata;
  store.remove('pods', { namespace, name: 'web-0' });
  await settled();
  expect(names()).toEqual(['web-0']);
  expect(pods()[0]!.metadata.uid).not.toBe(uid);
});

test('a changed template replaces the pods from the highest down, one at a time', async () => {
  add('statefulsets', replicated(2));
  await settled();
  makeReady('web-0');
  await settled();
  makeReady('web-1');
  store.update('statefulsets', { namespace, name: 'web' }, ({ spec }) => {
    spec.template = template(8_080, 'netserver:2');
  });
  await settled();
  expect(ending()).toEqual(['web-1']);
  store.remove('pods', { namespace, name: 'web-1' });
  await settled();
  expect(ending()).toEqual([]);
  makeReady('web-1');
  await settled();
  expect(ending()).toEqual(['web-0']);
});

test('a Deployment keeps its number of pods, and a successor starts beside the one that ends', async () => {
  add('deployments', replicated(2));
  await settled();
  expect(names()).toHaveLength(2);
  store.update('pods', { namespace, name: names()[0]! }, ({ metadata }) => {
    metadata.deletionTimestamp = store.timestamp();
  });
  await settled();
  expect(names()).toHaveLength(3);
});

test('what belonged to an object that was deleted ends with it', async () => {
  add('statefulsets', replicated(1));
  add('services', { metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } });
  await settled();
  expect(slices('web')).toHaveLength(1);
  store.remove('statefulsets', { namespace, name: 'web' });
  store.remove('services', { namespace, name: 'web' });
  await settled();
  expect(ending()).toEqual(['web-0']);
  expect(slices('web')).toEqual([]);
});

test('a named target port is the number it has in each pod, in a slice of its own', async () => {
  for (const [name, port] of [
    ['a', 8_080],
    ['b', 9_090],
  ] as const) {
    add('pods', { metadata: { name, labels: { app: 'web' } }, spec: template(port).spec });
    makeReady(name, `127.64.0.${port % 10}`);
  }
  add('services', {
    metadata: { name: 'web' },
    spec: { selector: { app: 'web' }, ports: [{ name: 'main', port: 80, targetPort: 'http' }] },
  });
  await settled();
  const seen = slices('web').map(({ ports, endpoints }) => [ports[0]?.port, endpoints[0]?.targetRef?.name]);
  expect(seen.sort()).toEqual([
    [8_080, 'a'],
    [9_090, 'b'],
  ]);
});

test('an endpoint tells readiness and ending apart; publishNotReadyAddresses says ready regardless', async () => {
  add('pods', { metadata: { name: 'a', labels: { app: 'web' } }, spec: template(8_080).spec });
  makeReady('a');
  const ports = [{ port: 80 }];
  add('services', { metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports } });
  add('services', {
    metadata: { name: 'all' },
    spec: { clusterIP: 'None', selector: { app: 'web' }, ports, publishNotReadyAddresses: true },
  });
  add('services', {
    metadata: { name: 'outside' },
    spec: { type: 'ExternalName', externalName: 'db.example' },
  });
  await settled();
  const conditions = (service: string) => slices(service)[0]?.endpoints[0]?.conditions;
  expect(conditions('web')).toEqual({ ready: true, serving: true, terminating: false });
  store.update('pods', { namespace, name: 'a' }, ({ metadata }) => {
    metadata.deletionTimestamp = store.timestamp();
  });
  await settled();
  expect(conditions('web')).toEqual({ ready: false, serving: true, terminating: true });
  expect(conditions('all')).toEqual({ ready: true, serving: true, terminating: true });
  expect(slices('outside')).toEqual([]);
});
