import { AppError } from '../base/app-error.ts';
import { Secret } from '../base/secret.ts';
import { connectionString } from '../connection-string/connection-string.ts';
import type { Endpoint } from '../connection-string/endpoint.ts';
import { endpointOf } from '../connection-string/endpoint-of.ts';
import { formatsByKind } from '../contract/connection-format.ts';
import type { Shell } from '../contract/connection-string.ts';
import type { HandledInput, OperationAnswer } from '../contract/control.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import type { TunnelDefinition } from './tunnel-definition.ts';

/** What is known of one tunnel. */
export interface StringSource {
  readonly entity: TunnelEntity;
  readonly definition: Pick<TunnelDefinition, 'profile'>;
  /** What `~/` of a socket's path stands for. */
  readonly home: string;
}

/** Stands in for a password while strings are written: nothing that any format quotes. Never shown. */
const standIn = 'SallyportPasswordStandIn';
const dots = '••••••••';

/** All strings of a tunnel, with dots for its gateway's password. Throws SP-USAGE while nothing is known of where it will listen. */
export function shownStrings(source: StringSource, shell: Shell): OperationAnswer<'strings'>['strings'] {
  const { gateway = false } = source.entity;
  const endpoint = endpointFor(source, gateway ? { password: new Secret(standIn) } : {});
  return formatsByKind[endpoint.kind].map((format) => {
    try {
      const written = connectionString(endpoint, { format, shell, withPassword: gateway });
      return { format, written: { ...written, text: written.text.replaceAll(standIn, dots) } };
    } catch (thrown) {
      return { format, error: AppError.from(thrown).toData() };
    }
  });
}

/** One string for the clipboard; `login` is what `password` answered of a gateway's own password, absent where there is none. */
export function copiedString(
  source: StringSource,
  { format, shell }: Pick<HandledInput<'connectionString'>, 'format' | 'shell'>,
  login: Extract<OperationAnswer<'password'>, { kind: 'found' }> | undefined,
): OperationAnswer<'connectionString'> {
  const endpoint = endpointFor(source, login ? { ...login, password: new Secret(login.password) } : {});
  const withPassword = login !== undefined;
  return { kind: 'written', string: connectionString(endpoint, { format, shell, withPassword }) };
}

function endpointFor(
  { entity, definition, home }: StringSource,
  {
    password,
    user,
    database,
  }: { password?: Secret; user?: string | undefined; database?: string | undefined },
): Endpoint {
  const { name, kind, addresses, localPort, gateway = false } = entity;
  const profile = { ...definition.profile, kind };
  const endpoint = endpointOf({ name, profile, addresses, localPort, home, isGateway: gateway });
  return {
    ...endpoint,
    user: endpoint.user ?? user,
    database: endpoint.database ?? database,
    password,
  };
}
