import { AppError } from '../base/app-error.ts';
import type { ConnectionWarning } from '../contract/connection-string.ts';
import { type Endpoint, openEndpoint } from './endpoint.ts';
import { writerOf } from './writers.ts';
import type { Variables } from './written.ts';

export interface RunEnvironment {
  readonly variables: Variables;
  readonly warnings: readonly (ConnectionWarning & { readonly tunnel: string })[];
}

/**
 * What `run` puts into a command's environment, passwords included where there are any. Each tunnel's variables stand under its prefix
 * (ORDERS_DB_DATABASE_URL), and under their plain names where no other tunnel has one of the same: never a PGHOST of one and a PGUSER of
 * another. Throws SP-USAGE where two tunnels' names make the same prefix.
 */
export function runEnvironment(endpoints: readonly Endpoint[]): RunEnvironment {
  const given = endpoints.map((endpoint) => ({ tunnel: endpoint.tunnel, ...environmentOf(endpoint) }));
  const timesNamed = new Map<string, number>();
  for (const name of given.flatMap(({ variables }) => Object.keys(variables))) {
    timesNamed.set(name, (timesNamed.get(name) ?? 0) + 1);
  }
  const plain: Record<string, string> = {};
  const prefixed: Record<string, string> = {};
  const tunnelOfPrefix = new Map<string, string>();
  for (const { tunnel, variables } of given) {
    const prefix = variablePrefix(tunnel);
    const other = tunnelOfPrefix.get(prefix);
    if (other !== undefined) throw samePrefix(prefix, [other, tunnel]);
    tunnelOfPrefix.set(prefix, tunnel);
    for (const [name, value] of Object.entries(variables)) prefixed[prefix + name] = value;
    if (Object.keys(variables).every((name) => timesNamed.get(name) === 1)) Object.assign(plain, variables);
  }
  const warnings = given.flatMap(({ tunnel, warnings }) =>
    warnings.map((warning) => ({ ...warning, tunnel })),
  );
  return { variables: { ...plain, ...prefixed }, warnings };
}

/** `ORDERS_DB_` of `orders-db`: upper case, and "_" for whatever a variable's name may not hold (POSIX 8.1). */
export function variablePrefix(tunnel: string): string {
  const name = tunnel.toUpperCase().replace(/[^A-Z0-9]/gu, '_');
  return `${/^\d/.test(name) ? '_' : ''}${name}_`;
}

function environmentOf(endpoint: Endpoint): { variables: Variables; warnings: readonly ConnectionWarning[] } {
  const written = writerOf(endpoint.kind, 'env')?.(openEndpoint(endpoint, true));
  if (written?.form !== 'environment') throw new Error(`${endpoint.kind} has no environment`);
  return { variables: written.variables, warnings: written.warnings ?? [] };
}

function samePrefix(prefix: string, tunnels: readonly string[]): AppError {
  return new AppError('SP-USAGE', {
    message: `${tunnels.join(' and ')} cannot run together: the variables of both would begin with ${prefix}`,
    next: 'rename one of them, or run the command with one',
  });
}
