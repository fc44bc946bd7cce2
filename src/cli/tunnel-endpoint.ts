import type { Control } from '../client/control.ts';
import type { Endpoint } from '../connection-string/endpoint.ts';
import { endpointOf } from '../connection-string/endpoint-of.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import type { ProfileSnapshot } from '../contract/profile-snapshot.ts';
import type { Cli } from './cli.ts';
import { profileOf } from './listed-profile.ts';

export interface TunnelEndpointOptions {
  readonly cli: Cli;
  /** Default: where it is the tunnel's own, which is good on this machine alone. */
  readonly withPassword?: boolean | undefined;
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
  // Its run may be of another definition than the profile is now.
  const isGateway = tunnel.gateway ?? false;
  const endpoint = endpointOf({ name, profile, addresses, localPort, isGateway, home: cli.home });
  if (!(withPassword ?? isGateway)) return endpoint;
  // Most commands give none, and load nothing for it.
  const { daemonPassword, profilePassword } = await import('./profile-password.ts');
  // An ad hoc tunnel is described by its user's own command.
  const isOwn = tunnel.origin.kind === 'ad-hoc' || listed?.sourceKind === 'user';
  const source = profile.connection?.password;
  const found = await (isGateway ? daemonPassword({ id }, cli) : profilePassword({ id, source, isOwn }, cli));
  return {
    ...endpoint,
    user: endpoint.user ?? found?.user,
    database: endpoint.database ?? found?.database,
    password: found?.password,
  };
}

/** One tunnel as it is now. Throws SP-TUNNEL-UNKNOWN. */
export async function fetchTunnel(control: Control, name: string, cli: Cli): Promise<TunnelEntity> {
  const { tunnel } = await control.call('tunnel', { name, folder: cli.cwd });
  return tunnel;
}
