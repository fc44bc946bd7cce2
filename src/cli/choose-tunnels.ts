import { AppError } from '../base/app-error.ts';
import { nearestName } from '../base/nearest-name.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';

const urgency: Record<TunnelEntity['shown'], number> = {
  'needs you': 0,
  waiting: 1,
  connecting: 1,
  ready: 2,
  paused: 3,
  off: 4,
};

/** What needs its user first, then by name. Throws SP-TUNNEL-UNKNOWN. */
export function chooseTunnels(
  tunnels: readonly TunnelEntity[],
  names: readonly string[],
  all: boolean,
): TunnelEntity[] {
  for (const name of names) {
    if (tunnels.some((tunnel) => isCalled(tunnel, name))) continue;
    const known = tunnels.flatMap((tunnel) => [tunnel.name, tunnel.id]);
    throw new AppError('SP-TUNNEL-UNKNOWN', { name, meant: nearestName(name, known) });
  }
  const counts = (tunnel: TunnelEntity) =>
    names.length > 0 ? names.some((name) => isCalled(tunnel, name)) : all || concernsUser(tunnel);
  return tunnels
    .filter(counts)
    .toSorted((a, b) => urgency[a.shown] - urgency[b.shown] || a.name.localeCompare(b.name));
}

/** It is wanted, or was ended by other than its user. */
function concernsUser({ wanted, state }: TunnelEntity): boolean {
  return wanted !== 'off' || (state.kind === 'off' && state.reason !== undefined);
}

function isCalled({ id, name }: TunnelEntity, given: string): boolean {
  return id === given || name === given;
}
