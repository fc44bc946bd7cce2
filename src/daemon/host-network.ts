import type { Resolution } from '../contract/resolution.ts';
import type { Upstream } from '../tunnel/upstream.ts';

/**
 * An upstream that leads to no pod of the node's own network: a forward into one reaches whatever listens on the node's localhost, which may be
 * anything but what was asked for. A pod never changes its network, so that what holds for its UID holds for its connections.
 */
export function withoutHostNetwork(upstream: Upstream): Upstream {
  return {
    follow: (onChange, onAsking) =>
      upstream.follow((resolution) => onChange(resolution && guarded(resolution)), onAsking),
    link: (pod) => upstream.link(pod),
  };
}

function guarded(resolution: Resolution): Resolution {
  if (resolution.kind === 'none' || !resolution.pod.hostNetwork) return resolution;
  const { name: pod, node } = resolution.pod;
  return { kind: 'none', reason: { code: 'SP-HOST-NETWORK', details: { pod, node } } };
}
