import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { type ForwardEvent, forwardEventSchema } from '../../src/contract/forward-event.ts';
import { processesWith, product } from './command.ts';

export type Carrier = 'auto' | 'spdy' | 'websocket';

/** Which program forwards: ours, or kubectl, with which the suites prove themselves and the benchmark compares. */
export type SubjectName = 'sallyport' | 'kubectl';

export interface ForwardOptions {
  /** undefined: no --kubeconfig; the environment says which. */
  readonly kubeconfig: string | undefined;
  readonly namespace: string;
  readonly target: string;
  /** As on the command line: `:5432`, `15432:5432`. */
  readonly ports: readonly string[];
  readonly carrier: Carrier;
  readonly subject?: SubjectName;
  /** Events of --json (ours alone, and the default); without it, kubectl's lines, as the benchmark compares like with like. */
  readonly json?: boolean;
  /** How long a connection waits for a pod, as --hold takes it. */
  readonly hold?: string;
  readonly extraArguments?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const eventTimeoutMs = 60_000;
const exitTimeoutMs = 10_000;
/** What is kept of the standard error for a failure's message, characters. */
const keptErrors = 8_000;
const keptEvents = 2_000;

/** A forwarder as its user meets it: a process, its lines as events, its local ports. */
export class Forward implements AsyncDisposable {
  readonly events: ForwardEvent[] = [];
  readonly #process: ChildProcess;
  readonly #mark: string;
  readonly #exited: Promise<Exit>;
  readonly #waiting = new Set<() => void>();
  #stderr = '';
  #exit: Exit | undefined;

  constructor(child: ChildProcess, options: { mark: string; json: boolean }) {
    this.#process = child;
    this.#mark = options.mark;
    this.#exited = once(child, 'close').then(([code, signal]) => {
      this.#exit = { code, signal };
      this.#wake();
      return this.#exit;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-keptErrors);
    });
    const read = options.json ? readEvent : kubectlReader();
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const event = read(line);
      if (!event) return;
      this.events.push(event);
      if (this.events.length > keptEvents) this.events.shift();
      this.#wake();
    });
  }

  get pid(): number {
    return this.#process.pid!;
  }

  get exit(): Exit | undefined {
    return this.#exit;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** The first event that `accept` takes, from `after` (an index into events) on; waits for it where it has not come yet. */
  async event(
    accept: (event: ForwardEvent) => boolean,
    after = 0,
    timeoutMs = eventTimeoutMs,
  ): Promise<ForwardEvent> {
    const deadline = AbortSignal.timeout(timeoutMs);
    for (let index = after; ; ) {
      for (; index < this.events.length; index++) {
        const event = this.events[index]!;
        if (accept(event)) return event;
      }
      if (this.#exit)
        throw new Error(`it ended (${JSON.stringify(this.#exit)}) before the event: ${this.#tail()}`);
      await this.#changed(deadline, () => `the event did not come in ${timeoutMs} ms: ${this.#tail()}`);
    }
  }

  /** The local port of the n-th port on the command line. */
  async port(tunnel = 0): Promise<number> {
    const event = await this.event(
      (one) => one.event === 'listening' && one.tunnel === tunnel && !one.address.includes(':'),
    );
    if (event.event !== 'listening' || event.port === undefined) throw new Error('no TCP port is listening');
    return event.port;
  }

  /** Waits until a tunnel is seen in a state that people read, as 'ready'. */
  state(shown: string, after = 0, timeoutMs = eventTimeoutMs): Promise<ForwardEvent> {
    return this.event((event) => event.event === 'state' && event.shown === shown, after, timeoutMs);
  }

  /** Waits for the end of the process, which must come by itself. */
  async ended(timeoutMs = eventTimeoutMs): Promise<Exit> {
    const deadline = AbortSignal.timeout(timeoutMs);
    while (!this.#exit) {
      await this.#changed(deadline, () => `it did not end in ${timeoutMs} ms: ${this.#tail()}`);
    }
    return this.#exit;
  }

  /** Sends a signal, waits for the end, and sees that no process that it started is left. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    if (!this.#exit) this.#process.kill(signal);
    const exit = await this.ended(exitTimeoutMs);
    const left = await processesWith(`SALLYPORT_TEST_MARK=${this.#mark}`);
    if (left.length > 0) throw new Error(`processes are left behind: ${left.join(', ')}`);
    return exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#exit) this.#process.kill('SIGTERM');
    const forced = setTimeout(() => this.#process.kill('SIGKILL'), exitTimeoutMs);
    await this.#exited;
    clearTimeout(forced);
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #changed(deadline: AbortSignal, complaint: () => string): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        this.#waiting.delete(settle);
        deadline.removeEventListener('abort', expired);
        resolve();
      };
      const expired = () => {
        this.#waiting.delete(settle);
        reject(new Error(complaint()));
      };
      this.#waiting.add(settle);
      deadline.addEventListener('abort', expired, { once: true });
    });
  }

  #tail(): string {
    const events = this.events.slice(-8).map((event) => JSON.stringify(event));
    return [...events, this.#stderr.trim()].join('\n');
  }
}

/** Starts a forwarder. It is there at once; its ports are awaited by port(). */
export function startForward(options: ForwardOptions): Forward {
  const subject = options.subject ?? subjectFromEnvironment();
  const mark = randomUUID();
  const [command, ...args] = commandLine(subject, options);
  const child = spawn(command!, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      ...carrierEnvironment(options.carrier),
      ...options.env,
      SALLYPORT_TEST_MARK: mark,
    },
  });
  return new Forward(child, { mark, json: json(subject, options) });
}

function subjectFromEnvironment(): SubjectName {
  return process.env.SALLYPORT_TEST_SUBJECT === 'kubectl' ? 'kubectl' : 'sallyport';
}

/** The command that a user would type. */
export function commandLine(subject: SubjectName, options: ForwardOptions): readonly string[] {
  const { kubeconfig, namespace, target, ports, carrier, hold, extraArguments = [] } = options;
  const config = kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig];
  const shared = [...config, '-n', namespace, ...extraArguments, target, ...ports];
  if (subject === 'kubectl') return ['kubectl', 'port-forward', ...shared];
  const own = [
    ...(json(subject, options) ? ['--json'] : []),
    ...(carrier === 'auto' ? [] : ['--carrier', carrier]),
    ...(hold ? ['--hold', hold] : []),
  ];
  return [product, 'forward', ...own, ...shared];
}

function json(subject: SubjectName, options: ForwardOptions): boolean {
  return subject === 'sallyport' && options.json !== false;
}

function carrierEnvironment(carrier: Carrier): Record<string, string> {
  return carrier === 'auto' ? {} : { KUBECTL_PORT_FORWARD_WEBSOCKETS: String(carrier === 'websocket') };
}

function readEvent(line: string): ForwardEvent {
  return forwardEventSchema.parse(JSON.parse(line));
}

/** kubectl's lines as the same events: one tunnel for each remote port, in the order in which they come. */
function kubectlReader(): (line: string) => ForwardEvent | undefined {
  const locals: number[] = [];
  return (line) => {
    const match = /^Forwarding from (?:\[(?<v6>[^\]]+)\]|(?<v4>[\d.]+)):(?<port>\d+) -> (?<remote>\d+)$/.exec(
      line,
    );
    if (!match?.groups) return undefined;
    const port = Number(match.groups.port);
    if (!locals.includes(port)) locals.push(port);
    return {
      event: 'listening',
      atMs: Date.now(),
      tunnel: locals.indexOf(port),
      address: match.groups.v4 ?? match.groups.v6 ?? '',
      port,
      remotePort: Number(match.groups.remote),
    };
  };
}
