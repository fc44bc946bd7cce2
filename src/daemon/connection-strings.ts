import { AppError } from '../base/app-error.ts';
import { connectionString } from '../connection-string/connection-string.ts';
import { endpointOf } from '../connection-string/endpoint-of.ts';
import { formatsByKind } from '../contract/connection-format.ts';
import type { Shell } from '../contract/connection-string.ts';
import type { OperationAnswer } from '../contract/control.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import type { Profile } from '../contract/profile.ts';

export interface ConnectionStringsOf {
  readonly profile: Pick<Profile, 'kind' | 'connection' | 'target' | 'local'>;
  readonly shell: Shell;
  readonly home: string;
}

/** How programs connect to a tunnel, in each format of its kind. No password is asked for, so none can be in them. Throws SP-USAGE before the tunnel had a port. */
export function connectionStrings(
  { name, kind, addresses, localPort, gateway = false }: TunnelEntity,
  { profile, shell, home }: ConnectionStringsOf,
): OperationAnswer<'strings'>['strings'] {
  const endpoint = endpointOf({
    name,
    profile: { ...profile, kind },
    addresses,
    localPort,
    isGateway: gateway,
    home,
  });
  return formatsByKind[kind].map((format) => {
    try {
      return { format, written: connectionString(endpoint, { format, shell }) };
    } catch (thrown) {
      return { format, error: AppError.from(thrown).toData() };
    }
  });
}
