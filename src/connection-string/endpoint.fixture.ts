import * as fc from 'fast-check';
import { AppError } from '../base/app-error.ts';
import { Secret } from '../base/secret.ts';
import type { ConnectionFormat } from '../contract/connection-format.ts';
import type { Shell } from '../contract/connection-string.ts';
import { connectionString } from './connection-string.ts';
import type { Endpoint } from './endpoint.ts';

export const password = 'p@ss:w/o\'r"d %$\\';

/** The endpoint that written-down examples are about. */
export const orders: Endpoint = {
  tunnel: 'orders-db',
  kind: 'postgres',
  local: { kind: 'tcp', host: '127.0.0.1', port: 15432 },
  database: 'orders',
  user: 'app',
  password: new Secret(password),
};

/** The text of a format, with the password unless told otherwise. */
export function text(
  endpoint: Endpoint,
  format: ConnectionFormat,
  { shell = 'sh', withPassword = true }: { shell?: Shell; withPassword?: boolean } = {},
): string {
  return connectionString(endpoint, { format, shell, withPassword }).text;
}

export function codes(endpoint: Endpoint, format: ConnectionFormat): string[] {
  return connectionString(endpoint, { format }).warnings.map(({ code }) => code);
}

/** The sentence of the refusal; throws where it was written after all. */
export function refusal(write: () => unknown): string {
  try {
    write();
  } catch (error) {
    if (error instanceof AppError && error.code === 'SP-USAGE') return error.message;
    throw error;
  }
  throw new Error('it was not refused');
}

const hostile = fc.constantFrom(
  ...'\'"\\`$%&|;:,./?#@!*()[]{}<>=+-~^ \t\r\n\u0001\u007f\u0085\u00a0\u2018\u2019\u201a\u201b\u201c\u2028\ufeff\uffff',
  '${',
  '.',
  '..',
  '%20',
  '%2F',
  '://',
  "''",
  '--',
  '&amp;',
  'é',
  '日本',
  '🐘',
);

/** Anything a server can have for a name or password: any Unicode but NUL, thick with what some format gives a meaning. */
export const anyName: fc.Arbitrary<string> = fc
  .array(fc.oneof(hostile, fc.string({ unit: 'binary', minLength: 1, maxLength: 8 })), {
    minLength: 1,
    maxLength: 8,
  })
  .map((parts) => parts.join('').replaceAll('\0', ''))
  // A name of dots alone is refused by some formats: their tests say so.
  .filter((name) => !/^\.{0,2}$/.test(name));

export interface Names {
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

export const anyNames: fc.Arbitrary<Names> = fc.record({
  database: anyName,
  user: anyName,
  password: anyName,
});

export function withNames(endpoint: Endpoint, names: Names): Endpoint {
  return { ...endpoint, ...names, password: new Secret(names.password) };
}
