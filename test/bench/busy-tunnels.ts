import type { TunnelEntity } from '../../src/contract/control-tunnel.ts';
import { fakePod, fakeTunnel } from '../support/fake-control.ts';

/** Tunnels that are up, in groups by their environments. */
export function busyTunnels(count: number): TunnelEntity[] {
  const environments = ['production', 'staging', 'development'] as const;
  return Array.from({ length: count }, (_, index) =>
    fakeTunnel({
      name: `tunnel-${index}`,
      environment: environments[index % environments.length],
      wanted: 'on',
      shown: 'ready',
      state: { kind: 'ready', pod: fakePod, port: 5432, sinceMs: 0 },
      addresses: [{ kind: 'tcp', address: '127.0.0.1', port: 20_000 + index }],
      localPort: 20_000 + index,
    }),
  );
}

/** One in ten changes its state, which may move rows; the others count on. */
export function changedTunnel(tunnel: TunnelEntity, change: number): TunnelEntity {
  const { traffic } = tunnel;
  const counted = {
    ...tunnel,
    connections: change % 7,
    traffic: { ...traffic, receivedBytes: traffic.receivedBytes + 4_096 * (change % 11), served: change },
  };
  if (change % 10 > 0) return counted;
  if (tunnel.shown === 'ready')
    return {
      ...counted,
      shown: 'waiting',
      state: {
        kind: 'waiting',
        reason: { code: 'SP-POD-NOT-READY', details: { pod: fakePod.name } },
        sinceMs: 0,
      },
    };
  return { ...counted, shown: 'ready', state: { kind: 'ready', pod: fakePod, port: 5432, sinceMs: 0 } };
}
