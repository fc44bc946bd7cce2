import { AppError } from '../base/app-error.ts';
import type { ErrorCode, ErrorDetails } from '../contract/error-codes.ts';

/** What a daemon refused a call with; SP-DAEMON-LOST where the answer is none of a daemon. */
export function answeredError(answer: unknown): AppError {
  const { error } = (answer ?? {}) as { error?: { code: ErrorCode; details: ErrorDetails } };
  return error
    ? new AppError(error.code, error.details)
    : new AppError('SP-DAEMON-LOST', { message: 'the answer is none of a daemon' });
}
