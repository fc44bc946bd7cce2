import type { CallOptions } from './control.ts';

const usualMs = 30_000;

/** How long the answer to a call is waited for: as the caller says, else as long as usual after what the operation itself may wait. */
export function answerLimitMs(input: object, { timeoutMs }: Pick<CallOptions, 'timeoutMs'>): number {
  const waitMs = 'waitMs' in input && typeof input.waitMs === 'number' ? input.waitMs : 0;
  return timeoutMs ?? usualMs + waitMs;
}
