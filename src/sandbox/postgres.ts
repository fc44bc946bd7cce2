import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ContainerProcess, ContainerStart, ExitStatus } from './container.ts';
import { killTogether } from './kill-together.ts';
import { findPostgres, type PostgresBinaries } from './postgres-binaries.ts';
import { removeSharedMemory, sharedMemorySettings } from './shared-memory.ts';
import { Watchdog } from './watchdog.ts';

const run = promisify(execFile);
const prepareTimeoutMs = 60_000;
const logLimitBytes = 8 << 10;

interface Home {
  /** Owned by the user who runs Postgres, 0700. */
  readonly folder: string;
  readonly binaries: PostgresBinaries;
  /** Set where this process is root, which Postgres refuses to be. */
  readonly runAs: { readonly uid: number; readonly gid: number } | undefined;
  readonly watchdog: Watchdog;
}

/**
 * Containers of the image `postgres`: real Postgres servers, as local processes. POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB are
 * honoured at the first start; a pod's data is kept by the pod's name until the sandbox ends. Passwords are asked for everywhere,
 * by SCRAM. The server listens on the pod's address alone. As root it runs as `nobody`.
 */
export class PostgresImage implements AsyncDisposable {
  readonly #dir: string;
  #home: Promise<Home> | undefined;
  readonly #resources = new AsyncDisposableStack();

  constructor(dir: string) {
    this.#dir = dir;
  }

  async start(start: ContainerStart): Promise<ContainerProcess> {
    this.#home ??= this.#prepare();
    const home = await this.#home;
    const { namespace, name } = start.pod.metadata;
    const dataDir = join(home.folder, `${namespace}_${name}`);
    if (!(await exists(dataDir))) {
      await this.#createDatabase(home, dataDir, start.env);
      this.#resources.defer(() => removeSharedMemory(dataDir));
    }
    return startServer(home, dataDir, start);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#home?.catch(() => {});
    await this.#resources.disposeAsync();
  }

  async #prepare(): Promise<Home> {
    const isRoot = process.getuid?.() === 0;
    const runAs = isRoot ? await nobody() : undefined;
    // The sandbox's folder is closed to others, and so may be the folders above it.
    const folder = await mkdtemp(
      isRoot ? join(tmpdir(), 'sallyport-sandbox-') : join(this.#dir, 'postgres-'),
    );
    const watchdog = this.#resources.use(new Watchdog(folder));
    watchdog.start();
    this.#resources.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
    if (runAs) await chown(folder, runAs.uid, runAs.gid);
    const binaries = await findPostgres({ scratchDir: folder, asOtherUser: runAs !== undefined });
    return { folder, binaries, runAs, watchdog };
  }

  /** Made under another name and renamed when complete, so that what was interrupted is never taken for a database. */
  async #createDatabase(home: Home, dataDir: string, env: Readonly<Record<string, string>>): Promise<void> {
    const { binaries, runAs } = home;
    const user = env.POSTGRES_USER ?? 'postgres';
    const database = env.POSTGRES_DB ?? user;
    if (!env.POSTGRES_PASSWORD) throw new Error('POSTGRES_PASSWORD is not set');
    const unfinished = `${dataDir}.unfinished`;
    const passwordFile = `${dataDir}.password`;
    const options = { ...runAs, cwd: home.folder, env: environment(), timeout: prepareTimeoutMs };
    try {
      await rm(unfinished, { recursive: true, force: true });
      await writeFile(passwordFile, `${env.POSTGRES_PASSWORD}\n`, { mode: 0o600 });
      if (runAs) await chown(passwordFile, runAs.uid, runAs.gid);
      await run(
        binaries.initdb,
        [
          `--pgdata=${unfinished}`,
          `--username=${user}`,
          `--pwfile=${passwordFile}`,
          '--auth=scram-sha-256',
          '--encoding=UTF8',
          '--locale-provider=builtin',
          '--builtin-locale=C.UTF-8',
          '--locale=C',
          '--no-sync',
          '--no-instructions',
        ],
        options,
      );
      if (database !== 'postgres') {
        // The server's single-user mode needs neither a port nor a client.
        const single = run(
          binaries.postgres,
          ['--single', '-D', unfinished, '-c', 'fsync=off', 'postgres'],
          options,
        );
        single.child.stdin?.end(`CREATE DATABASE "${database.replaceAll('"', '""')}"\n`);
        await single;
      }
      await rename(unfinished, dataDir);
    } finally {
      await rm(passwordFile, { force: true });
    }
  }
}

async function startServer(home: Home, dataDir: string, start: ContainerStart): Promise<ContainerProcess> {
  const { network, container } = start;
  const port = container.ports?.[0]?.containerPort ?? 5432;
  const settings = {
    listen_addresses: network.address,
    port: String(network.portFor(port)),
    unix_socket_directories: '',
    shared_buffers: '16MB',
    ...sharedMemorySettings,
    // What is kept must outlive the process, not the machine.
    fsync: 'off',
  };
  const server = spawn(
    home.binaries.postgres,
    [
      '-D',
      dataDir,
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ...(container.args ?? []),
    ],
    {
      ...home.runAs,
      cwd: dataDir,
      env: environment(),
      stdio: ['ignore', 'ignore', 'pipe'],
      // A group of its own: Ctrl-C in the terminal is for the sandbox, which then ends its pods in order.
      detached: true,
    },
  );
  let log = '';
  const serving = Promise.withResolvers<void>();
  server.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-logLimitBytes);
    // Before this line the port already answers, with "the database system is starting up".
    if (log.includes('database system is ready to accept connections')) serving.resolve();
  });
  await once(server, 'spawn');
  const pid = server.pid!;
  home.watchdog.add(pid);
  const exited = once(server, 'exit').then(async ([code, signal]): Promise<ExitStatus> => {
    home.watchdog.remove(pid);
    if (code === 0) return { exitCode: 0 };
    if (signal !== null) return { exitCode: 137, signal: 9 };
    await once(server, 'close');
    return { exitCode: code, message: log.trim() };
  });
  return {
    exited,
    serving: serving.promise,
    // The official image stops by SIGINT too: sessions end, data is written, nothing waits for clients.
    stop: () => {
      if (isRunning(server)) server.kill('SIGINT');
    },
    kill: () => {
      if (isRunning(server)) killTogether(pid);
    },
  };
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

/** Messages in English, and none of the caller's PG* settings. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^PG|^LC_|^LANG/.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: 'C' };
}

async function nobody(): Promise<{ uid: number; gid: number }> {
  const [uid, gid] = await Promise.all([run('id', ['-u', 'nobody']), run('id', ['-g', 'nobody'])]);
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );
