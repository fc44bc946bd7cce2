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

/** The endpoint of a tunnel, with its profile's hints. Throws why a password that the profile names cannot be had. */
export async function tunnelEndpoint(
  tunnel: TunnelEntity,
  profiles: ProfileSnapshot,
  { cli, withPassword }: TunnelEndpointOptions,
): Promise<Endpoint> {
  const { name, kind, target, addresses, localPort } = tunnel;
  const listed = profileOf(tunnel, profiles);
  const endpoint = endpointOf({ name, profile: listed?.profile ?? { kind, target }, addresses, localPort });
  if (!withPassword || !listed) return endpoint;
  // Most commands give none, and load nothing for it.
  const { profilePassword } = await import('./profile-password.ts');
  const found = await profilePassword(listed, cli);
  return { ...endpoint, user: endpoint.user ?? found?.user, password: found?.password };
}

/** One tunnel as it is now. Throws SP-TUNNEL-UNKNOWN. */
export async function fetchTunnel(control: Control, name: string, cli: Cli): Promise<TunnelEntity> {
  const { tunnel } = await control.call('tunnel', { name, folder: cli.cwd });
  return tunnel;
}
