import type { Clock, Timer } from '../base/clock.ts';

/** An idle machine is woken for it: as seldom as a person who opens the lid can bear. */
const lookEveryMs = 10_000;
/** Wall time that passed beyond the timer's own, above which the machine was asleep (or its clock was set: trying again does no harm). */
const sleptMs = 10_000;

/**
 * Calls back after the machine slept: timers stand still meanwhile, the wall clock does not. Sessions may then be dead without a word, and
 * whoever waits should not wait for time-outs.
 */
export function onWake(clock: Clock, callback: () => void): Disposable {
  let timer: Timer;
  const look = (beforeMs: number) => {
    timer = clock.after(lookEveryMs, () => {
      const nowMs = clock.wallMs();
      if (nowMs - beforeMs > lookEveryMs + sleptMs) callback();
      look(nowMs);
    });
  };
  look(clock.wallMs());
  return { [Symbol.dispose]: () => timer.cancel() };
}
