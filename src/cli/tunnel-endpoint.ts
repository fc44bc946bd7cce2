import type { Control } from '../client/control.ts';
import type { Endpoint } from '../connection-string/endpoint.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import type { ProfileSnapshot } from '../contract/profile-snapshot.ts';
import type { Cli } from './cli.ts';
import { type EndpointSource, endpointOf } from './endpoint-of.ts';
import { profileOf } from './listed-profile.ts';
import { localPassword } from './local-password.ts';

export interface TunnelEndpointOptions {
  readonly cli: Cli;
  readonly withPassword: boolean;
}

/** The endpoint of a tunnel, with its profile's hints, or its own where it has no profile. A password that is not had from here is said on standard error, not an error. */
export async function tunnelEndpoint(
  tunnel: TunnelEntity,
  profiles: ProfileSnapshot,
  { cli, withPassword }: TunnelEndpointOptions,
): Promise<Endpoint> {
  const listed = profileOf(tunnel, profiles);
  const profile: EndpointSource['profile'] = listed?.profile ?? tunnel;
  const { name, addresses, localPort } = tunnel;
  // An ad hoc tunnel is described by its user's own command.
  const isOwn = tunnel.origin.kind === 'ad-hoc' || listed?.sourceKind === 'user';
  const password = withPassword ? await localPassword(profile, { isOwn, cli }) : undefined;
  if (password?.kind === 'elsewhere') {
    cli.stderr.write(
      `note: the password of ${name} is in ${password.where}, which is not read yet: give it yourself\n`,
    );
  }
  return endpointOf({
    name,
    profile,
    addresses,
    localPort,
    password: password?.kind === 'found' ? password.password : undefined,
  });
}

/** One tunnel as it is now. Throws SP-TUNNEL-UNKNOWN. */
export async function fetchTunnel(control: Control, name: string, cli: Cli): Promise<TunnelEntity> {
  const { tunnel } = await control.call('tunnel', { name, folder: cli.cwd });
  return tunnel;
}
