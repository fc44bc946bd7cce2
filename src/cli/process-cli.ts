import { homedir } from 'node:os';
import { basename } from 'node:path';
import { AppError } from '../base/app-error.ts';
import { isSingleExecutable } from '../base/carried-files.ts';
import { systemClock } from '../base/clock.ts';
import { daemonPlaces } from '../base/daemon-places.ts';
import { absoluteKubeconfig } from '../base/kubeconfig-list.ts';
import type { Control } from '../client/control.ts';
import type { SocketControl } from '../client/socket-control.ts';
import { terminalAsker } from './asker.ts';
import type { Cli, OpenControl } from './cli.ts';
import { Endings, type UntilSignalOptions } from './endings.ts';
import { version } from './version.ts';

const maxStdinBytes = 4 * 1024 * 1024;

/** kubectl finds plugins, and what completes them, by their programs' names. */
const kubectlCompletion = 'kubectl_complete-sallyport';

function calledAs(): string {
  return basename(process.argv[1] ?? '').replace(/\.(exe|cmd|js)$/, '');
}

function calledByKubectl(): boolean {
  return ['kubectl-sallyport', kubectlCompletion].includes(calledAs());
}

/** The world around commands as this process has it. */
export class ProcessCli implements Cli, AsyncDisposable {
  readonly program = calledByKubectl() ? 'kubectl sallyport' : 'sallyport';
  readonly version = version;
  readonly argv: readonly string[];
  readonly env = process.env;
  readonly cwd = process.cwd();
  readonly home = homedir();
  readonly uid = process.getuid?.();
  readonly platform = process.platform;
  readonly clock = systemClock;
  readonly stdout = process.stdout;
  readonly stderr = process.stderr;
  readonly #endings = new Endings(process);
  #control: { readonly start: boolean; readonly socket: SocketControl } | undefined;

  constructor(argv: readonly string[]) {
    this.argv = calledAs() === kubectlCompletion ? ['complete', '--', ...argv] : argv;
    for (const name of ['stdout', 'stderr'] as const) {
      process[name].on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'EPIPE') this.#endings.unread(name);
        // What stands there is said as well as may be.
        else if (name === 'stdout') throw error;
      });
    }
  }

  /** Opened when it is asked for: most commands read nothing, and it takes 2 ms. */
  get stdin() {
    return process.stdin;
  }

  /** Questions go to standard error; an answer is read where standard input is a terminal too. */
  get asker() {
    return this.stdin.isTTY && this.stderr.isTTY ? terminalAsker : undefined;
  }

  async control({ start = true }: OpenControl = {}): Promise<Control> {
    if (this.#control && (this.#control.start || !start)) return this.#control.socket;
    const { SocketControl } = await import('../client/socket-control.ts');
    const { socket: socketPath } = daemonPlaces(this);
    await this.#control?.socket[Symbol.asyncDispose]();
    const socket = new SocketControl({
      socketPath,
      version,
      start: start ? () => this.#start() : undefined,
    });
    this.#control = { start, socket };
    return socket;
  }

  async readStdin(): Promise<string> {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxStdinBytes) {
        throw new AppError('SP-USAGE', { message: `standard input is larger than ${maxStdinBytes} bytes` });
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  untilSignal(options?: UntilSignalOptions): AbortSignal & Disposable {
    return this.#endings.until(options);
  }

  async runProgram(words: readonly string[], variables: Readonly<Record<string, string>>): Promise<number> {
    const { runProgram } = await import('./run-program.ts');
    return this.#endings.belongingTo(() => runProgram(words, { ...process.env, ...variables }));
  }

  async copy(text: string): Promise<string> {
    const { copyToClipboard } = await import('./clipboard.ts');
    return copyToClipboard(text, this);
  }

  async openAddress(address: string): Promise<void> {
    const { default: open } = await import('open');
    try {
      await open(address);
    } catch (error) {
      const next =
        'install xdg-utils or a browser; `sallyport url` and `sallyport ui --no-open` print addresses';
      throw new AppError('SP-PROGRAM-MISSING', { program: 'that opens addresses', next }, error);
    }
  }

  setExitCode(code: number): void {
    process.exitCode = code;
  }

  /** Both understand each other, but what is new here is not there yet. */
  noteOlderDaemon(): void {
    const daemon = this.#control?.socket.daemonVersion;
    if (daemon === undefined || daemon === version || !this.stderr.isTTY) return;
    this.stderr.write(
      `note: the daemon is version ${daemon}, this program ${version}: \`${this.program} daemon restart\` takes it up\n`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#control?.socket[Symbol.asyncDispose]();
  }

  async #start(): Promise<void> {
    const { spawnDaemon } = await import('../client/spawn-daemon.ts');
    await spawnDaemon({
      command: daemonCommand(),
      places: daemonPlaces(this),
      // It runs in another folder.
      env: { ...this.env, KUBECONFIG: absoluteKubeconfig(this.env.KUBECONFIG, this.cwd) },
      clock: this.clock,
    });
  }
}

/**
 * For the Node that runs a daemon, before its script. A small young generation: the default grows to 32 MiB at the first burst and stays so;
 * bytes of tunnels are not in it. Hot code is compiled on the main thread, some milliseconds a function while it warms up: the compiler's threads
 * keep the memory that they once took for that.
 */
export const daemonNodeFlags = ['--max-semi-space-size=1', '--no-concurrent-recompilation'] as const;

/** What runs the daemon in the foreground. */
export function daemonCommand(isExecutable = isSingleExecutable()): [string, ...string[]] {
  return ownCommand('daemon', { nodeFlags: daemonNodeFlags, isExecutable });
}

/** What runs a command of this program as another process. The executable is its own script, and has flags built in; argv[1] is what it was called as. */
export function ownCommand(
  name: string,
  {
    nodeFlags = [],
    isExecutable = isSingleExecutable(),
  }: { readonly nodeFlags?: readonly string[]; readonly isExecutable?: boolean } = {},
): [string, ...string[]] {
  const script = process.argv[1];
  return isExecutable || script === undefined
    ? [process.execPath, name]
    : [process.execPath, ...nodeFlags, script, name];
}
