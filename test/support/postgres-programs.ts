import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { postgresLogin } from './manifests.ts';

const run = promisify(execFile);
const programTimeoutMs = 60_000;
const maxOutputBytes = 64 * 1024 * 1024;

/** Debian keeps several versions side by side; the wrappers on PATH may pick a newer one than the server's. */
export const postgresPrograms = process.env.SALLYPORT_PG_BIN;

/** PATH of somebody who finds these programs on it. */
export function pathToPostgres(path = process.env.PATH): string {
  return [postgresPrograms, path].filter(Boolean).join(':');
}

/** What a shell prints for a psql command as it was copied, with one statement for it. */
export async function runCopied(command: string, sql: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout } = await run('sh', ['-c', `${command} -XAtc '${sql}'`], {
    timeout: programTimeoutMs,
    env: { ...process.env, PATH: pathToPostgres(), ...env },
  });
  return stdout.trim();
}

/** Runs one of Postgres' own programs through a local port and gives what it printed. Rejects when it fails. */
export async function runPostgres(
  program: 'psql' | 'pgbench' | 'pg_dump',
  port: number,
  args: readonly string[],
): Promise<string> {
  const path = postgresPrograms ? `${postgresPrograms}/${program}` : program;
  const { stdout } = await run(path, args, {
    timeout: programTimeoutMs,
    maxBuffer: maxOutputBytes,
    env: {
      ...process.env,
      PGHOST: '127.0.0.1',
      PGPORT: String(port),
      PGUSER: postgresLogin.user,
      PGPASSWORD: postgresLogin.password,
      PGDATABASE: postgresLogin.database,
      PGSSLMODE: 'prefer',
    },
  });
  return stdout;
}

/** One statement through psql, its rows as text without decoration. */
export async function query(port: number, sql: string): Promise<string> {
  return (await runPostgres('psql', port, ['-X', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-c', sql])).trim();
}
