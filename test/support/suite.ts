import { afterAll, beforeAll, describe, inject, test } from 'vitest';
import { ClusterApi } from './cluster-api.ts';
import type { ClusterOffer } from './cluster-setup.ts';
import { namespace } from './manifests.ts';
import { ClusterControls, type RealclusterInfo } from './realcluster.ts';
import { type Carrier, type Forward, type ForwardOptions, startForward } from './subject.ts';

export const carriers = ['spdy', 'websocket'] as const satisfies readonly Carrier[];

type RealclusterOffer = Extract<ClusterOffer, { kind: 'realcluster' }>;

/** What a file of the cluster suite works with: a cluster, a namespace of its own in it, and a way to forward into it. */
export interface Suite {
  readonly api: ClusterApi;
  readonly kubeconfig: string;
  readonly namespace: string;
  /** Starts a forwarder into the suite's namespace with the admin's kubeconfig unless told otherwise. */
  forward(options: Pick<ForwardOptions, 'target' | 'ports' | 'carrier'> & Partial<ForwardOptions>): Forward;
}

export interface FaultySuite extends Suite {
  readonly controls: ClusterControls;
  readonly realcluster: RealclusterInfo;
}

/** A file of the cluster suite that any cluster will do for. */
export function describeOnCluster(theme: string, body: (suite: Suite) => void): void {
  const offer = inject('cluster');
  if (offer.kind === 'none') skipped(theme, offer.reason);
  else describe(theme, () => body(prepared(theme, offer)));
}

/** A file of the cluster suite that needs realcluster's faults or its users. */
export function describeOnRealcluster(theme: string, body: (suite: FaultySuite) => void): void {
  const offer = inject('cluster');
  if (offer.kind === 'none') skipped(theme, offer.reason);
  else if (offer.kind === 'given')
    skipped(theme, 'needs the faults of realcluster: set SALLYPORT_REALCLUSTER');
  else describe(theme, () => body(preparedFaulty(theme, offer)));
}

function skipped(theme: string, reason: string): void {
  describe(theme, () => {
    test.skip(reason);
  });
}

function preparedFaulty(theme: string, offer: RealclusterOffer): FaultySuite {
  const controls = new ClusterControls(offer.realcluster.control);
  return Object.assign(prepared(theme, offer), { controls, realcluster: offer.realcluster });
}

function prepared(theme: string, offer: Exclude<ClusterOffer, { kind: 'none' }>): Suite {
  const name = `${theme.replaceAll(' ', '-')}-${offer.run}`;
  let api: ClusterApi | undefined;
  beforeAll(async () => {
    api = await ClusterApi.load(offer.kubeconfig);
    await api.apply(namespace(name));
  });
  afterAll(async () => {
    await api?.delete({ kind: 'Namespace', name });
    api?.[Symbol.dispose]();
  });
  return {
    kubeconfig: offer.kubeconfig,
    namespace: name,
    get api() {
      if (!api) throw new Error('the API is there from beforeAll on');
      return api;
    },
    forward: (options) => startForward({ kubeconfig: offer.kubeconfig, namespace: name, ...options }),
  };
}
