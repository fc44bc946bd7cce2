import type { TunnelEntity } from '../src/contract/control-tunnel.ts';
import type { DaemonNow } from './page-feeds.ts';

/** What the icon says of all tunnels together: the worst that a person would want to know of. */
export type OverallState = 'idle' | 'up' | 'recovering' | 'needs you';

export function overallState(now: DaemonNow): OverallState {
  if (now.kind === 'looking') return 'idle';
  if (now.kind === 'lost') return now.final ? 'needs you' : 'recovering';
  const tunnels = [...now.view.tunnels.values()];
  if (tunnels.some(needsUser) || now.view.questions.size > 0) return 'needs you';
  // Making a first connection is no trouble, but an icon that said "up" would not be true.
  if (tunnels.some(({ shown }) => shown === 'waiting' || shown === 'connecting')) return 'recovering';
  return tunnels.some(isUp) ? 'up' : 'idle';
}

/** 2 up, 1 waiting, 1 needs you */
export function overallWords(now: DaemonNow): string {
  if (now.kind === 'looking') return 'starting';
  if (now.kind === 'lost') return now.final ? 'the daemon does not run' : 'reconnecting to the daemon';
  const tunnels = [...now.view.tunnels.values()];
  const count = (accept: (tunnel: TunnelEntity) => boolean) => tunnels.filter(accept).length;
  const parts: [number, string][] = [
    [count(isUp), 'up'],
    [count(({ shown }) => shown === 'waiting' || shown === 'connecting'), 'waiting'],
    [count(needsUser), 'needs you'],
    [count(({ shown }) => shown === 'paused'), 'paused'],
  ];
  const said = parts.filter(([amount]) => amount > 0).map(([amount, word]) => `${amount} ${word}`);
  return said.join(', ') || 'nothing is up';
}

/** One on demand is up while its port is bound, though it touches no cluster. */
export function isUp({ shown, wanted, onDemand }: TunnelEntity): boolean {
  return shown === 'ready' || (shown === 'off' && wanted === 'on' && onDemand);
}

export function needsUser({ shown, questions }: TunnelEntity): boolean {
  return shown === 'needs you' || questions.length > 0;
}
