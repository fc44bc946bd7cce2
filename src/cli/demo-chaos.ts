import type { Clock, Timer } from '../base/clock.ts';

export interface ChaosOptions {
  readonly clock: Clock;
  readonly restart: () => void;
  /** Called before each restart, and at the end. */
  readonly report: () => void;
}

export const chaosEveryMs = 15_000;

/** Restarts the pod again and again until disposed, and has it reported how its clients fare. */
export function startChaos({ clock, restart, report }: ChaosOptions): Disposable {
  const later = () =>
    clock.after(chaosEveryMs, () => {
      report();
      restart();
      timer = later();
    });
  let timer: Timer = later();
  return {
    [Symbol.dispose]() {
      timer.cancel();
      report();
    },
  };
}
