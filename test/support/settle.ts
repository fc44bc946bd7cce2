import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FakeClock } from './fake-clock.ts';

/** Lets all happen that needs no time; then, in small steps so that timers may set timers, all that happens within durationMs. */
export async function settle(clock: FakeClock, durationMs = 0): Promise<void> {
  await nextTurn();
  for (let leftMs = durationMs; leftMs > 0; leftMs -= stepMs) {
    clock.advance(Math.min(stepMs, leftMs));
    await nextTurn();
  }
}

const stepMs = 10;
