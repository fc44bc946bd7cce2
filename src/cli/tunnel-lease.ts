import { randomUUID } from 'node:crypto';
import { type Clock, delay } from '../base/clock.ts';
import type { Control } from '../client/control.ts';
import type { OperationInput } from '../contract/control.ts';

/** One hold; then the next. */
const holdMs = 600_000;
/** Between attempts to find the daemon again. */
const againMs = 1_000;

export interface TunnelLeaseOptions {
  readonly control: Control;
  readonly clock: Clock;
  /** What it is for, to be asked for again of a daemon that was started anew. */
  readonly input: OperationInput<'up'>;
}

/**
 * Has tunnels up for as long as it lives: the daemon takes them down when the last lease is over, also where this process is killed. A daemon
 * that goes away is not started by it, but asked again when there is one.
 */
export class TunnelLease implements AsyncDisposable {
  readonly id = randomUUID();
  readonly #options: TunnelLeaseOptions;
  readonly #over = new AbortController();
  readonly #holding: Promise<void>;

  constructor(options: TunnelLeaseOptions) {
    this.#options = options;
    this.#holding = this.#hold();
  }

  /** What the lease is for, to be brought up by it. */
  get input(): OperationInput<'up'> {
    return { ...this.#options.input, lease: this.id };
  }

  /** Resolves when nothing of it is up any more that nobody else needs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await this.#holding;
    // Where there is no daemon, there is nothing to give back.
    await this.#options.control.call('release', { lease: this.id }, { start: false }).catch(() => {});
  }

  async #hold(): Promise<void> {
    const { control, clock } = this.#options;
    const { signal } = this.#over;
    const call = { lease: this.id, waitMs: holdMs };
    for (let start = true; !signal.aborted; start = false) {
      try {
        await control.call('hold', call, { signal, start });
      } catch {
        await delay(clock, againMs, signal).catch(() => {});
        if (!signal.aborted) await control.call('up', this.input, { signal, start: false }).catch(() => {});
      }
    }
  }
}
