import type { Clock, Timer } from '../../src/base/clock.ts';

const tickMs = 1_000;

/** The time as the page shows it: moves on once a second for all who show one, and not at all while nobody does. */
export class Ticker {
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();
  #nowMs: number;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#nowMs = clock.wallMs();
  }

  /** Milliseconds since the epoch. */
  readonly now = (): number => this.#nowMs;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    this.#nowMs = this.#timer ? this.#nowMs : this.#clock.wallMs();
    this.#timer ??= this.#clock.after(tickMs, this.#tick);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#timer?.cancel();
      this.#timer = undefined;
    };
  };

  readonly #tick = (): void => {
    this.#nowMs = this.#clock.wallMs();
    this.#timer = this.#clock.after(tickMs, this.#tick);
    for (const listener of [...this.#listeners]) listener();
  };
}
