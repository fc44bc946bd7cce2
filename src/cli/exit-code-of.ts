import { constants } from 'node:os';

/** Of a program that a signal ended, as shells say it. */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
