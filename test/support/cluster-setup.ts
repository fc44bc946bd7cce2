import { randomBytes } from 'node:crypto';
import type { TestProject } from 'vitest/node';
import { postgresPrograms } from './postgres-programs.ts';
import { type RealclusterInfo, startRealcluster } from './realcluster.ts';

/**
 * The cluster of a run: what the test files get. On realcluster every fault can be made; on a cluster given by its kubeconfig
 * only what needs no control over its machines.
 */
export type ClusterOffer =
  | {
      readonly kind: 'realcluster';
      readonly run: string;
      readonly kubeconfig: string;
      readonly realcluster: RealclusterInfo;
    }
  | { readonly kind: 'given'; readonly run: string; readonly kubeconfig: string }
  | { readonly kind: 'none'; readonly reason: string };

declare module 'vitest' {
  interface ProvidedContext {
    cluster: ClusterOffer;
  }
}

/** Global set-up of the cluster suite: one cluster for all files. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const run = randomBytes(3).toString('hex');
  const executable = process.env.SALLYPORT_REALCLUSTER;
  const kubeconfig = process.env.SALLYPORT_TEST_KUBECONFIG;
  if (executable) {
    const port = process.env.SALLYPORT_TEST_PORT ? Number(process.env.SALLYPORT_TEST_PORT) : undefined;
    const cluster = await startRealcluster({ executable, pgBin: postgresPrograms, port });
    const { info } = cluster;
    project.provide('cluster', { kind: 'realcluster', run, kubeconfig: info.kubeconfig, realcluster: info });
    return async () => cluster[Symbol.asyncDispose]();
  }
  if (kubeconfig) {
    project.provide('cluster', { kind: 'given', run, kubeconfig });
    return;
  }
  project.provide('cluster', {
    kind: 'none',
    reason:
      'needs a cluster: set SALLYPORT_REALCLUSTER (path of the executable) or SALLYPORT_TEST_KUBECONFIG',
  });
  return;
}
