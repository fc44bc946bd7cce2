import { tmpdir } from 'node:os';
import type { Asker, Choice, TextQuestion } from '../../src/cli/asker.ts';
import type { Cli } from '../../src/cli/cli.ts';
import { runCommandLine } from '../../src/cli/main.ts';
import type { Control } from '../../src/client/control.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeControl } from './fake-control.ts';

export interface FakeCliOptions {
  readonly control?: Control;
  readonly isTerminal?: boolean;
  /** What the person says to each question, in order; a function looks at the question. */
  readonly answers?: readonly (string | boolean | undefined)[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly stdin?: string;
  readonly program?: string;
  readonly columns?: number;
}

class Written {
  text = '';
  readonly isTTY: boolean;
  readonly columns: number;
  readonly #onWrite: () => void;

  constructor(isTTY: boolean, columns: number, onWrite: () => void) {
    this.isTTY = isTTY;
    this.columns = columns;
    this.#onWrite = onWrite;
  }

  write(text: string): void {
    this.text += text;
    this.#onWrite();
  }
}

/** A world for commands: what they print, ask, run, copy and open is kept; the daemon is the contract's fake. */
export class FakeCli implements Cli, Disposable {
  readonly program: string;
  readonly version = '0.0.0-fake';
  argv: readonly string[] = [];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly home = tmpdir();
  readonly uid = process.getuid?.();
  readonly platform = 'linux';
  readonly clock = new FakeClock();
  readonly stdin: { readonly isTTY: boolean };
  readonly stdout: Written;
  readonly stderr: Written;
  readonly questions: string[] = [];
  /** What each question to choose offered. */
  readonly choices: (readonly Choice[])[] = [];
  readonly ran: {
    readonly words: readonly string[];
    readonly variables: Readonly<Record<string, string>>;
  }[] = [];
  readonly copied: string[] = [];
  readonly opened: string[] = [];
  /** Of programs that are run. */
  programExitCode = 0;
  exitCode = 0;
  readonly #control: Control;
  readonly #answers: (string | boolean | undefined)[];
  readonly #stdin: string;
  readonly #ending = new AbortController();
  readonly #waiting = new Set<() => void>();

  constructor(options: FakeCliOptions = {}) {
    const {
      control = new FakeControl(),
      isTerminal = false,
      answers = [],
      stdin = '',
      columns = 200,
    } = options;
    this.#control = control;
    this.#answers = [...answers];
    this.#stdin = stdin;
    this.program = options.program ?? 'sallyport';
    this.env = { NO_COLOR: '1', ...options.env };
    this.cwd = options.cwd ?? tmpdir();
    const look = () => {
      for (const each of [...this.#waiting]) each();
    };
    this.stdin = { isTTY: isTerminal };
    this.stdout = new Written(isTerminal, columns, look);
    this.stderr = new Written(isTerminal, columns, look);
  }

  get asker(): Asker | undefined {
    if (!this.stdin.isTTY) return undefined;
    const next = (message: string) => {
      this.questions.push(message);
      if (this.#answers.length === 0) throw new Error(`nobody answers: ${message}`);
      return this.#answers.shift();
    };
    return {
      confirm: async (message) => next(message) as boolean | undefined,
      text: async (message: string, _options?: TextQuestion) => next(message) as string | undefined,
      password: async (message) => next(message) as string | undefined,
      choose: async (message, choices) => {
        this.choices.push(choices);
        return next(message) as string | undefined;
      },
    };
  }

  /** One command line; resolves with its exit code. */
  async run(...argv: readonly string[]): Promise<number> {
    this.argv = argv;
    await runCommandLine(this);
    return this.exitCode;
  }

  /** What was printed to standard output, as JSON. */
  json(): unknown {
    return JSON.parse(this.stdout.text);
  }

  /** Resolves when standard output or error fits. */
  async said(pattern: RegExp): Promise<void> {
    const fits = () => pattern.test(this.stdout.text) || pattern.test(this.stderr.text);
    if (fits()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (fits()) resolve();
    };
    this.#waiting.add(look);
    await promise;
    this.#waiting.delete(look);
  }

  signal(): void {
    this.#ending.abort('SIGINT');
  }

  async control(): Promise<Control> {
    return this.#control;
  }

  async readStdin(): Promise<string> {
    return this.#stdin;
  }

  untilSignal(): AbortSignal & Disposable {
    return Object.assign(this.#ending.signal, { [Symbol.dispose]() {} });
  }

  async runProgram(words: readonly string[], variables: Readonly<Record<string, string>>): Promise<number> {
    this.ran.push({ words, variables });
    return this.programExitCode;
  }

  async copy(text: string): Promise<string> {
    this.copied.push(text);
    return 'a fake';
  }

  async openAddress(address: string): Promise<void> {
    this.opened.push(address);
  }

  setExitCode(code: number): void {
    this.exitCode = code;
  }

  [Symbol.dispose](): void {
    this.#ending.abort();
  }
}
