import type { Clock } from '../src/base/clock.ts';

/** The system's time as a browser has it: its timers keep nothing alive. */
export const browserClock: Clock = {
  wallMs: () => Date.now(),
  nowMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
