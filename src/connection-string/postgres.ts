import type { FormatOf } from '../contract/connection-format.ts';
import type { ConnectionWarning } from '../contract/connection-string.ts';
import type { Login } from './endpoint.ts';
import { jdbc, npgsql, pgx, prisma, sqlalchemy } from './postgres-drivers.ts';
import { datagrip, dbeaver } from './postgres-ide.ts';
import {
  environmentWarnings,
  keyValues,
  libpqHost,
  libpqParameters,
  libpqTls,
  libpqWarnings,
  postgresUri,
  postgresVariables,
  serviceEntry,
  uriWarnings,
} from './postgres-libpq.ts';
import { warning } from './warnings.ts';
import { type FormatWriter, known, type Written } from './written.ts';

export const postgresFormats: Record<FormatOf<'postgres'>, FormatWriter> = {
  psql,
  uri: (login) => ({
    form: 'value',
    text: postgresUri(login, { ...known({ hostaddr: libpqHost(login).hostaddr }), ...libpqTls(login) }),
    warnings: [...uriWarnings(login), ...poolerWarnings(login)],
  }),
  libpq: (login) => ({
    form: 'value',
    text: keyValues(libpqParameters(login)),
    warnings: [...libpqWarnings(login), ...poolerWarnings(login)],
  }),
  jdbc,
  sqlalchemy,
  npgsql,
  pgx,
  prisma,
  'pg-service': (login) => ({
    form: 'file',
    text: serviceEntry(login),
    warnings: [...libpqWarnings(login), ...poolerWarnings(login)],
  }),
  dbeaver,
  datagrip,
  env: (login) => ({
    form: 'environment',
    variables: postgresVariables(login),
    warnings: [...environmentWarnings(login), ...poolerWarnings(login)],
  }),
};

/** psql names no statements by itself, so that a transaction pooler needs nothing. The password goes by PGPASSWORD: arguments are public. */
function psql(login: Login): Written {
  const { password, ...rest } = login;
  return {
    form: 'command',
    command: {
      environment: known({ PGPASSWORD: password }),
      words: ['psql', keyValues(libpqParameters({ ...rest, password: undefined }))],
    },
    warnings: libpqWarnings(login),
  };
}

/** Where any driver may read the string, each is told what it needs in its code. */
function poolerWarnings({ pooler }: Login): ConnectionWarning[] {
  if (!pooler) return [];
  return [
    warning(
      'transaction-pooler',
      'behind a transaction pooler no statement may be kept prepared: psycopg 3 prepare_threshold=None, asyncpg statement_cache_size=0, postgres.js prepare: false; psql and node-postgres without named queries need nothing; JDBC, pgx, Npgsql and Prisma have formats of their own',
    ),
  ];
}
