import type { Clock } from '../base/clock.ts';
import { loadKubeconfig } from '../kube/kubeconfig.ts';
import type { KubeconfigFile } from '../kube/kubeconfig-file.ts';
import type { ClusterChoice, ClusterPool } from './cluster-pool.ts';
import { findContext } from './find-context.ts';
import type { TunnelDefinition } from './tunnel-definition.ts';

/** A kubeconfig that was read this short a time ago is read for all tunnels that start together. */
const freshMs = 500;
const uidTimeoutMs = 5_000;

export interface ContextFinderOptions {
  readonly clusters: ClusterPool;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

/** Finds the context that leads to where a tunnel is to go. Rejects as findContext does. */
export function contextFinder({ clusters, env, clock }: ContextFinderOptions) {
  let known: { readonly atMs: number; readonly file: Promise<KubeconfigFile> } | undefined;
  const kubeconfig = () => {
    const nowMs = clock.nowMs();
    if (!known || nowMs - known.atMs >= freshMs) known = { atMs: nowMs, file: loadKubeconfig({ env }) };
    return known.file;
  };
  const uidOf = async (context: string) => {
    using lease = await clusters.lease({ context }, () => false);
    const path = '/api/v1/namespaces/kube-system';
    const found = await lease.api.request<{ metadata?: { uid?: string } }>({ path, timeoutMs: uidTimeoutMs });
    return found.metadata?.uid;
  };
  return async ({ access, origin, name }: TunnelDefinition): Promise<ClusterChoice> => {
    if (access.kind === 'context') return access;
    const source = origin.kind === 'profile' ? origin.source : 'ad-hoc';
    return { context: await findContext({ cluster: access.cluster, kubeconfig, source, name, uidOf }) };
  };
}
