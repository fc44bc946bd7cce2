import { expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { onWake } from './wake.ts';

/** A clock whose wall time can run ahead of its timers, as on a machine that slept. */
class SleepyClock extends FakeClock {
  #sleptMs = 0;

  sleep(durationMs: number): void {
    this.#sleptMs += durationMs;
  }

  override wallMs(): number {
    return super.wallMs() + this.#sleptMs;
  }
}

it('calls back after sleep, once, and not for slow timers', () => {
  const clock = new SleepyClock();
  let woke = 0;
  const watch = onWake(clock, () => woke++);
  clock.advance(60_000);
  clock.sleep(2_000);
  clock.advance(10_000);
  expect(woke).toBe(0);
  clock.sleep(600_000);
  clock.advance(10_000);
  clock.advance(60_000);
  expect(woke).toBe(1);
  watch[Symbol.dispose]();
  expect(clock.pending).toBe(0);
});
