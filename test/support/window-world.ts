import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SocketControl } from '../../src/client/socket-control.ts';
import type { Daemon } from '../../src/daemon/daemon.ts';
import { netserverManifest, postgresManifest } from '../../src/sandbox/manifest.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { MemoryKeychain } from '../../src/secret/memory-keychain.ts';
import { product } from './command.ts';
import { DaemonHome } from './daemon-fixture.ts';
import { app } from './real-database.ts';

const builtPage = fileURLToPath(new URL('../../dist/renderer', import.meta.url));

/** A cluster with a real Postgres and a daemon that serves the built page, with profiles in all the states that there are. */
export interface WindowWorld extends AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly home: DaemonHome;
  readonly control: SocketControl;
  /** An address that opens the page once. */
  address(): Promise<string>;
  /** Ends the daemon, as a crash or an update does. */
  stopDaemon(): Promise<void>;
  startDaemon(): Promise<void>;
}

type Profiles = Readonly<Record<string, object>>;

export interface WindowWorldOptions {
  /** Default: some in each state. */
  readonly profiles?: Profiles | ((sandbox: Sandbox) => Profiles);
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  /** Of the daemon. */
  readonly version?: string;
  /** Sources of shared profiles, as the user's own file names them. */
  readonly sources?: Readonly<Record<string, object>>;
}

export async function startWindowWorld(options: WindowWorldOptions = {}): Promise<WindowWorld> {
  await using stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), 'window-sandbox-'));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const manifest = [
    ...postgresManifest({ user: app.user, database: app.database, password: app.password }),
    ...netserverManifest(),
  ];
  const sandbox = await startSandbox({ dir, manifest });
  stack.defer(() => sandbox.stop());
  await sandbox.controls.pods.until('default/postgres-0');
  const home = stack.use(await DaemonHome.create({ KUBECONFIG: sandbox.kubeconfigPath }));
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  stack.defer(() => void taken.close());
  const address = taken.address();
  const takenPort = typeof address === 'object' && address ? address.port : 0;
  const { profiles: given = () => sampleProfiles(sandbox, takenPort), groups = sampleGroups } = options;
  const profiles = typeof given === 'function' ? given(sandbox) : given;
  const { sources, version = '1.0.0-test' } = options;
  await home.writeProfiles({ profiles, groups: options.profiles ? {} : groups, ...(sources && { sources }) });
  const keychain = new MemoryKeychain();
  let daemon: Daemon | undefined;
  const startDaemon = async () => {
    daemon = await home.start({
      pageFolder: builtPage,
      version,
      keychain,
      sandboxCommand: [process.execPath, product, 'sandbox-process'],
    });
  };
  const stopDaemon = async () => {
    await daemon?.[Symbol.asyncDispose]();
    daemon = undefined;
  };
  stack.defer(stopDaemon);
  await startDaemon();
  const control = stack.use(home.control({ version }));
  const owned = stack.move();
  return {
    sandbox,
    home,
    control,
    address: async () => (await control.call('ui', {})).url,
    stopDaemon,
    startDaemon,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const sampleGroups = {
  shop: ['orders-db', 'reports', 'payroll', 'cache'],
};

function sampleProfiles({ server }: Sandbox, takenPort: number): Record<string, object> {
  const profile = (target: string, port: number | string, rest: object = {}) => ({
    cluster: { server },
    namespace: 'default',
    target,
    port,
    ...rest,
  });
  const postgres = {
    kind: 'postgres',
    connection: { database: app.database, user: app.user },
  };
  const staging = { policy: { environment: 'staging' } };
  return {
    'orders-db': profile('statefulset/postgres/0', 5432, {
      ...postgres,
      ...staging,
      description: 'Orders and payments of the shop',
    }),
    reports: profile('service/reports', 5432, { ...postgres, ...staging }),
    payroll: profile('statefulset/postgres/0', 5432, {
      ...postgres,
      policy: { environment: 'production', reason: { pattern: '^[A-Z]+-[0-9]+', example: 'PAY-117' } },
    }),
    cache: profile('service/net', 'echo', { ...staging, kind: 'redis' }),
    billing: profile('statefulset/postgres/0', 5432, { ...postgres, local: takenPort }),
    'analytics-warehouse-replica-of-the-orders-eu-west-1': profile('service/postgres', 5432, postgres),
    echo: profile('service/net', 'echo', { kind: 'tcp' }),
  };
}
