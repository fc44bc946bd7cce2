import { AppError } from '../base/app-error.ts';
import { expandHome } from '../base/home-path.ts';
import type { Secret } from '../base/secret.ts';
import { bestAddress } from '../contract/best-address.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import type { LocalAddress, Profile } from '../contract/profile.ts';
import type { Endpoint, LocalEnd } from './endpoint.ts';

/** What a connection string is made of: a tunnel that is there, or a profile alone. */
export interface EndpointSource {
  readonly name: string;
  readonly profile: Pick<Profile, 'kind' | 'connection' | 'target' | 'local'>;
  readonly addresses?: TunnelEntity['addresses'];
  readonly localPort?: number | undefined;
  readonly password?: Secret | undefined;
  /** What `~/` of a socket's path stands for. */
  readonly home: string;
  /** Programs speak to its gateway, which speaks to the database. */
  readonly isGateway?: boolean;
}

/** Throws SP-USAGE while nothing is known of where it will listen. */
export function endpointOf(source: EndpointSource): Endpoint {
  const { name, profile, addresses = [], localPort, password, home, isGateway = false } = source;
  const { kind = 'tcp', connection = {}, target, local } = profile;
  const end = boundEnd(addresses) ?? plannedEnd({ local, kept: localPort, home });
  if (!end) {
    throw new AppError('SP-USAGE', {
      message: `${name} has no local port yet`,
      next: `sallyport up ${name} takes a free one, which it keeps; or write one into the profile`,
    });
  }
  const { database, user, sslmode, pooler, serverName, ca, authSource } = connection;
  const caFile = ca && 'file' in ca ? expandHome(ca.file, home) : undefined;
  return {
    tunnel: name,
    kind,
    local: end,
    database,
    user,
    password,
    // The profile's is for the way to the database. The gateway is on this machine: TLS would only cost each new connection its handshake, and a
    // second connection where libpq finds a trust file without our authority. Programs that insist on TLS get it.
    sslmode: isGateway ? 'disable' : sslmode,
    caFile: isGateway ? undefined : caFile,
    authSource,
    pooler: pooler === 'transaction' ? pooler : undefined,
    serverName: isGateway ? undefined : (serverName ?? /^(?:service|svc)\/([a-z0-9-]+)$/.exec(target)?.[1]),
  };
}

function boundEnd(addresses: TunnelEntity['addresses']): LocalEnd | undefined {
  const best = bestAddress(addresses);
  if (!best) return undefined;
  return best.kind === 'unix'
    ? { kind: 'unix', path: best.path }
    : { kind: 'tcp', host: best.address, port: best.port };
}

interface Plan {
  readonly local: LocalAddress | undefined;
  readonly kept: number | undefined;
  readonly home: string;
}

function plannedEnd({ local, kept, home }: Plan): LocalEnd | undefined {
  if (typeof local === 'object' && 'socket' in local) {
    // As the daemon binds it: clients know nothing of `~`.
    return { kind: 'unix', path: expandHome(local.socket, home) };
  }
  const port = kept ?? (typeof local === 'number' ? local : local?.port);
  const host = (typeof local === 'object' && local.address) || '127.0.0.1';
  return port === undefined ? undefined : { kind: 'tcp', host, port };
}
