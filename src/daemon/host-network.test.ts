import { expect, it } from 'vitest';
import type { PodIdentity } from '../contract/pod.ts';
import type { Resolution } from '../contract/resolution.ts';
import type { PodLink, Upstream } from '../tunnel/upstream.ts';
import { withoutHostNetwork } from './host-network.ts';

const pod = (hostNetwork: boolean): PodIdentity => ({
  namespace: 'data',
  name: 'node-exporter-x',
  uid: 'u',
  node: 'node-1',
  restarts: 0,
  ready: true,
  hostNetwork,
});
const serving = (hostNetwork: boolean): Resolution => ({
  kind: 'pod',
  pod: pod(hostNetwork),
  port: 9100,
  serving: true,
});

it('leads to no pod of the node, and to its successor that is none', () => {
  let tell: (resolution: Resolution | undefined) => void = () => {};
  const heard: (Resolution | undefined)[] = [];
  const inner: Upstream = {
    follow: (onChange) => {
      tell = onChange;
      return { refresh() {}, avoid: () => false, async [Symbol.asyncDispose]() {} };
    },
    link: (given) => ({ pod: given }) as PodLink,
  };
  const upstream = withoutHostNetwork(inner);
  upstream.follow(
    (resolution) => heard.push(resolution),
    () => {},
  );
  const none: Resolution = { kind: 'none', reason: { code: 'SP-POD-DELETED', details: {} } };
  for (const said of [serving(true), none, serving(false), undefined]) tell(said);
  expect(heard).toEqual([
    {
      kind: 'none',
      reason: { code: 'SP-HOST-NETWORK', details: { pod: 'node-exporter-x', node: 'node-1' } },
    },
    none,
    serving(false),
    undefined,
  ]);
  expect(upstream.link(pod(false)).pod).toEqual(pod(false));
});
