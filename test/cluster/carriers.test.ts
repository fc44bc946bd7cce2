import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkedEcho } from '../support/checked-echo.ts';
import { ClusterApi } from '../support/cluster-api.ts';
import { writeKubeconfig } from '../support/kubeconfig-file.ts';
import { namespace, netPod, netPorts } from '../support/manifests.ts';
import { type RunningRealcluster, startRealcluster } from '../support/realcluster.ts';
import { startForward } from '../support/subject.ts';
import { describeOnRealcluster } from '../support/suite.ts';
import { startUpgradeProxy } from '../support/upgrade-proxy.ts';

const echoBytes = 512 * 1024;

describeOnRealcluster('carriers', (suite) => {
  const toNet = { target: 'pod/net', ports: [`:${netPorts.echo}`] };
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'sallyport-carriers-'));
    await suite.api.apply(netPod({ namespace: suite.namespace, name: 'net' }));
    await suite.api.readyPod({ namespace: suite.namespace, name: 'net' });
  });

  afterAll(() => rm(dir, { recursive: true, force: true }));

  /** Forwards through a proxy that refuses one kind of upgrade, and tells what the proxy saw. */
  async function through(refuse: 'spdy' | 'websocket' | 'nothing', carrier: 'auto' | 'spdy' | 'websocket') {
    await using proxy = await startUpgradeProxy(suite.kubeconfig, refuse);
    const kubeconfig = join(dir, `${refuse}-${carrier}`);
    await writeKubeconfig(kubeconfig, { cluster: { server: proxy.url } });
    await using forward = suite.forward({ ...toNet, carrier, kubeconfig });
    const { outcome } = await checkedEcho(await forward.port(), echoBytes);
    await forward.stop();
    return { outcome, passed: proxy.passed, refused: proxy.refused };
  }

  test.each(['spdy', 'websocket'] as const)('--carrier %s takes that carrier alone', async (carrier) => {
    const { outcome, passed } = await through('nothing', carrier);
    expect(outcome).toBe('whole');
    expect(passed[carrier]).toBeGreaterThan(0);
    expect(passed[carrier === 'spdy' ? 'websocket' : 'spdy']).toBe(0);
  });

  test('raw SPDY is refused on the way: the WebSocket tunnel serves, and is remembered', async () => {
    const { outcome, passed, refused } = await through('spdy', 'auto');
    expect(outcome).toBe('whole');
    expect(passed.websocket).toBeGreaterThan(0);
    // One session may be on its way beside the first while the refusal is not known yet.
    expect(refused.spdy).toBeLessThanOrEqual(2);
  });

  test('WebSockets are refused on the way: raw SPDY serves', async () => {
    const { outcome, passed } = await through('websocket', 'auto');
    expect(outcome).toBe('whole');
    expect(passed.spdy).toBeGreaterThan(0);
  });

  describe('an API server that tunnels no SPDY over WebSockets', () => {
    let cluster: RunningRealcluster;

    beforeAll(async () => {
      const executable = process.env.SALLYPORT_REALCLUSTER ?? '';
      cluster = await startRealcluster({ executable, featureGates: 'PortForwardWebsockets=false' });
      using api = await ClusterApi.load(cluster.info.kubeconfig);
      await api.apply(namespace('old'), netPod({ namespace: 'old', name: 'net' }));
      await api.readyPod({ namespace: 'old', name: 'net' });
    });

    afterAll(() => cluster?.[Symbol.asyncDispose]());

    test.each(['auto', 'spdy'] as const)('is reached with --carrier %s', async (carrier) => {
      const { kubeconfig } = cluster.info;
      await using forward = startForward({ ...toNet, kubeconfig, namespace: 'old', carrier });
      expect((await checkedEcho(await forward.port(), echoBytes)).outcome).toBe('whole');
    });

    test('with --carrier websocket it says that the upgrade is refused', async () => {
      const { kubeconfig } = cluster.info;
      await using forward = startForward({ ...toNet, kubeconfig, namespace: 'old', carrier: 'websocket' });
      const event = await forward.event((one) => JSON.stringify(one).includes('SP-UPGRADE-REFUSED'));
      expect(['state', 'error']).toContain(event.event);
    });
  });
});
