import { exitCodeOf } from './exit-code-of.ts';

const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface UntilSignalOptions {
  /** Goes on though nobody reads what it prints, as a daemon that outlives the command that started it. */
  readonly unread?: boolean;
}

/** The part in use of Node's process. */
export interface SignalledProcess {
  on(signal: NodeJS.Signals, listener: (name: NodeJS.Signals) => void): unknown;
  removeListener(signal: NodeJS.Signals, listener: (name: NodeJS.Signals) => void): unknown;
  exit(code?: number): void;
}

/** What may end a command that lasts: a signal, or that nobody reads on. Signals do not end the process while one asks for them. */
export class Endings {
  readonly #process: SignalledProcess;
  readonly #lasting = new Map<AbortController, UntilSignalOptions>();
  #programs = 0;

  constructor(process: SignalledProcess) {
    this.#process = process;
  }

  until(options: UntilSignalOptions = {}): AbortSignal & Disposable {
    const ending = new AbortController();
    if (this.#lasting.size === 0) for (const name of endSignals) this.#process.on(name, this.#onSignal);
    this.#lasting.set(ending, options);
    return Object.assign(ending.signal, {
      [Symbol.dispose]: () => {
        if (!this.#lasting.delete(ending) || this.#lasting.size > 0) return;
        for (const name of endSignals) this.#process.removeListener(name, this.#onSignal);
      },
    });
  }

  /** Signals belong to a program that runs in the foreground: Ctrl-C in psql cancels a query. */
  async belongingTo<T>(program: () => Promise<T>): Promise<T> {
    this.#programs++;
    try {
      return await program();
    } finally {
      this.#programs--;
    }
  }

  /** Who reads our output has enough of it, as head(1): no error, and the end of what only prints. */
  unread(stream: 'stdout' | 'stderr'): void {
    const unaware = [...this.#lasting].filter(([, { unread }]) => !unread);
    for (const [ending] of unaware) ending.abort('SIGPIPE');
    if (stream === 'stdout' && this.#lasting.size === 0) this.#process.exit();
  }

  readonly #onSignal = (name: NodeJS.Signals) => {
    if (this.#programs > 0) return;
    const endings = [...this.#lasting.keys()];
    // Asked twice: whoever asks does not want to wait for a clean end.
    if (endings.some(({ signal }) => signal.aborted)) return this.#process.exit(exitCodeOf(name));
    for (const ending of endings) ending.abort(name);
  };
}
