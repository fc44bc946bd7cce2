/**
 * The sandbox that people try without a cluster: a process of its own, and a tunnel to its Postgres. It is there from a request to the next
 * one, or to the daemon's end; what a daemon that was killed left of its tunnel leads nowhere.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { AppError } from '../base/app-error.ts';
import { type Clock, inTime } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { SandboxStatus } from '../contract/control-sandbox.ts';
import { restartPodOrder, type SandboxMessage, sandboxMessageSchema } from '../contract/control-sandbox.ts';
import type { AdHoc } from '../contract/control-tunnel.ts';
import { adHocId } from './tunnel-definition.ts';
import type { TunnelSet } from './tunnel-set.ts';
import type { WantedFile } from './wanted-file.ts';

export interface SandboxHostOptions {
  /** What runs a sandbox in the foreground; without it there is none. */
  readonly command: readonly [string, ...string[]] | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly log: Log;
  readonly tunnels: Pick<TunnelSet, 'up' | 'down' | 'get'>;
  readonly changed: (status: SandboxStatus) => void;
}

type Ready = Extract<SandboxMessage, { kind: 'ready' }>;

interface Run {
  readonly child: ChildProcess;
  readonly ready: Promise<Ready>;
  readonly ended: Promise<void>;
}

const name = 'sandbox';
const tunnel = adHocId(name);
const startLimitMs = 60_000;
/** A sandbox ends its Postgres in order, which takes a second; then it is killed, and its watchdog clears up. */
const endLimitMs = 4_000;
const keptBytes = 4_000;
const endedUnasked = 'it ended by itself';

export class SandboxHost implements AsyncDisposable {
  readonly #options: SandboxHostOptions;
  #status: SandboxStatus;
  #run: Run | undefined;
  #kubeconfig: string | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: SandboxHostOptions) {
    this.#options = options;
    this.#status = options.command ? { kind: 'off' } : { kind: 'unavailable' };
  }

  get status(): SandboxStatus {
    return this.#status;
  }

  /** Starts one where none runs, and brings its tunnel up. Resolves when that is asked for; rejects with SP-SANDBOX-START and as `up` does. */
  async start(): Promise<void> {
    await this.#stopping;
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  /** Takes its tunnel down and ends it. Nothing of it is left when this resolves. */
  async stop(): Promise<void> {
    this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  /** Deletes the pod, as somebody else would. Throws SP-USAGE while none runs. */
  restartPod(): void {
    if (this.#status.kind !== 'running')
      throw new AppError('SP-USAGE', { message: 'no sandbox runs', next: 'start it first' });
    this.#run?.child.stdin?.write(`${restartPodOrder}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #start(): Promise<void> {
    const { clock, log } = this.#options;
    const sinceMs = clock.wallMs();
    try {
      if (!this.#run) {
        this.#set({ kind: 'starting', step: 'cluster', sinceMs });
        this.#run = this.#launch(sinceMs);
      }
      const run = this.#run;
      const ready = await inTime(clock, startLimitMs, run.ready);
      if (!ready) throw failed(`it was not ready within ${startLimitMs / 1_000} s`);
      if (this.#run !== run) throw failed('it was stopped');
      const { kubeconfig, pod, namespace } = ready;
      if (this.#status.kind !== 'running') this.#set({ kind: 'starting', step: 'tunnel', sinceMs });
      await this.#connect(ready);
      if (this.#run !== run) throw failed('it was stopped');
      if (hasEnded(run.child)) throw failed(endedUnasked);
      this.#set({ kind: 'running', tunnel, pod, namespace, kubeconfig, sinceMs });
      log.info('sandbox runs', { pid: run.child.pid });
    } catch (thrown) {
      const error = AppError.from(thrown);
      await this.#disconnect();
      await this.#end();
      if (!this.#stopping) this.#set({ kind: 'off', error: error.toData() });
      throw error;
    }
  }

  async #stop(): Promise<void> {
    if (!this.#run) return;
    this.#set({ kind: 'stopping' });
    await this.#disconnect();
    await this.#end();
    // A start that has come too far to hear of it takes down what it has brought up, and says nothing after this.
    await this.#starting?.catch(() => {});
    this.#set({ kind: 'off' });
    this.#options.log.info('sandbox stopped');
  }

  async #connect(ready: Ready): Promise<void> {
    const { kubeconfig, namespace, target, port, user, database, secret } = ready;
    this.#kubeconfig = kubeconfig;
    const adHoc: AdHoc = {
      name,
      kubeconfig,
      namespace,
      target,
      port,
      kind: 'postgres',
      connection: { user, database, password: { secret } },
    };
    const input = { names: [], groups: [], all: false, adHoc: [adHoc] };
    const how = { confirmed: false, prolong: false, waitMs: 0 };
    const { outcomes } = await this.#options.tunnels.up({ ...input, ...how }, new AbortController().signal);
    const error = outcomes.find((outcome) => outcome.error)?.error;
    if (error) throw new AppError(error.code, error.details);
  }

  /** Somebody may have taken it down, and its name for another. */
  async #disconnect(): Promise<void> {
    const { tunnels } = this.#options;
    const access = tunnels.get(tunnel)?.definition.access;
    if (access?.kind !== 'context' || access.kubeconfig === undefined) return;
    if (access.kubeconfig === this.#kubeconfig)
      await tunnels.down({ names: [tunnel], groups: [], all: false });
  }

  async #end(): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    if (!run) return;
    run.child.stdin?.end();
    const late = this.#options.clock.after(endLimitMs, () => run.child.kill('SIGKILL'));
    await run.ended;
    late.cancel();
  }

  #launch(sinceMs: number): Run {
    const { command, env } = this.#options;
    if (!command) throw failed('this daemon was not told how', 'sallyport demo');
    const [program, ...args] = command;
    const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
    const ready = Promise.withResolvers<Ready>();
    // Whoever waits hears of it; afterwards nobody does.
    ready.promise.catch(() => {});
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-keptBytes);
    });
    child.stdin.on('error', () => {});
    createInterface({ input: child.stdout }).on('line', (line) => {
      const message = readMessage(line);
      if (message?.kind === 'database') this.#set({ kind: 'starting', step: 'database', sinceMs });
      else if (message?.kind === 'ready') ready.resolve(message);
      else if (message?.kind === 'failed')
        ready.reject(new AppError(message.error.code, message.error.details));
    });
    const ended = new Promise<void>((resolve) => {
      child.once('error', ({ message }) => {
        ready.reject(failed(message));
        resolve();
      });
      child.once('close', (code, signal) => {
        ready.reject(failed(said.trim() || `it ended with ${signal ?? `exit code ${code}`}`));
        resolve();
      });
    });
    const run = { child, ready: ready.promise, ended };
    void ended.then(() => this.#endedUnasked(run));
    return run;
  }

  /** Its tunnel would wait for ever for a cluster that does not come back. */
  async #endedUnasked(run: Run): Promise<void> {
    if (this.#run !== run || this.#status.kind !== 'running') return;
    this.#run = undefined;
    this.#options.log.warn('sandbox ended');
    this.#set({ kind: 'off', error: failed(endedUnasked).toData() });
    await this.#disconnect();
  }

  #set(status: SandboxStatus): void {
    this.#status = status;
    this.#options.changed(status);
  }
}

/** A sandbox ends with its daemon, but what a killed one wanted is still on the disk. To be called before what is wanted comes back. */
export async function forgetFormerSandbox(wanted: Pick<WantedFile, 'tunnels' | 'drop'>): Promise<void> {
  const kubeconfig = wanted.tunnels.get(tunnel)?.adHoc?.kubeconfig;
  if (kubeconfig && !existsSync(kubeconfig)) await wanted.drop(tunnel, { forgetPort: true }).catch(() => {});
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function readMessage(line: string): SandboxMessage | undefined {
  try {
    return sandboxMessageSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

function failed(message: string, next?: string): AppError {
  return new AppError('SP-SANDBOX-START', { message, ...(next && { next }) });
}
