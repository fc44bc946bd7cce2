import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { DaemonPlaces } from '../../src/base/daemon-places.ts';
import { daemonPlaces } from '../../src/base/daemon-places.ts';
import type { Control } from '../../src/client/control.ts';
import type { ControlView } from '../../src/client/control-view.ts';
import { SocketControl, type SocketControlOptions } from '../../src/client/socket-control.ts';
import type { TunnelEntity } from '../../src/contract/control-tunnel.ts';
import { type Daemon, type DaemonOptions, startDaemon } from '../../src/daemon/daemon.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts';
import { expectNoHandles } from './no-handles.ts';

/** A user of the machine with folders of their own; gone with the test. */
export class DaemonHome implements AsyncDisposable {
  readonly dir: string;
  readonly places: DaemonPlaces;
  readonly env: NodeJS.ProcessEnv;

  constructor(dir: string, env: NodeJS.ProcessEnv) {
    this.dir = dir;
    this.env = env;
    const at = (name: string) => join(dir, name, 'sallyport');
    this.places = daemonPlaces({
      env: { XDG_RUNTIME_DIR: join(dir, 'run') },
      platform: 'linux',
      folders: { config: at('config'), data: at('data'), cache: at('cache'), log: at('state') },
    });
  }

  static async create(env: NodeJS.ProcessEnv = {}): Promise<DaemonHome> {
    const dir = await mkdtemp(join(tmpdir(), 'daemon-test-'));
    await mkdir(join(dir, 'run'), { mode: 0o700 });
    return new DaemonHome(dir, { PATH: process.env.PATH, HOME: dir, ...env });
  }

  /** The user's own profiles, as YAML's superset of JSON. */
  async writeProfiles(content: object): Promise<void> {
    await mkdir(this.places.folders.config, { recursive: true, mode: 0o700 });
    await writeFile(this.places.userFile, JSON.stringify({ version: 1, ...content }, undefined, 1));
  }

  /** For a daemon that is a process of its own. */
  get processEnv(): NodeJS.ProcessEnv {
    const at = (name: string) => join(this.dir, name);
    return {
      ...this.env,
      XDG_RUNTIME_DIR: at('run'),
      XDG_CONFIG_HOME: at('config'),
      XDG_DATA_HOME: at('data'),
      XDG_CACHE_HOME: at('cache'),
      XDG_STATE_HOME: at('state'),
    };
  }

  start(options: Partial<DaemonOptions> = {}): Promise<Daemon> {
    return startDaemon({
      places: this.places,
      version: '1.0.0-test',
      env: this.env,
      home: this.dir,
      logLevel: 'debug',
      ...options,
    });
  }

  control(options: Partial<SocketControlOptions> = {}): SocketControl {
    return new SocketControl({ socketPath: this.places.socket, version: '1.0.0-test', ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** What daemons are tested on. */
export interface Machine {
  readonly sandbox: Sandbox;
  /** The sandbox's folder. */
  readonly dir: string;
  readonly home: DaemonHome;
  /** What a test adds ends before its home does. */
  readonly stack: AsyncDisposableStack;
}

/** A sandbox for all tests of a file, and for each of them a user whose kubeconfig names it. `pod` is ready before the first. */
export function useMachine({
  pod = 'default/net-0',
  manifest,
}: { readonly pod?: string } & Pick<SandboxOptions, 'manifest'> = {}): Machine {
  let dir: string;
  let sandbox: Sandbox;
  let home: DaemonHome;
  let stack: AsyncDisposableStack;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'daemon-sandbox-'));
    sandbox = await startSandbox({ dir, ...(manifest && { manifest }) });
    await sandbox.controls.pods.until(pod);
  });
  afterAll(async () => {
    await sandbox?.stop();
    await rm(dir, { recursive: true, force: true });
    await expectNoHandles();
  });
  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    home = stack.use(await DaemonHome.create({ KUBECONFIG: sandbox.kubeconfigPath }));
  });
  afterEach(async () => {
    await stack.disposeAsync();
    sandbox.controls.setAccess(() => true);
  });
  return {
    get sandbox() {
      return sandbox;
    },
    get dir() {
      return dir;
    },
    get home() {
      return home;
    },
    get stack() {
      return stack;
    },
  };
}

/** The first view that `accept` takes. */
export async function viewOf(control: Control, accept: (view: ControlView) => boolean): Promise<ControlView> {
  const { promise, resolve } = Promise.withResolvers<ControlView>();
  using _ = control.subscribe({ onView: (view) => accept(view) && resolve(view) });
  return await promise;
}

/** A tunnel once it is as `accept` wants it. */
export async function tunnelOnce(
  control: Control,
  id: string,
  accept: (tunnel: TunnelEntity) => boolean,
): Promise<TunnelEntity> {
  const view = await viewOf(control, ({ tunnels }) => {
    const tunnel = tunnels.get(id);
    return tunnel !== undefined && accept(tunnel);
  });
  return view.tunnels.get(id)!;
}

/** The first line that a server says on a new connection. */
export function firstLine(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end < 0) return;
      socket.destroy();
      resolve(text.slice(0, end));
    });
    socket.once('error', reject);
    socket.once('end', () => reject(new Error(`the connection ended after ${JSON.stringify(text)}`)));
  });
}
