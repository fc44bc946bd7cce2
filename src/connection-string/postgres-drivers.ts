import type { ConnectionWarning, Sslmode } from '../contract/connection-string.ts';
import type { Login } from './endpoint.ts';
import { databasePath, hostPort, percentEncode, query, userInfo } from './percent-encoding.ts';
import {
  effectiveSslmode,
  isCheckedInFull,
  isUnlikeInUrls,
  keyValues,
  libpqHost,
  libpqTls,
  libpqWarnings,
  socketFolder,
} from './postgres-libpq.ts';
import { dialledHost, readerDiffers, warning } from './warnings.ts';
import { cannotSay, known, type Written } from './written.ts';

/** The formats of drivers that are not libpq, each with what it needs behind PgBouncer in transaction mode. */

/** Host and port for a driver that has no hostaddr; for a socket the folder. */
function driverHost(login: Login): { host: string; port: string; warnings: readonly ConnectionWarning[] } {
  const socket = socketFolder(login);
  if (socket) return { host: socket.folder, port: socket.port, warnings: [] };
  const { local } = login;
  if (local.kind !== 'tcp') throw new Error('a local end is a socket or a port');
  return { ...dialledHost(login, local.host), port: String(local.port) };
}

/**
 * pgjdbc: database and property values are URL-decoded, a "+" to a space (jdbc.postgresql.org, "Initializing the Driver"; Driver.parseURL of
 * 42.7 reads every name back). prepareThreshold=0 keeps it from naming statements. Throws SP-USAGE for a unix socket, which needs a further library.
 */
export function jdbcUrl(login: Login): { text: string; warnings: readonly ConnectionWarning[] } {
  if (login.local.kind === 'unix') throw cannotSay('JDBC', 'a unix socket', 'use a local port');
  const { host, port, warnings } = driverHost(login);
  const { database = '', user, password, pooler } = login;
  const parameters = {
    ...known({ user, password }),
    ...libpqTls(login),
    ...known({ prepareThreshold: pooler && '0' }),
  };
  const address = hostPort({ kind: 'tcp', host, port: Number(port) });
  return { text: `jdbc:postgresql://${address}/${percentEncode(database)}${query(parameters)}`, warnings };
}

export function jdbc(login: Login): Written {
  return { form: 'value', ...jdbcUrl(login) };
}

/**
 * SQLAlchemy with psycopg 3: the query's parameters are handed to libpq, so that hostaddr works. SQLAlchemy does not percent-decode the
 * database in the path (engine/url.py, _parse_url), but does in the query, where libpq's own name for it wins (_psycopg_common.py); 2.0 and 2.1
 * read every name back.
 */
export function sqlalchemy(login: Login): Written {
  const { host, hostaddr, port } = libpqHost(login);
  const plain = /^[\w.~-]*$/.test(login.database ?? '');
  const database = plain ? (login.database ?? '') : '';
  const parameters = { ...known({ dbname: plain ? undefined : login.database }), ...libpqTls(login) };
  const start = `postgresql+psycopg://${userInfo(login)}`;
  const text =
    login.local.kind === 'unix'
      ? `${start}/${database}${query({ host, port, ...parameters })}`
      : `${start}${hostPort({ kind: 'tcp', host, port: Number(port) })}/${database}${query({ ...known({ hostaddr }), ...parameters })}`;
  const pooler = login.pooler
    ? [
        warning(
          'transaction-pooler',
          'behind a transaction pooler: create_engine(url, connect_args={"prepare_threshold": None})',
        ),
      ]
    : [];
  return { form: 'value', text, warnings: [...libpqWarnings(login), ...pooler] };
}

const npgsqlSslmode: Record<Sslmode, string> = {
  disable: 'Disable',
  allow: 'Allow',
  prefer: 'Prefer',
  require: 'Require',
  'verify-ca': 'VerifyCA',
  'verify-full': 'VerifyFull',
};

/**
 * Npgsql, with DbConnectionStringBuilder's quoting: a value that is not plain stands in double quotes, with those inside doubled (.NET,
 * "Connection String Syntax"). Behind a transaction pooler DISCARD ALL must not be sent and nothing prepared (npgsql.org, "Compatibility
 * Notes" on PgBouncer).
 */
export function npgsql(login: Login): Written {
  const { host, port, warnings } = driverHost(login);
  const { database, user, password, pooler } = login;
  const sslmode = effectiveSslmode(login);
  const settings = known({
    Host: host,
    Port: port,
    Database: database,
    Username: user,
    Password: password,
    'SSL Mode': sslmode && npgsqlSslmode[sslmode],
    'Root Certificate': sslmode && login.caFile,
    'No Reset On Close': pooler && 'true',
    'Max Auto Prepare': pooler && '0',
  });
  const quoted = (value: string) =>
    /^[^"'=;\s\p{Cc}]+$/u.test(value) ? value : `"${value.replaceAll('"', '""')}"`;
  const text = Object.entries(settings)
    .map(([name, value]) => `${name}=${quoted(value)}`)
    .join(';');
  return { form: 'value', text, warnings };
}

/**
 * pgx: libpq's key/value grammar (pgconn/config.go, parseKeywordValueSettings). It knows no hostaddr, and hands the server what it does not know. The mode exec uses no named statements (pgx.QueryExecModeExec).
 */
export function pgx(login: Login): Written {
  const { host, port, warnings } = driverHost(login);
  const { database, user, password, pooler } = login;
  const text = keyValues(
    known({
      host,
      port,
      dbname: database,
      user,
      password,
      ...libpqTls(login),
      default_query_exec_mode: pooler && 'exec',
    }),
  );
  return { form: 'value', text, warnings };
}

/** Prisma's engines know three modes; sslaccept says whether certificate and name are checked, by default they are not. */
const prismaTls: Record<Exclude<Sslmode, 'verify-ca'>, Record<string, string>> = {
  disable: { sslmode: 'disable' },
  allow: { sslmode: 'prefer' },
  prefer: { sslmode: 'prefer' },
  require: { sslmode: 'require' },
  'verify-full': { sslmode: 'require', sslaccept: 'strict' },
};

/**
 * A line of .env. Everything that dotenv would expand or end the value at is percent-encoded already. A socket's folder stands in the
 * query, beside a host that the URL must have all the same (prisma.io, "PostgreSQL": "Connection details"; quaint, connector/postgres/url.rs).
 * Two programs read it: Prisma's own engines (the client before 7, Migrate), which before 2026 did not decode the database, and
 * node-postgres (the client since 7).
 */
export function prisma(login: Login): Written {
  const { host, port, warnings } = driverHost(login);
  const folder = login.local.kind === 'unix' ? host : undefined;
  const address = hostPort({
    kind: 'tcp',
    host: folder === undefined ? host : 'localhost',
    port: Number(port),
  });
  const sslmode = effectiveSslmode(login);
  if (sslmode === 'verify-ca') {
    throw cannotSay('Prisma', 'sslmode=verify-ca', "use verify-full with the Service's name, or require");
  }
  const parameters = {
    ...known({ host: folder }),
    ...(sslmode && prismaTls[sslmode]),
    ...known({ sslcert: sslmode && login.caFile }),
    ...(login.pooler && { pgbouncer: 'true' }),
  };
  const uri = `postgresql://${userInfo(login)}${address}/${databasePath('Prisma', login.database)}${query(parameters)}`;
  const pooler = login.pooler
    ? [
        warning(
          'transaction-pooler',
          'Prisma Migrate cannot work through a transaction pooler: give it a tunnel to the database itself',
        ),
      ]
    : [];
  const readers: ConnectionWarning[] = [];
  if (isUnlikeInUrls(login.database ?? '')) {
    readers.push(
      readerDiffers("Prisma's engines before 2026 (client before 7, Migrate) get this database's name wrong"),
    );
  }
  if (sslmode !== undefined && isCheckedInFull(sslmode)) {
    readers.push(
      readerDiffers(
        `Prisma 7 and later demand TLS and check certificate and name in full with sslmode=${sslmode}: set \`ssl\` on the adapter where that is too much`,
      ),
    );
  }
  return { form: 'file', text: `DATABASE_URL="${uri}"`, warnings: [...warnings, ...pooler, ...readers] };
}
