import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { ClusterApi, type Pod } from '../support/cluster-api.ts';
import { namespace as namespaceObject, netStatefulSet } from '../support/manifests.ts';
import { startRealcluster } from '../support/realcluster.ts';

/** A cluster with a test server, the pod net-0 of the StatefulSet net, whose ports have names. */
export interface World extends AsyncDisposable {
  readonly name: 'sandbox' | 'realcluster';
  readonly kubeconfig: string;
  /** URL of the API server. */
  readonly server: string;
  readonly namespace: string;
  /** Watches that are open at the API server, where it can tell them from those of others. */
  readonly openWatches: (() => number) | undefined;
}

/** It has net-1 too. */
export interface RealWorld extends World {
  /** Deletes the test server's pod, and waits until its successor is ready. */
  recreatePod(): Promise<void>;
}

export async function sandboxWorld(): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), 'daemon-bench-'));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const sandbox = stack.use(await startSandbox({ dir: join(dir, 'sandbox') }));
  await sandbox.controls.pods.until('default/net-0');
  const { kubeconfigPath: kubeconfig, server, controls } = sandbox;
  const all = stack.move();
  return {
    name: 'sandbox',
    kubeconfig,
    server,
    namespace: 'default',
    openWatches: () => controls.openWatches(),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

export async function realWorld(executable: string): Promise<RealWorld> {
  await using stack = new AsyncDisposableStack();
  const { info } = stack.use(await startRealcluster({ executable }));
  const api = stack.use(await ClusterApi.load(info.kubeconfig));
  const namespace = 'bench';
  const pod = { namespace, name: 'net-0' };
  await api.apply(
    namespaceObject(namespace),
    netStatefulSet({ namespace, name: 'net', replicas: 2, server: 'netserver' }),
  );
  await api.rolledOut({ kind: 'StatefulSet', namespace, name: 'net' });
  const all = stack.move();
  return {
    name: 'realcluster',
    kubeconfig: info.kubeconfig,
    server: info.server,
    namespace,
    openWatches: undefined,
    async recreatePod() {
      const { metadata } = await api.get<Pod>({ kind: 'Pod', ...pod });
      await api.delete({ kind: 'Pod', ...pod });
      await api.readyPod({ ...pod, replacing: metadata.uid });
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
