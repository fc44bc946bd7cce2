import { AppError } from '../base/app-error.ts';
import { type Clock, delay, systemClock } from '../base/clock.ts';
import type { Control } from './control.ts';

const lookMs = 20;

/** Asks the daemon to end, and resolves when nobody answers any more. What is wanted comes back with the next one. */
export async function stopDaemon(
  control: Control,
  clock: Clock = systemClock,
  timeoutMs = 10_000,
): Promise<void> {
  const deadlineMs = clock.nowMs() + timeoutMs;
  const { pid } = await control.call('shutdown', {});
  for (;;) {
    const isGone = await control.call('version', {}, { timeoutMs: 1_000 }).then(
      (answer) => answer.pid !== pid,
      (error) => AppError.from(error).code === 'SP-DAEMON-NOT-RUNNING',
    );
    if (isGone) return;
    if (clock.nowMs() >= deadlineMs) throw new AppError('SP-DAEMON-LOST', { message: 'it does not end' });
    await delay(clock, lookMs);
  }
}
