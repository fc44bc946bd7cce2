import type { ConnectionWarning, Sslmode } from '../contract/connection-string.ts';
import type { Login } from './endpoint.ts';
import { hostPort, percentEncode, query, userInfo } from './percent-encoding.ts';
import { certificateName, hostsEntry, readerDiffers, warning } from './warnings.ts';
import { cannotSay, known, type Variables } from './written.ts';

/**
 * libpq's formats: parameters, key/value string, URI, service file, environment (PostgreSQL documentation, chapter "libpq": "Connection Strings",
 * "Environment Variables", "The Connection Service File"). What other drivers make of a URI was tried with node-postgres
 * (pg-connection-string 2.14), postgres.js 3.4, pgx 5.12, lib/pq 1.12, asyncpg 0.32 and psycopg.
 */

/** libpq finds a socket by its folder and a port. Throws SP-USAGE for any other name, and where TLS is demanded, which libpq does not speak there. */
export function socketFolder({ local, sslmode }: Login): { folder: string; port: string } | undefined {
  if (local.kind !== 'unix') return undefined;
  const found = /^(.+)\/\.s\.PGSQL\.(\d{1,5})$/.exec(local.path);
  if (!found) {
    throw cannotSay(
      'PostgreSQL',
      `the socket ${local.path}`,
      'its file must be named .s.PGSQL.PORT, in a folder of its own',
    );
  }
  const [, folder = '', port = ''] = found;
  if (folder.includes(',')) {
    throw cannotSay(
      'PostgreSQL',
      `the folder ${folder}`,
      'a comma separates hosts: use a folder without one',
    );
  }
  if (sslmode === 'require' || sslmode?.startsWith('verify')) {
    throw cannotSay(
      'PostgreSQL',
      `sslmode=${sslmode} for a unix socket`,
      'clients speak no TLS there: use a local port',
    );
  }
  return { folder, port };
}

/** sslmode where it has a meaning. */
export function effectiveSslmode({ local, sslmode }: Login): Sslmode | undefined {
  return local.kind === 'unix' ? undefined : sslmode;
}

/** TLS in libpq's words, which other drivers have taken over. */
export function libpqTls(login: Login): Record<string, string> {
  const sslmode = effectiveSslmode(login);
  return known({ sslmode, sslrootcert: sslmode && login.caFile });
}

interface LibpqHost {
  readonly host: string;
  /** Dialled instead of `host`, which is then only the name that the certificate must have. */
  readonly hostaddr?: string | undefined;
  readonly port: string;
}

export function libpqHost(login: Login): LibpqHost {
  const socket = socketFolder(login);
  if (socket) return { host: socket.folder, port: socket.port };
  const { local, sslmode, serverName } = login;
  if (local.kind !== 'tcp') throw new Error('a local end is a socket or a port');
  const port = String(local.port);
  if (sslmode !== 'verify-full' || serverName === undefined) return { host: local.host, port };
  return { host: serverName, hostaddr: local.host, port };
}

export function libpqWarnings(login: Login): ConnectionWarning[] {
  const { local, sslmode, serverName } = login;
  if (local.kind === 'unix' || sslmode !== 'verify-full' || serverName !== undefined) return [];
  return [certificateName(local.host)];
}

/** The parameters by libpq's names, in the order people write them. */
export function libpqParameters(login: Login): Record<string, string> {
  const { host, hostaddr, port } = libpqHost(login);
  const { database, user, password } = login;
  return { ...known({ host, hostaddr, port, dbname: database, user, password }), ...libpqTls(login) };
}

/** `host=127.0.0.1 dbname='it''s'` with backslashes before quotes and backslashes; pgx reads the same grammar. */
export function keyValues(parameters: Readonly<Record<string, string>>): string {
  return Object.entries(parameters)
    .map(([name, value]) => {
      const plain = /^[\w./:@%+-]+$/.test(value);
      return `${name}=${plain ? value : `'${value.replace(/[\\']/g, '\\$&')}'`}`;
    })
    .join(' ');
}

/**
 * `postgresql://user:password@host:port/database?…`. A socket's folder goes into the query, because Go and WHATWG URLs do not allow it,
 * percent-encoded, as a host.
 */
export function postgresUri(login: Login, parameters: Readonly<Record<string, string>>): string {
  const { host, port } = libpqHost(login);
  const database = login.database === undefined ? '' : percentEncode(login.database);
  const start = `postgresql://${userInfo(login)}`;
  if (login.local.kind === 'unix') return `${start}/${database}${query({ host, port, ...parameters })}`;
  return `${start}${hostPort({ kind: 'tcp', host, port: Number(port) })}/${database}${query(parameters)}`;
}

/** What the URI is read by decides what works: libpq takes all of it, others a part. */
export function uriWarnings(login: Login): ConnectionWarning[] {
  const { hostaddr, host } = libpqHost(login);
  const warnings = [...libpqWarnings(login), ...readerWarnings(login)];
  if (hostaddr !== undefined) {
    // node-postgres leaves it out; the others hand it to the server as a setting, which refuses it.
    warnings.push(
      warning(
        'hosts-entry',
        `node-postgres, postgres.js, pgx and asyncpg know no hostaddr: for them take it out of the URI and add the line "${hostaddr} ${host}" to the hosts file`,
      ),
    );
  }
  return warnings;
}

/** Of DATABASE_URL, which stands beside libpq's own variables. */
export function environmentWarnings(login: Login): ConnectionWarning[] {
  const { hostaddr, host } = libpqHost(login);
  const warnings = [...libpqWarnings(login), ...readerWarnings(login)];
  if (hostaddr !== undefined) warnings.push(hostsEntry(host, hostaddr, 'a client without libpq'));
  return warnings;
}

function readerWarnings(login: Login): ConnectionWarning[] {
  const { database = '' } = login;
  const warnings: ConnectionWarning[] = [];
  if (isUnlikeInUrls(database)) {
    // decodeURI leaves %2F and the like as they are, and a WHATWG URL drops dots for folders.
    const nodePostgres = /[;/?:@&=+$,#]|^\.\.?$/.test(database);
    const who = nodePostgres ? 'node-postgres and postgres.js get' : 'postgres.js gets';
    warnings.push(
      readerDiffers(`${who} this database's name wrong in a URI: pass it as the option \`database\``),
    );
  }
  const sslmode = effectiveSslmode(login);
  if (sslmode !== undefined && isCheckedInFull(sslmode)) {
    warnings.push(
      readerDiffers(
        `node-postgres demands TLS and checks certificate and name in full with sslmode=${sslmode}: set its option \`ssl\` where that is too much`,
      ),
    );
  }
  if (login.local.kind === 'unix') {
    warnings.push(
      readerDiffers('postgres.js takes no URI without a host: pass it the options `host` and `port`'),
    );
  }
  return warnings;
}

/** Whether readers differ on a database's name in a URL's path: some do not decode it. */
export function isUnlikeInUrls(database: string): boolean {
  return !/^[\w.~-]*$/.test(database) || /^\.\.?$/.test(database);
}

/** Whether node-postgres takes it for verify-full, as it does until its version 9. */
export function isCheckedInFull(sslmode: Sslmode): boolean {
  return sslmode !== 'disable' && sslmode !== 'verify-full';
}

/**
 * An entry of pg_service.conf. The file has no quoting: a value runs to the end of its line, and clients differ on the spaces around it
 * (libpq keeps those before, pgx and pgjdbc trim both). libpq 17 and older reads lines of at most 1,021 bytes (fe-connect.c, parseServiceFile).
 */
export function serviceEntry(login: Login): string {
  const parameters = libpqParameters(login);
  for (const [name, value] of Object.entries(parameters)) {
    const why = serviceRefusal(name, value);
    if (why)
      throw cannotSay(
        'pg_service.conf',
        `a ${name} ${why}`,
        'take another format, or a password file for a password',
      );
  }
  return [`[${login.tunnel}]`, ...Object.entries(parameters).map(([name, value]) => `${name}=${value}`)].join(
    '\n',
  );
}

const serviceLineLimitBytes = 1021;

function serviceRefusal(name: string, value: string): string | undefined {
  if (/[\r\n]/.test(value)) return 'with a line break';
  // The C locale's isspace() knows \v and \f, which trim() removes as well.
  if (value.trim() !== value) return 'that begins or ends with a space';
  if (Buffer.byteLength(`${name}=${value}`) > serviceLineLimitBytes)
    return 'that is longer than a line may be';
  return undefined;
}

/**
 * The variables of `run`: libpq's own, and DATABASE_URL for everything else. That one carries no hostaddr, which most drivers hand to the
 * server as a setting: libpq adds PGHOSTADDR to whatever a URI leaves open.
 */
export function postgresVariables(login: Login): Variables {
  const { host, hostaddr, port } = libpqHost(login);
  const { sslmode, sslrootcert } = libpqTls(login);
  return known({
    PGHOST: host,
    PGHOSTADDR: hostaddr,
    PGPORT: port,
    PGDATABASE: login.database,
    PGUSER: login.user,
    PGPASSWORD: login.password,
    PGSSLMODE: sslmode,
    PGSSLROOTCERT: sslrootcert,
    DATABASE_URL: postgresUri(login, libpqTls(login)),
  });
}
