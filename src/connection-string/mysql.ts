import type { FormatOf } from '../contract/connection-format.ts';
import type { ConnectionWarning, Sslmode } from '../contract/connection-string.ts';
import type { Login } from './endpoint.ts';
import { databasePath, hostPort, percentEncode, query, userInfo } from './percent-encoding.ts';
import { dialledHost, readerDiffers } from './warnings.ts';
import { cannotSay, type FormatWriter, known, type Variables, type Written } from './written.ts';

export const mysqlFormats: Record<FormatOf<'mysql'>, FormatWriter> = {
  mysql,
  uri: (login) => ({ form: 'value', text: mysqlUri(login), warnings: uriWarnings(login) }),
  jdbc,
  go,
  env: (login) => ({
    form: 'environment',
    variables: mysqlVariables(login),
    warnings: uriWarnings(login),
  }),
};

/** --ssl-mode of MySQL's own clients and URIs; Connector/J has the same names for sslMode. */
const tlsMode: Record<Sslmode, string> = {
  disable: 'DISABLED',
  allow: 'PREFERRED',
  prefer: 'PREFERRED',
  require: 'REQUIRED',
  'verify-ca': 'VERIFY_CA',
  'verify-full': 'VERIFY_IDENTITY',
};

function mysqlHost(login: Login) {
  const { local } = login;
  return local.kind === 'tcp' ? dialledHost(login, local.host) : { host: 'localhost', warnings: [] };
}

function mysqlAddress(login: Login): string | undefined {
  const { local } = login;
  return local.kind === 'tcp' ? hostPort({ ...local, host: mysqlHost(login).host }) : undefined;
}

/**
 * The client's command. Values are joined to their options, so that none is taken for an option; the protocol is named, because the client
 * dials a socket for "localhost". The password goes by MYSQL_PWD: arguments are public (MySQL manual, "Connection Options",
 * "Environment Variables"). MariaDB's client takes all of it but --ssl-mode.
 */
function mysql(login: Login): Written {
  const { local, database, user, password, sslmode, caFile } = login;
  const { host, warnings } = mysqlHost(login);
  const where =
    local.kind === 'tcp'
      ? ['--protocol=TCP', `--host=${host}`, `--port=${local.port}`]
      : ['--protocol=SOCKET', `--socket=${local.path}`];
  const options = Object.entries(
    known({ user, database, 'ssl-mode': sslmode && tlsMode[sslmode], 'ssl-ca': caFile }),
  );
  const words = ['mysql', ...where, ...options.map(([name, value]) => `--${name}=${value}`)];
  const client = sslmode
    ? [
        readerDiffers(
          "MariaDB's mysql command ends at --ssl-mode: there it is --ssl, --ssl-verify-server-cert or --skip-ssl",
        ),
      ]
    : [];
  return {
    form: 'command',
    command: { environment: known({ MYSQL_PWD: password }), words },
    warnings: [...warnings, ...client],
  };
}

/** A driver that leaves ssl-mode out sends everything in clear text without a word, so that it has to be said. */
function uriWarnings(login: Login): ConnectionWarning[] {
  const { sslmode } = login;
  const warnings = [...mysqlHost(login).warnings];
  if (sslmode && tlsMode[sslmode] !== 'DISABLED') {
    warnings.push(
      readerDiffers(
        'ssl-mode in a URI is known to MySQL Shell and few others: mysql2 for Node.js connects without TLS unless its option `ssl` is set',
      ),
    );
  }
  return warnings;
}

/** MySQL's URI; a socket stands percent-encoded in the place of the host ("Connecting to the Server Using URI-Like Strings"). */
function mysqlUri(login: Login): string {
  const { local, database, sslmode, caFile } = login;
  const address = local.kind === 'unix' ? percentEncode(local.path) : mysqlAddress(login);
  const parameters = known({ 'ssl-mode': sslmode && tlsMode[sslmode], 'ssl-ca': caFile });
  return `mysql://${userInfo(login)}${address}/${databasePath('a MySQL URI', database)}${query(parameters)}`;
}

/**
 * Connector/J decodes the database and the values of its properties (MySQL Connector/J, "Connection URL Syntax"), and then trims the
 * database of everything up to U+0020 (ConnectionUrlParser of 9.1).
 */
function jdbc(login: Login): Written {
  const address = mysqlAddress(login);
  if (address === undefined) throw cannotSay('JDBC', 'a unix socket', 'use a local port');
  const { database = '', user, password, sslmode } = login;
  if (/^[\0- ]|[\0- ]$/.test(database)) {
    throw cannotSay('Connector/J', 'a database that begins or ends with a blank', 'take another format');
  }
  const parameters = known({ user, password, sslMode: sslmode && tlsMode[sslmode] });
  const text = `jdbc:mysql://${address}/${percentEncode(database)}${query(parameters)}`;
  return { form: 'value', text, warnings: mysqlHost(login).warnings };
}

const goTls: Record<Exclude<Sslmode, 'verify-ca'>, string> = {
  disable: 'false',
  allow: 'preferred',
  prefer: 'preferred',
  require: 'skip-verify',
  'verify-full': 'true',
};

/**
 * go-sql-driver's DSN, `user:password@tcp(host:port)/database`. Only the database is percent-decoded (since 1.8); user and password stand
 * as they are: the first ":" ends the user, the last "@" before the last "/" ends the password (dsn.go, ParseDSN).
 */
function go(login: Login): Written {
  const { local, database = '', user, password, sslmode } = login;
  if (user?.includes(':'))
    throw cannotSay("go-sql-driver's DSN", 'a user with ":"', 'set User in its Config');
  if (sslmode === 'verify-ca') {
    throw cannotSay("go-sql-driver's DSN", 'sslmode=verify-ca', 'register a tls.Config, or use verify-full');
  }
  if (local.kind === 'unix' && /[@()]/.test(local.path)) {
    throw cannotSay("go-sql-driver's DSN", 'a socket with "@" or brackets in its path', 'use a local port');
  }
  const address = local.kind === 'unix' ? `unix(${local.path})` : `tcp(${mysqlAddress(login)})`;
  const secret = password === undefined ? '' : `:${password}`;
  const credentials = user === undefined && password === undefined ? '' : `${user ?? ''}${secret}@`;
  const parameters = known({ tls: sslmode && goTls[sslmode] });
  const text = `${credentials}${address}/${percentEncode(database)}${query(parameters)}`;
  return { form: 'value', text, warnings: mysqlHost(login).warnings };
}

/** MYSQL_TCP_PORT, MYSQL_UNIX_PORT and MYSQL_PWD are the clients' own; the others are what applications commonly read. */
function mysqlVariables(login: Login): Variables {
  const { local, database, user, password } = login;
  const port = local.kind === 'tcp' ? String(local.port) : undefined;
  return known({
    MYSQL_HOST: mysqlHost(login).host,
    MYSQL_PORT: port,
    MYSQL_TCP_PORT: port,
    MYSQL_UNIX_PORT: local.kind === 'unix' ? local.path : undefined,
    MYSQL_DATABASE: database,
    MYSQL_USER: user,
    MYSQL_PASSWORD: password,
    MYSQL_PWD: password,
    DATABASE_URL: mysqlUri(login),
  });
}
