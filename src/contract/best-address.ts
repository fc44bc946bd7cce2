import type { TunnelEntity } from './control-tunnel.ts';

/** Where programs on this machine are sent: the IPv4 address of a pair of loopback addresses, as a client that is given ::1 must be able to have it. */
export function bestAddress(
  addresses: TunnelEntity['addresses'],
): TunnelEntity['addresses'][number] | undefined {
  return addresses.find((bound) => bound.kind === 'tcp' && !bound.address.includes(':')) ?? addresses[0];
}
