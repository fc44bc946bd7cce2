import { connect } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import { silentLog } from '../../src/base/log.ts';
import { Engine } from '../../src/engine/engine.ts';
import { createKubeApi } from '../../src/kube/http-kube-api.ts';
import { netserverPorts } from '../../src/sandbox/manifest.ts';
import { parseTarget } from '../../src/target/parse-target.ts';
import { createTunnel, type Tunnel } from '../../src/tunnel/tunnel.ts';
import { Conversation, readLine } from '../support/line-client.ts';
import { expectNoHandles } from '../support/no-handles.ts';
import { waitingClient } from '../support/waiting-client.ts';
import { carriers, net, startWorld, type World } from '../support/world.ts';

afterAll(expectNoHandles);

/** How long a watch outlives its last user. */
const lingerMs = 30_000;

test('tunnels to one pod share its watch and its sessions', async () => {
  await using world = await startWorld();
  await using cluster = await startEngine(world);
  const tunnels = await Promise.all(['pod/net-0', 'statefulset/net/0', 'net-0'].map(cluster.tunnel));
  await Promise.all(tunnels.map(ready));
  // A watch dials a socket of its own, beside the first connections.
  await expect.poll(() => world.cluster.openWatches()).toBe(1);
  expect(world.cluster.audit().filter(({ path }) => path.includes('watch=1'))).toHaveLength(1);
  const sessions = world.cluster.sessions.count(net);
  for (const tunnel of tunnels) await readLine(portOf(tunnel));
  expect(sessions).toBeLessThan(tunnels.length);
});

test('an idle engine holds one watch for each namespace and kind, however many tunnels there are', async () => {
  await using world = await startWorld();
  await using cluster = await startEngine(world);
  const targets = ['service/net', 'service/net', 'statefulset/net', 'statefulset/net', 'app=net', 'app=net'];
  const tunnels = await Promise.all(targets.map(cluster.tunnel));
  await Promise.all(tunnels.map(ready));
  await expect
    .poll(() => world.cluster.openWatches())
    .toBe(world.cluster.audit().filter(({ path }) => path.includes('watch=1')).length);
  const watched = world.cluster.audit().filter(({ path }) => path.includes('watch=1'));
  const scopes = watched.map(({ path }) => {
    const url = new URL(path, world.sandbox.server);
    return [url.pathname, url.searchParams.get('labelSelector'), url.searchParams.get('fieldSelector')].join(
      ' ',
    );
  });
  expect(scopes.toSorted()).toEqual([...new Set(scopes)].toSorted());
  expect(world.cluster.openWatches()).toBe(scopes.length);
});

test('a tunnel that stops takes nothing from the one that shares its pod, and the last one closes the watch a while later', async () => {
  await using world = await startWorld();
  await using cluster = await startEngine(world);
  const [first, second] = await Promise.all([cluster.tunnel('pod/net-0'), cluster.tunnel('pod/net-0')]);
  await Promise.all([ready(first), ready(second)]);
  await first.stop();
  expect(await readLine(portOf(second))).toMatchObject({ text: 'hello from net-0' });
  await second.stop();
  await expect.poll(() => world.cluster.openWatches()).toBe(1);
  world.clock.leap(lingerMs);
  await expect.poll(() => world.cluster.openWatches()).toBe(0);
});

test('a directly named pod is found by one GET and a watch on its name, not on the namespace', async () => {
  await using world = await startWorld();
  const forward = world.forward({ target: 'pod/net-0', ports: [':banner'] });
  await readLine(await forward.port());
  const reads = world.cluster.audit().filter(({ path }) => /\/pods(\?|$)/.test(path));
  expect(reads.length).toBeGreaterThan(0);
  for (const { path } of reads) {
    expect(new URL(path, world.sandbox.server).searchParams.get('fieldSelector')).toBe('metadata.name=net-0');
  }
});

describe.each(carriers)('an end, over %s', (carrier) => {
  test('with connections open, waiting and stalled leaves no watch, no session and no local port', async () => {
    await using world = await startWorld({ carrier });
    const forward = world.forward({ target: 'pod/net-0', ports: [':echo', ':4444'] });
    const port = await forward.port(0);
    using open = new Conversation(port);
    await open.echo('open');
    const { line } = await waitingClient(await forward.port(1));
    world.cluster.sessions.stall(net, 'toPod');
    using stalled = new Conversation(port);
    const cut = expect(stalled.echo('stalled')).rejects.toThrow('ended before');

    expect(await forward.stop()).toBeUndefined();
    await Promise.all([open.closed, cut, expect(line).rejects.toThrow()]);
    world.cluster.sessions.resume();
    await world.endForwards();
    expect(world.cluster.openWatches()).toBe(0);
    expect(world.cluster.sessions.count()).toBe(0);
    const refused = new Promise((resolve) => connect(port, '127.0.0.1').on('error', resolve));
    expect(await refused).toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('in the midst of a silence comes at once', async () => {
    await using world = await startWorld({ carrier });
    const forward = world.forward({ target: 'pod/net-0', ports: [':echo'] });
    using open = new Conversation(await forward.port());
    await open.echo('open');
    world.cluster.network.silence();
    expect(await forward.stop()).toBeUndefined();
    await open.closed;
  });
});

interface EngineInWorld extends AsyncDisposable {
  readonly tunnel: (target: string) => Promise<Tunnel>;
}

/** An engine of its own: `forward` has one for each command, the daemon one for all tunnels. */
async function startEngine(world: World): Promise<EngineInWorld> {
  const { clock, sandbox } = world;
  await using starting = new AsyncDisposableStack();
  const common = { clock, log: silentLog };
  const api = starting.use(
    await createKubeApi({
      ...common,
      kubeconfig: sandbox.kubeconfigPath,
      env: {},
      userAgent: () => 'sallyport/test',
      interactive: () => false,
    }),
  );
  const engine = starting.use(new Engine({ ...common, api, carrier: 'auto' }));
  const running = starting.move();
  return {
    tunnel: async (target) => {
      const spec = { target: parseTarget(target), namespace: 'default', port: netserverPorts.banner };
      const upstream = engine.upstream(spec);
      const listen = { kind: 'tcp', port: 0, addresses: ['127.0.0.1'] } as const;
      const tunnel = running.use(createTunnel({ ...common, upstream, listen }));
      await tunnel.start();
      return tunnel;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function ready(tunnel: Tunnel): Promise<void> {
  return new Promise((resolve) => {
    const look = () => tunnel.state.kind === 'ready' && resolve();
    tunnel.onState(look);
    look();
  });
}

function portOf({ addresses: [bound] }: Tunnel): number {
  if (bound?.kind !== 'tcp') throw new Error('it listens on no port');
  return bound.port;
}
