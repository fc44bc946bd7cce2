import { afterAll, describe, expect, test } from 'vitest';
import { netserverManifest, netserverPorts } from '../../src/sandbox/manifest.ts';
import { readLine } from '../support/line-client.ts';
import { Load } from '../support/load.ts';
import { netserverDeployment } from '../support/netserver-deployment.ts';
import { expectNoHandles } from '../support/no-handles.ts';
import { waitingClient } from '../support/waiting-client.ts';
import { carriers, net, startWorld, type World } from '../support/world.ts';

afterAll(expectNoHandles);

const pair = ['default/net-0', 'default/net-1'] as const;
const startPair = (carrier?: (typeof carriers)[number]) =>
  startWorld({ ...(carrier && { carrier }), pods: pair, manifest: netserverManifest('default', 2) });

describe.each(carriers)('over %s', (carrier) => {
  test('a Service whose readiness flaps is followed: new connections go where it is ready', async () => {
    await using world = await startPair(carrier);
    const forward = world.forward({ target: 'service/net', ports: [':identity'] });
    const { state } = await forward.events.state('ready');
    const first = state.kind === 'ready' ? `default/${state.pod.name}` : '';
    const second = pair.find((pod) => pod !== first)!;
    const port = await forward.port();

    for (const [unready, ready] of [
      [first, second],
      [second, first],
      [first, second],
    ] as const) {
      const before = forward.now;
      world.cluster.pods.setReady(unready, false);
      await forward.events.readyWith(world.uid(ready), before);
      expect((await readLine(port)).text).toBe(`${ready.slice(8)} ${world.uid(ready)}`);
      world.cluster.pods.setReady(unready, true);
      await world.cluster.pods.until(unready);
    }
  });

  test('a Service stays with the pod in use while that is ready', async () => {
    await using world = await startPair(carrier);
    const forward = world.forward({ target: 'service/net', ports: [':identity'] });
    const port = await forward.port();
    const { text } = await readLine(port);
    const other = pair.find((pod) => !text.includes(pod.slice(8)))!;
    for (const ready of [false, true, false, true]) world.cluster.pods.setReady(other, ready);
    await world.cluster.pods.until(other);
    expect((await readLine(port)).text).toBe(text);
  });

  test('a Service that has no ready pod makes its clients wait until it has one', async () => {
    await using world = await startPair(carrier);
    const forward = world.forward({ target: 'service/net', ports: [':identity'] });
    await forward.events.state('ready');
    const before = forward.now;
    for (const pod of pair) world.cluster.pods.setReady(pod, false);
    await forward.events.trouble('SP-POD-NOT-READY', before);
    const { line } = await waitingClient(await forward.port());
    world.cluster.pods.setReady(pair[1], true);
    expect(await line).toBe(`net-1 ${world.uid(pair[1])}`);
  });

  test('a Deployment is followed through a rollout, and no greeting fails', async () => {
    await using world = await startWorld({ carrier, manifest: [netserverDeployment] });
    const ready = () => world.cluster.store.get('deployments', 'default', 'web')?.status?.readyReplicas === 2;
    await changed(world, ready);
    const forward = world.forward({ target: 'deployment/web', ports: [':banner'] });
    const port = await forward.port();
    await using load = new Load(4, () => readLine(port));
    await load.more(8);
    const old = podsOf(world);
    world.cluster.store.update('deployments', { namespace: 'default', name: 'web' }, ({ spec }) => {
      spec.template.metadata = { ...spec.template.metadata, annotations: { release: '2' } };
    });
    await changed(world, () => ready() && podsOf(world).every((uid) => !old.includes(uid)));
    await load.more(8);
    await load.finish();
    expect(load.failures).toEqual([]);
  });
});

test.each([
  ['an ExternalName Service', { type: 'ExternalName', externalName: 'db.example.com' }],
  ['a Service without a selector', { ports: [{ name: 'postgres', port: 5432 }] }],
])('%s is named as not yet supported', async (_kind, spec) => {
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'elsewhere' }, spec };
  await using world = await startWorld({ pods: [net], manifest: [...netserverManifest(), service] });
  const forward = world.forward({ target: 'service/elsewhere', ports: [':5432'], patient: false });
  expect(await forward.ended).toMatchObject({
    code: 'SP-TARGET-UNSUPPORTED',
    exitCode: 7,
    details: { target: 'service/elsewhere' },
  });
});

test.each(['pod/net-0', 'service/net'])(
  '%s without a port of that name says which there are',
  async (target) => {
    await using world = await startWorld();
    const forward = world.forward({ target, ports: [':postgres'], patient: false });
    const error = await forward.ended;
    expect(error).toMatchObject({ code: 'SP-PORT-UNKNOWN', exitCode: 7 });
    for (const name of Object.keys(netserverPorts)) expect(error?.details.known).toContain(name);
  },
);

test.each([
  ['pod/absent', 'SP-TARGET-NOT-FOUND'],
  ['service/absent', 'SP-TARGET-NOT-FOUND'],
  ['statefulset/absent', 'SP-TARGET-NOT-FOUND'],
  ['deployment/absent', 'SP-TARGET-NOT-FOUND'],
])('%s ends the start with what is missing, unless told to wait', async (target, code) => {
  await using world = await startWorld();
  const forward = world.forward({ target, ports: [':5432'], patient: false });
  expect(await forward.ended).toMatchObject({ code, exitCode: 7, details: { target } });
  const patient = world.forward({ target, ports: [':5432'] });
  await patient.events.trouble(code);
});

test('a pod that does not serve within the time limit ends the start with why', async () => {
  await using world = await startWorld();
  world.cluster.pods.setReady(net, false);
  const forward = world.forward({ target: 'service/net', ports: [':banner'], runningTimeoutMs: 60_000 });
  await forward.events.trouble('SP-POD-NOT-READY');
  world.clock.leap(60_000);
  expect(await forward.ended).toMatchObject({ code: 'SP-POD-NOT-READY', exitCode: 7 });
});

test('a number need not be declared, and nothing listening there is told to the client alone', async () => {
  await using world = await startWorld();
  const forward = world.forward({ target: 'pod/net-0', ports: [':4444', ':banner'] });
  const { line } = await waitingClient(await forward.port(0));
  const { state } = await forward.events.trouble('SP-PORT-REFUSED');
  expect(JSON.stringify(state)).toContain('banner=7012');
  world.clock.leap(5_000);
  await expect(line).rejects.toThrow('ECONNRESET');
  const { error } = await forward.events.next('connection-end');
  expect(error).toMatchObject({ code: 'SP-PORT-REFUSED' });
  expect((await readLine(await forward.port(1))).text).toBe('hello from net-0');
});

const podsOf = (world: World) =>
  world.cluster.store.list('pods', { namespace: 'default' }).items.map(({ metadata }) => metadata.uid);

/** Resolves when the cluster's objects are as wanted. */
async function changed(world: World, isAsWanted: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = () => isAsWanted() && resolve();
  const stop = world.cluster.store.onChange(look);
  look();
  await promise;
  stop();
}
