import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isDeepStrictEqual } from 'node:util';
import {
  type CommandOutput,
  commandOutputs,
  type PrintingCommand,
} from '../../src/contract/command-output.ts';
import { command, killProcessesWith, type Outcome, product } from './command.ts';
import { DaemonHome } from './daemon-fixture.ts';
import { pathToPostgres } from './postgres-programs.ts';

const lineTimeoutMs = 60_000;
const endTimeoutMs = 10_000;
const maxLines = 20_000;

/** Somebody who types commands: the built program, with folders and a daemon of their own. Both are gone with the test. */
export class CommandLineUser implements AsyncDisposable {
  readonly home: DaemonHome;
  /** Where commands are typed. */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;

  private constructor(home: DaemonHome, cwd: string) {
    this.home = home;
    this.cwd = cwd;
    // psql and pgbench are those of the server's version, found on PATH as users' are.
    this.env = { ...home.processEnv, PATH: pathToPostgres(home.env.PATH) };
  }

  static async create(env: NodeJS.ProcessEnv): Promise<CommandLineUser> {
    const home = await DaemonHome.create(env);
    const cwd = join(home.dir, 'work');
    await mkdir(cwd);
    return new CommandLineUser(home, cwd);
  }

  /** Types a command and waits for its end. */
  run(...argv: readonly string[]): Promise<Outcome> {
    return command(argv, { env: this.env, cwd: this.cwd });
  }

  /** The same of one that must succeed: what it printed. */
  async ok(...argv: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...argv);
    if (code !== 0) throw new Error(`sallyport ${argv.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** The same with --json, held to the contract: a field that it does not name is an error. */
  async json<N extends PrintingCommand>(name: N, ...rest: readonly string[]): Promise<CommandOutput<N>> {
    return parsedOutput(name, await this.ok(...name.split(' '), ...rest, '--json'));
  }

  /** A command that goes on until it is ended. */
  start(...argv: readonly string[]): Lines {
    return new Lines(spawn(process.execPath, [product, ...argv], this.#spawnOptions()));
  }

  /** Puts a program on PATH that stands for one of the desktop's. */
  async installProgram(name: string, script: string): Promise<void> {
    const folder = join(this.home.dir, 'bin');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(folder, name), 0o755);
    if (!this.env.PATH?.startsWith(folder)) this.env.PATH = `${folder}:${this.env.PATH}`;
  }

  async daemonPid(): Promise<number> {
    const { daemon } = await this.json('version');
    if (!daemon) throw new Error('no daemon runs');
    return daemon.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run('daemon', 'stop');
    await killProcessesWith(`XDG_RUNTIME_DIR=${this.home.dir}/`);
    await this.home[Symbol.asyncDispose]();
  }

  #spawnOptions() {
    return { env: this.env, cwd: this.cwd, stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'] };
  }
}

/** What a command printed, as the contract has it and nothing besides. */
export function parsedOutput<N extends PrintingCommand>(name: N, text: string): CommandOutput<N> {
  const printed: unknown = JSON.parse(text);
  const parsed = commandOutputs[name].parse(printed);
  if (!isDeepStrictEqual(parsed, printed))
    throw new Error(`${name} prints more than its contract names: ${text}`);
  return parsed as CommandOutput<N>;
}

interface Line {
  readonly text: string;
  /** When it came, on the clock of performance.now(). */
  readonly atMs: number;
}

/** The lines of a program that goes on, with the moment at which each came. */
export class Lines implements AsyncDisposable {
  readonly all: Line[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #news = new EventEmitter<{ news: [] }>();
  #stderr = '';
  #isOver = false;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = once(child, 'close').then(() => {
      this.#isOver = true;
      this.#news.emit('news');
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-4_000);
    });
    createInterface({ input: child.stdout! }).on('line', (text) => {
      if (this.all.length === maxLines) throw new Error(`more than ${maxLines} lines came`);
      this.all.push({ text, atMs: performance.now() });
      this.#news.emit('news');
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The first line from `after` (a number of lines) on that `accept` takes; waits for it where it has not come yet. */
  async first(accept: (text: string) => boolean, after = 0): Promise<Line> {
    const signal = AbortSignal.timeout(lineTimeoutMs);
    for (let index = after; ; ) {
      for (; index < this.all.length; index++) if (accept(this.all[index]!.text)) return this.all[index]!;
      if (this.#isOver) throw new Error(`it ended without such a line: ${this.#tail()}`);
      await once(this.#news, 'news', { signal }).catch(() => {
        throw new Error(`no such line came in ${lineTimeoutMs} ms: ${this.#tail()}`);
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOver) this.#child.kill('SIGTERM');
    const forced = setTimeout(() => this.#child.kill('SIGKILL'), endTimeoutMs);
    await this.#ended;
    clearTimeout(forced);
  }

  #tail(): string {
    return [...this.all.slice(-5).map(({ text }) => text.slice(0, 500)), this.#stderr].join('\n');
  }
}
