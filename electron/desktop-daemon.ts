import { AppError } from '../src/base/app-error.ts';
import type { Clock, Timer } from '../src/base/clock.ts';
import { Listeners } from '../src/base/listeners.ts';
import type { Control } from '../src/client/control.ts';
import type { ControlView } from '../src/client/control-view.ts';
import type { DaemonNow } from './page-feeds.ts';

export interface DesktopDaemonOptions {
  readonly clock: Clock;
  readonly control: Control;
  /** Starts one and resolves when it answers. Two at a time end with one daemon. */
  readonly start: () => Promise<void>;
  /** Ends the one that runs, of whatever version. */
  readonly stop: () => Promise<void>;
}

/** A daemon that was replaced is back in this time. */
const lookMs = 3_000;
/** One that falls again and again is not to be started for ever. */
const maxStarts = 3;
const startsWithinMs = 600_000;

/**
 * The daemon as the app knows it. One that crashed is started again; one that was ended on purpose stays so until its user wants it, and
 * one of another version that cannot be talked to is left alone, with its tunnels.
 */
export class DesktopDaemon implements AsyncDisposable {
  readonly #options: DesktopDaemonOptions;
  readonly #changes = new Listeners<DaemonNow>();
  readonly #startedMs: number[] = [];
  #now: DaemonNow = { kind: 'looking' };
  #subscription: Disposable | undefined;
  #look: Timer | undefined;
  #running: Promise<void> | undefined;
  #isOver = false;

  constructor(options: DesktopDaemonOptions) {
    this.#options = options;
  }

  get now(): DaemonNow {
    return this.#now;
  }

  get view(): ControlView | undefined {
    return this.#now.kind === 'looking' ? undefined : this.#now.view;
  }

  onChange(listener: (now: DaemonNow) => void): () => void {
    return this.#changes.add(listener);
  }

  /** Finds the daemon or starts it. Never rejects: what went wrong is the state. */
  start(): Promise<void> {
    this.#running ??= this.#begin().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Ends it and starts this app's own: what is wanted comes back on the same ports. Never rejects. */
  async restart(): Promise<void> {
    try {
      await this.#options.stop();
    } catch (error) {
      if (AppError.from(error).code !== 'SP-DAEMON-NOT-RUNNING') return this.#lost(error, true);
    }
    await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#look?.cancel();
    this.#subscription?.[Symbol.dispose]();
    await this.#options.control[Symbol.asyncDispose]();
  }

  async #begin(): Promise<void> {
    this.#look?.cancel();
    try {
      await this.#options.control.call('version', {}, { start: false }).catch(async (error) => {
        if (AppError.from(error).code !== 'SP-DAEMON-NOT-RUNNING') throw error;
        await this.#options.start();
      });
    } catch (error) {
      return this.#lost(error, true);
    }
    if (this.#isOver) return;
    this.#subscription?.[Symbol.dispose]();
    this.#subscription = this.#options.control.subscribe({
      onView: (view) => {
        this.#look?.cancel();
        this.#set({ kind: 'here', view });
      },
      onLost: (error, final) => {
        this.#lost(error, final);
        if (!final) this.#lookSoon();
      },
    });
  }

  #lookSoon(): void {
    this.#look?.cancel();
    this.#look = this.#options.clock.after(lookMs, () => void this.#lookAgain());
  }

  /** The subscription looks for a daemon by itself; whether there will be one is asked here, until that is known. */
  async #lookAgain(): Promise<void> {
    const error = await this.#options.control.call('version', {}, { start: false }).then(
      () => undefined,
      (thrown) => AppError.from(thrown),
    );
    if (this.#isOver || this.#now.kind !== 'lost' || this.#now.final) return;
    if (error?.code !== 'SP-DAEMON-NOT-RUNNING') return this.#lookSoon();
    if (!leftItsSocket(error) || !this.#mayStart()) return this.#lost(error, true);
    await this.start();
  }

  #mayStart(): boolean {
    const nowMs = this.#options.clock.nowMs();
    while (this.#startedMs[0] !== undefined && nowMs - this.#startedMs[0] > startsWithinMs)
      this.#startedMs.shift();
    if (this.#startedMs.length >= maxStarts) return false;
    this.#startedMs.push(nowMs);
    return true;
  }

  #lost(thrown: unknown, final: boolean): void {
    this.#set({ kind: 'lost', view: this.view, error: AppError.from(thrown).toData(), final });
  }

  #set(now: DaemonNow): void {
    if (this.#isOver) return;
    this.#now = now;
    this.#changes.emit(now);
  }
}

/** One that ends as it should takes its socket away. A named pipe is gone either way. */
function leftItsSocket({ cause }: AppError): boolean {
  return (cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED';
}
