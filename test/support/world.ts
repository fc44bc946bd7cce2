import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../src/base/app-error.ts';
import { silentLog } from '../../src/base/log.ts';
import { type ForwardRun, runForward } from '../../src/engine/run-forward.ts';
import {
  type Sandbox,
  type SandboxControls,
  type SandboxOptions,
  startSandbox,
} from '../../src/sandbox/sandbox.ts';
import { ForwardEvents } from './forward-events.ts';
import { LeapClock } from './leap-clock.ts';

const closingMs = 10_000;

export const carriers = ['spdy', 'websocket'] as const;
export type Carrier = (typeof carriers)[number];

/** The pod that a world has unless told otherwise. */
export const net = 'default/net-0';

export interface WorldOptions extends Pick<SandboxOptions, 'manifest' | 'allow'> {
  readonly carrier?: ForwardRun['carrier'];
  /** Pods that are ready before the world is handed over. */
  readonly pods?: readonly string[];
}

/** A cluster of its own for one test, and forwards into it. Its end is an assertion: forwards that ended leave nothing behind. */
export class World implements AsyncDisposable {
  /** The forwards' time. */
  readonly clock = new LeapClock();
  /** Hurried where the cluster takes its time, as with the close that the runtime passes on a second late. */
  readonly clusterClock: LeapClock;
  readonly sandbox: Sandbox;
  readonly #carrier: ForwardRun['carrier'];
  readonly #dir: string;
  readonly #forwards: EngineForward[] = [];

  constructor(
    sandbox: Sandbox,
    options: Pick<World, 'clusterClock'> & { dir: string; carrier: ForwardRun['carrier'] },
  ) {
    const { clusterClock, dir, carrier } = options;
    this.sandbox = sandbox;
    this.clusterClock = clusterClock;
    this.#dir = dir;
    this.#carrier = carrier;
  }

  get cluster(): SandboxControls {
    return this.sandbox.controls;
  }

  /** The identity that a pod of this name has now. */
  uid(pod = net): string {
    const found = this.cluster.pods.get(pod);
    if (!found) throw new Error(`there is no pod ${pod}`);
    return found.metadata.uid;
  }

  forward(run: Pick<ForwardRun, 'target' | 'ports'> & Partial<ForwardRun>): EngineForward {
    const forward = new EngineForward({
      addresses: ['127.0.0.1'],
      namespace: undefined,
      context: undefined,
      kubeconfig: this.sandbox.kubeconfigPath,
      impersonate: undefined,
      carrier: this.#carrier,
      holdMs: 600_000,
      anyUser: false,
      patient: true,
      runningTimeoutMs: undefined,
      userAgent: 'sallyport/test',
      env: {},
      clock: this.clock,
      log: silentLog,
      onPluginOutput: () => {},
      onWarning: () => {},
      ...run,
    });
    this.#forwards.push(forward);
    return forward;
  }

  /** A kubeconfig in the world's folder whose one user logs in so. Writing the same name again replaces it. */
  async kubeconfig(user: Readonly<Record<string, unknown>>, name = 'login'): Promise<string> {
    const path = join(this.#dir, name);
    const { server, ca } = this.sandbox;
    const cluster = { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') };
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'dev',
      clusters: [{ name: 'sandbox', cluster }],
      users: [{ name: 'dev', user }],
      contexts: [{ name: 'dev', context: { cluster: 'sandbox', user: 'dev' } }],
    };
    await writeFile(path, JSON.stringify(config));
    return path;
  }

  async file(name: string, text: string): Promise<string> {
    const path = join(this.#dir, name);
    await writeFile(path, text);
    return path;
  }

  /** Ends the forwards and sees that the cluster has nothing left of them. */
  async endForwards(): Promise<void> {
    await Promise.all(this.#forwards.splice(0).map((forward) => forward[Symbol.asyncDispose]()));
    const { network, sessions } = this.cluster;
    await soon('the forwards left something behind', () => {
      // The runtime closes the pod's side of a connection a second late.
      this.clusterClock.leap(20);
      return {
        watches: this.cluster.openWatches(),
        sessions: sessions.count(),
        streams: sessions.connections(),
        connections: network.connections,
        timers: this.clock.pending,
      };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.cluster.network.deliver();
      this.cluster.sessions.resume();
      await this.endForwards();
    } finally {
      await this.sandbox.stop();
      await rm(this.#dir, { recursive: true, force: true });
    }
  }
}

/** Starts a cluster for one test; resolves when its pods are ready. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const { carrier = 'auto', pods = options.manifest ? [] : [net], ...sandboxOptions } = options;
  const dir = await mkdtemp(join(tmpdir(), 'sallyport-e2e-'));
  const clusterClock = new LeapClock();
  const sandbox = await startSandbox({ dir, clock: clusterClock, ...sandboxOptions });
  for (const pod of pods) await sandbox.controls.pods.until(pod);
  return new World(sandbox, { dir, carrier, clusterClock });
}

/** `sallyport forward` in this process. */
export class EngineForward implements AsyncDisposable {
  readonly events = new ForwardEvents();
  readonly #ending = new AbortController();
  /** Undefined where it ended as asked, else the error that ended it. */
  readonly ended: Promise<AppError | undefined>;

  constructor(run: Omit<ForwardRun, 'tell'>) {
    this.ended = runForward({ ...run, tell: (event) => this.events.add(event) }, this.#ending.signal)
      .then(
        () => undefined,
        (thrown) => AppError.from(thrown),
      )
      .then((error) => {
        this.events.end(error ? `the forward ended with ${error.code}` : 'the forward ended');
        return error;
      });
  }

  /** Where to wait from, for what comes after this moment. */
  get now(): number {
    return this.events.all.length;
  }

  /** The local port of the n-th port asked for. */
  async port(tunnel = 0): Promise<number> {
    const { port } = await this.events.next('listening', (event) => event.tunnel === tunnel);
    if (port === undefined) throw new Error('it listens on no port');
    return port;
  }

  stop(): Promise<AppError | undefined> {
    this.#ending.abort();
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Waits until all counts are zero: what is closed here is seen on the other side a little later. */
async function soon(complaint: string, count: () => Readonly<Record<string, number>>): Promise<void> {
  const patience = AbortSignal.timeout(closingMs);
  for (;;) {
    const left = Object.entries(count()).filter(([, amount]) => amount > 0);
    if (left.length === 0) return;
    if (patience.aborted) throw new Error(`${complaint}: ${JSON.stringify(Object.fromEntries(left))}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
