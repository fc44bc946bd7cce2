import type { Clock } from '../base/clock.ts';

/** Whatever can be waited for. */
interface Settling {
  readonly isSettled: boolean;
}

/** Those who wait until a tunnel is ready, needs its user or cannot start. Each wait has its limit. */
export class SettledWait {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Told by who passes changes on: whoever waits looks again. */
  wake(): void {
    for (const look of [...this.#waiting]) look();
  }

  /** Resolves when it is settled, after waitMs, or when nobody waits any more. */
  until(tunnel: Settling, wait: { readonly waitMs: number; readonly signal: AbortSignal }): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        timer.cancel();
        this.#waiting.delete(look);
        wait.signal.removeEventListener('abort', finish);
        resolve();
      };
      const look = () => {
        if (tunnel.isSettled) finish();
      };
      const timer = this.#clock.after(wait.waitMs, finish);
      if (tunnel.isSettled || wait.waitMs === 0 || wait.signal.aborted) return finish();
      this.#waiting.add(look);
      wait.signal.addEventListener('abort', finish, { once: true });
    });
  }
}
