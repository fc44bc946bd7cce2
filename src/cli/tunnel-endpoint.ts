import type { Control } from '../client/control.ts';
import type { Endpoint } from '../connection-string/endpoint.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import type { ProfileSnapshot } from '../contract/profile-snapshot.ts';
import type { Cli } from './cli.ts';
import { endpointOf } from './endpoint-of.ts';
import { profileOf } from './listed-profile.ts';

export interface TunnelEndpointOptions {
  readonly cli: Cli;
  readonly withPassword: boolean;
}

/** The endpoint of a tunnel, with its profile's hints, or its own where it has no profile. Throws why a password that is named there cannot be had. */
export async function tunnelEndpoint(
  tunnel: TunnelEntity,
  profiles: ProfileSnapshot,
  { cli, withPassword }: TunnelEndpointOptions,
): Promise<Endpoint> {
  const { id, name, addresses, localPort } = tunnel;
  const listed = profileOf(tunnel, profiles);
  const profile = listed?.profile ?? tunnel;
  const endpoint = endpointOf({ name, profile, addresses, localPort, home: cli.home });
  if (!withPassword) return endpoint;
  // Most commands give none, and load nothing for it.
  const { profilePassword } = await import('./profile-password.ts');
  // An ad hoc tunnel is described by its user's own command.
  const isOwn = tunnel.origin.kind === 'ad-hoc' || listed?.sourceKind === 'user';
  const found = await profilePassword({ id, source: profile.connection?.password, isOwn }, cli);
  return { ...endpoint, user: endpoint.user ?? found?.user, password: found?.password };
}

/** One tunnel as it is now. Throws SP-TUNNEL-UNKNOWN. */
export async function fetchTunnel(control: Control, name: string, cli: Cli): Promise<TunnelEntity> {
  const { tunnel } = await control.call('tunnel', { name, folder: cli.cwd });
  return tunnel;
}
