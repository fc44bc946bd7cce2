import { afterAll, describe, expect, test } from 'vitest';
import type { Manifest } from '../../src/sandbox/kube-object.ts';
import { netserverManifest } from '../../src/sandbox/manifest.ts';
import { startDelayAnnotation } from '../../src/sandbox/pod-runner.ts';
import { exchange, sslRequest } from '../support/exchange.ts';
import { Conversation, readLine } from '../support/line-client.ts';
import { Load } from '../support/load.ts';
import { expectNoHandles } from '../support/no-handles.ts';
import { waitingClient } from '../support/waiting-client.ts';
import { type Carrier, carriers, net, startWorld, type World } from '../support/world.ts';

afterAll(expectNoHandles);

const startDelayMs = 300;

describe.each(carriers)('a pod, over %s', (carrier) => {
  test.each([
    ['waits for a greeting', 'banner', (port: number) => readLine(port)],
    ['begins with a handshake', 'echo', (port: number) => exchange(port, sslRequest, sslRequest.length)],
  ])(
    'that is deleted and takes a while to come back costs no client that %s anything',
    async (_client, name, ask) => {
      await using world = await slowWorld(carrier);
      const forward = world.forward({ target: 'statefulset/net/0', ports: [`:${name}`] });
      const port = await forward.port();
      await using load = new Load(8, () => ask(port));
      await load.more(16);
      const uid = await replace(world);
      await forward.events.readyWith(uid);
      await load.more(16);
      await load.finish();
      expect(load.failures).toEqual([]);
    },
  );

  test('that is away is waited for, and a client that connects meanwhile is served when it is back', async () => {
    await using world = await startWorld({ carrier });
    const forward = world.forward({ target: 'statefulset/net/0', ports: [':identity'] });
    await forward.events.state('ready');
    const before = forward.now;
    scale(world, 0);
    await forward.events.next('state', ({ state }) => state.kind === 'waiting', before);
    const { line } = await waitingClient(await forward.port());
    scale(world, 1);
    expect(await line).toBe(`net-0 ${world.uid()}`);
    const ready = await forward.events.readyWith(world.uid(), before);
    expect(ready.gapMs).toBeGreaterThan(0);
  });

  test('that is away longer than a client is held costs that client its connection, and says so', async () => {
    await using world = await startWorld({ carrier });
    const forward = world.forward({ target: 'statefulset/net/0', ports: [':identity'], holdMs: 5_000 });
    await forward.events.state('ready');
    const before = forward.now;
    scale(world, 0);
    await forward.events.state('waiting', before);
    const { line } = await waitingClient(await forward.port());
    world.clock.leap(5_000);
    await expect(line).rejects.toThrow('ECONNRESET');
    const { error } = await forward.events.next('connection-end');
    expect(error).toMatchObject({ code: 'SP-HOLD-TIMEOUT', details: { heldMs: 5_000 } });
  });

  test('whose containers are killed costs no new client anything', async () => {
    await using world = await startWorld({ carrier });
    const forward = world.forward({ target: 'pod/net-0', ports: [':banner', ':echo'] });
    const [banner, echo] = [await forward.port(0), await forward.port(1)];
    await using greetings = new Load(4, () => readLine(banner));
    await using handshakes = new Load(4, () => exchange(echo, sslRequest, sslRequest.length));
    for (let restarts = 1; restarts <= 2; restarts++) {
      await Promise.all([greetings.more(8), handshakes.more(8)]);
      world.cluster.pods.kill(net);
      const back = world.cluster.pods.until(net, ({ status }) => {
        const [container] = status.containerStatuses ?? [];
        return container?.restartCount === restarts && container.ready;
      });
      await world.clusterClock.hurry(back);
    }
    await Promise.all([greetings.more(8), handshakes.more(8)]);
    await Promise.all([greetings.finish(), handshakes.finish()]);
    expect([...greetings.failures, ...handshakes.failures]).toEqual([]);
  });

  test('that dies under a request ends the connection: the request does not run twice', async () => {
    await using world = await slowWorld(carrier);
    const forward = world.forward({ target: 'statefulset/net/0', ports: [':mute'] });
    using asking = new Conversation(await forward.port());
    const answer = asking.echo('insert into orders values (1)');
    const failed = expect(answer).rejects.toThrow('ended before');
    await forward.events.next('connection-start');
    world.cluster.pods.delete(net);
    await world.clusterClock.hurry(asking.closed);
    await failed;
  });

  test.each(['sandbox', 'pod'] as const)(
    'whose %s is lost to its node is not called ready, and its successor serves who waited',
    async (loss) => {
      await using world = await startWorld({ carrier });
      const forward = world.forward({ target: 'statefulset/net/0', ports: [':identity'] });
      await forward.events.state('ready');
      const port = await forward.port();
      const before = forward.now;
      const old = world.uid();
      world.cluster.pods.lose(net, loss);
      const { line } = await waitingClient(port);
      await forward.events.trouble('SP-SANDBOX-GONE', before);
      world.cluster.pods.delete(net);
      const { metadata } = await world.cluster.pods.until(net, (pod) => pod.metadata.uid !== old);
      expect(await line).toBe(`net-0 ${metadata.uid}`);
      await forward.events.readyWith(metadata.uid, before);
    },
  );

  test('that was replaced under its name unseen is never taken for the old one', async () => {
    // Who may not watch learns of the new pod late: until then the name alone leads to it.
    await using world = await startWorld({ carrier, allow: (_identity, { verb }) => verb !== 'watch' });
    const forward = world.forward({ target: 'pod/net-0', ports: [':identity'] });
    const old = world.uid();
    await forward.events.next('state', ({ state }) => state.kind === 'ready' && state.polled === true);
    const port = await forward.port();
    const before = forward.now;
    world.cluster.pods.delete(net);
    await world.cluster.pods.until(net, (pod) => pod.metadata.uid !== old);
    const uid = world.uid();
    world.cluster.sessions.reset(net);
    expect((await readLine(port)).text).toBe(`net-0 ${uid}`);
    const { pod } = await forward.events.next('connection-start', () => true, before);
    expect(pod.uid).toBe(uid);
    await forward.events.readyWith(uid, before);
    const states = forward.events.all
      .slice(before)
      .flatMap((event) => (event.event === 'state' ? [event.state] : []));
    expect(
      states.filter((state) => state.kind === 'ready' && state.pod.uid === old && state.sinceMs > 0),
    ).toEqual([]);
  });
});

const slowWorld = (carrier: Carrier) => {
  const [set, ...others] = netserverManifest() as [Manifest, ...Manifest[]];
  const { template, ...spec } = set.spec as { template: { metadata: object } };
  const annotations = { [startDelayAnnotation]: String(startDelayMs) };
  const slow = { ...template, metadata: { ...template.metadata, annotations } };
  return startWorld({
    carrier,
    pods: [net],
    manifest: [{ ...set, spec: { ...spec, template: slow } }, ...others],
  });
};

/** Deletes the pod and waits for the next; its UID. */
async function replace(world: World): Promise<string> {
  const old = world.uid();
  world.cluster.pods.delete(net);
  await world.cluster.pods.until(net, (pod) => pod.metadata.uid !== old);
  return world.uid();
}

function scale(world: World, replicas: number): void {
  world.cluster.store.update('statefulsets', { namespace: 'default', name: 'net' }, (set) => {
    set.spec.replicas = replicas;
  });
}
