import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { isFree } from './free-port.ts';

/** What realcluster prints when it is up; paths and URLs. */
export interface RealclusterInfo {
  readonly server: string;
  readonly control: string;
  readonly kubeconfig: string;
  readonly developer: string;
  readonly exec: string;
  readonly far: string;
  readonly auditLog: string;
}

export interface RunningRealcluster extends AsyncDisposable {
  readonly info: RealclusterInfo;
}

interface RealclusterOptions {
  readonly executable: string;
  /** Folder of postgres and initdb for pods with a postgres image. */
  readonly pgBin?: string | undefined;
  readonly featureGates?: string;
  /** First of eight ports; without it eight free ones are looked for. */
  readonly port?: number | undefined;
}

const startTimeoutMs = 120_000;
const portsUsed = 8;

/**
 * Starts one realcluster in a folder of its own. It ends when disposed, and also when this process dies, however that happens: a
 * shell between the two sees its input end.
 */
export async function startRealcluster(options: RealclusterOptions): Promise<RunningRealcluster> {
  const dir = await mkdtemp(join(tmpdir(), 'rc-suite-'));
  // Postgres runs as another user, who must be able to enter.
  await chmod(dir, 0o755);
  const port = options.port ?? (await freePorts());
  const args = ['up', '--dir', join(dir, 'cluster'), '--port', String(port)];
  if (options.pgBin) args.push('--pg-bin', options.pgBin);
  if (options.featureGates) args.push('--feature-gates', options.featureGates);
  const guard = '"$@" & child=$!; exec >&-; read -r _; kill "$child"; wait "$child"';
  const shell = spawn('/bin/sh', ['-c', guard, 'sh', options.executable, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const exited = once(shell, 'exit');
  let complaints = '';
  shell.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-4000);
  });
  const stop = async () => {
    if (shell.exitCode === null && shell.signalCode === null) {
      shell.stdin.end();
      await exited;
    }
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const lines = createInterface({ input: shell.stdout });
    const signal = AbortSignal.timeout(startTimeoutMs);
    const first = await Promise.race([once(lines, 'line', { signal }), once(lines, 'close', { signal })]);
    if (typeof first[0] !== 'string') throw new Error(`it ended before it was up: ${complaints.trim()}`);
    return { info: JSON.parse(first[0]) as RealclusterInfo, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw new Error(`realcluster did not start: ${complaints.trim()}`, { cause: error });
  }
}

/** The faults that realcluster makes on demand. */
export class ClusterControls {
  readonly #control: string;

  constructor(control: string) {
    this.#control = control;
  }

  /** SIGKILL to a pod's containers. */
  kill(namespace: string, pod: string): Promise<void> {
    return this.#post(`/kill?pod=${namespace}/${pod}`);
  }

  /** Drops all that goes through the kubelet and refuses new connections for a time; pods go on. */
  bounceKubelet(downMs: number): Promise<void> {
    return this.#post(`/bounce-kubelet?down_ms=${downMs}`);
  }

  /** Ends one program by SIGKILL, and starts it again after a time. */
  restart(program: 'kube-apiserver' | 'kube-controller-manager' | 'etcd', downMs: number): Promise<void> {
    return this.#post(`/restart/${program}?down=${downMs}ms&signal=KILL`);
  }

  /** Sets the far network: what is left out is 25 ms, and delivering. */
  far({ delayMs = 25, silent = false, reset = false } = {}): Promise<void> {
    return this.#post(`/far?delay_ms=${delayMs}&silent=${silent}&reset=${reset}`);
  }

  async token(user: string, ttlSeconds: number): Promise<string> {
    const response = await fetch(`${this.#control}/token?user=${user}&groups=developers&ttl=${ttlSeconds}s`, {
      method: 'POST',
    });
    return ((await response.json()) as { token: string }).token;
  }

  /** Ends every token; the API server may accept one up to 11 s longer. */
  revokeTokens(): Promise<void> {
    return this.#post('/revoke');
  }

  /** Where to reach a pod without any forward; undefined while there is none. */
  async podAddress(namespace: string, pod: string): Promise<{ uid: string; address: string } | undefined> {
    const response = await fetch(`${this.#control}/pods`);
    const pods = (await response.json()) as Record<string, { uid: string; address: string }>;
    return pods[`${namespace}/${pod}`];
  }

  async #post(path: string): Promise<void> {
    const response = await fetch(this.#control + path, { method: 'POST' });
    const text = await response.text();
    if (!response.ok) throw new Error(`realcluster ${path}: ${response.status} ${text}`);
  }
}

/** The first of eight ports in a row that nobody listens on. */
async function freePorts(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const first = 20_000 + portsUsed * Math.floor(Math.random() * 1_500);
    const free = await Promise.all(Array.from({ length: portsUsed }, (_, index) => isFree(first + index)));
    if (free.every(Boolean)) return first;
  }
  throw new Error('no eight free ports in a row were found');
}
