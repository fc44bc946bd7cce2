import { existsSync } from 'node:fs';

/** Where PgBouncer is, as Debian's package has it or as SALLYPORT_PGBOUNCER says; undefined where there is none. */
export const pgbouncer = [process.env.SALLYPORT_PGBOUNCER, '/usr/sbin/pgbouncer', '/usr/bin/pgbouncer'].find(
  (path) => path !== undefined && existsSync(path),
);

interface Pooler {
  readonly address: string;
  readonly port: number;
  readonly server: { readonly address: string; readonly port: number };
  /** Of the file with the users' passwords. */
  readonly users: string;
  /** Lines of its own section; they count before the defaults. */
  readonly more?: readonly string[];
}

/** The text of pgbouncer.ini: all databases of one server, in transaction mode unless told otherwise. */
export function pgbouncerConfig({ address, port, server, users, more = [] }: Pooler): string {
  const mode = more.some((line) => line.startsWith('pool_mode')) ? [] : ['pool_mode = transaction'];
  return [
    '[databases]',
    `* = host=${server.address} port=${server.port}`,
    '[pgbouncer]',
    `listen_addr = ${address}`,
    `listen_port = ${port}`,
    'auth_type = scram-sha-256',
    `auth_file = ${users}`,
    'unix_socket_dir =',
    ...mode,
    ...more,
    '',
  ].join('\n');
}

export function pgbouncerUsers({
  user,
  password,
}: {
  readonly user: string;
  readonly password: string;
}): string {
  return `"${user}" "${password}"\n`;
}
