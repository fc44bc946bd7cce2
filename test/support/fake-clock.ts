import type { Clock, Timer } from '../../src/base/clock.ts';

/** A clock that moves only when told. `advance` runs due callbacks in order, also those that they add. */
export class FakeClock implements Clock {
  #nowMs = 0;
  #timers: { atMs: number; order: number; callback: () => void }[] = [];
  #order = 0;

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** Timers that still wait. */
  get pending(): number {
    return this.#timers.length;
  }

  after(delayMs: number, callback: () => void): Timer {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, callback };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  advance(durationMs: number): void {
    const endMs = this.#nowMs + durationMs;
    for (;;) {
      const due = this.#timers
        .filter((timer) => timer.atMs <= endMs)
        .sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#nowMs = due.atMs;
      due.callback();
    }
    this.#nowMs = endMs;
  }

  /** advance, then lets promises settle. */
  async advanceAsync(durationMs: number): Promise<void> {
    this.advance(durationMs);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  }
}
