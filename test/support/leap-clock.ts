import type { Clock, Timer } from '../../src/base/clock.ts';

interface Waiting {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
  handle: NodeJS.Timeout;
}

/**
 * Real time that a test may leap ahead: sockets answer as they do, and nobody waits for a timer of a minute. What a leap makes due is called
 * in order, also what the callbacks add.
 */
export class LeapClock implements Clock {
  readonly #waiting = new Set<Waiting>();
  #leaptMs = 0;
  #order = 0;

  wallMs(): number {
    return Date.now() + this.#leaptMs;
  }

  nowMs(): number {
    return performance.now() + this.#leaptMs;
  }

  /** Timers that still wait. */
  get pending(): number {
    return this.#waiting.size;
  }

  after(delayMs: number, callback: () => void): Timer {
    const atMs = this.nowMs() + Math.max(0, delayMs);
    const timer: Waiting = { atMs, order: this.#order++, callback, handle: this.#arm(() => timer, delayMs) };
    this.#waiting.add(timer);
    return {
      cancel: () => {
        clearTimeout(timer.handle);
        this.#waiting.delete(timer);
      },
    };
  }

  leap(durationMs: number): void {
    const endMs = this.nowMs() + durationMs;
    for (;;) {
      const [due] = [...this.#waiting]
        .filter(({ atMs }) => atMs <= endMs)
        .sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      if (!due) break;
      this.#leaptMs += Math.max(0, due.atMs - this.nowMs());
      clearTimeout(due.handle);
      this.#fire(due);
    }
    this.#leaptMs += Math.max(0, endMs - this.nowMs());
    for (const timer of this.#waiting) {
      clearTimeout(timer.handle);
      timer.handle = this.#arm(() => timer, timer.atMs - this.nowMs());
    }
  }

  /**
   * Lets time fly until something has come of it: ten times as fast as it passes, so that on a loaded machine no limit passes before whoever is
   * to keep it has had a turn.
   */
  async hurry<T>(outcome: Promise<T>): Promise<T> {
    let isPending = true;
    const settled = () => {
      isPending = false;
    };
    outcome.then(settled, settled);
    while (isPending) {
      this.leap(20);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return outcome;
  }

  #arm(timer: () => Waiting, delayMs: number): NodeJS.Timeout {
    return setTimeout(() => this.#fire(timer()), Math.max(0, delayMs)).unref();
  }

  #fire(timer: Waiting): void {
    if (this.#waiting.delete(timer)) timer.callback();
  }
}
