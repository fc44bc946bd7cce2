import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = '/usr/lib/postgresql';
const programTimeoutMs = 60_000;

/** Debian's newest server and clients, which belong together; undefined where there are none. */
export const debianPostgres = process.env.SALLYPORT_PG_BIN ?? newest();

function newest(): string | undefined {
  try {
    const [version] = readdirSync(root).sort((a, b) => Number(b) - Number(a));
    return version && `${root}/${version}/bin`;
  } catch {
    return undefined;
  }
}

export interface Login {
  readonly port: number;
  readonly password: string;
  readonly user?: string;
  readonly database?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs one of Postgres' own programs against a local port; gives what it printed, and rejects with its `stderr` when it fails. */
export async function runProgram(program: string, login: Login, args: readonly string[]): Promise<string> {
  const { stdout } = await run(programPath(program), args, {
    timeout: programTimeoutMs,
    maxBuffer: 1 << 26,
    env: programEnv(login),
  });
  return stdout;
}

/** Of the server's version, which may not be the one on PATH. */
export function programPath(program: string): string {
  return debianPostgres ? `${debianPostgres}/${program}` : program;
}

export function programEnv({ port, password, user = 'app', database = 'postgres', env }: Login) {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('PG'));
  return {
    ...Object.fromEntries(kept),
    PGHOST: '127.0.0.1',
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: password,
    PGDATABASE: database,
    PGCONNECT_TIMEOUT: '30',
    ...env,
  };
}

/** One statement through psql, its rows as text without decoration. */
export async function psql(login: Login, ...statements: readonly string[]): Promise<string> {
  const args = statements.flatMap((sql) => ['-c', sql]);
  return (await runProgram('psql', login, ['-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1', ...args])).trim();
}
