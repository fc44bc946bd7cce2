import { AppError } from '../base/app-error.ts';
import { acquireProcessLock, type ProcessLockOptions } from '../base/process-lock.ts';

/** The lock of the one daemon a user has, until disposed. Throws SP-DAEMON-RUNNING with the pid and version of who has it. */
export async function acquireInstanceLock(options: ProcessLockOptions): Promise<AsyncDisposable> {
  const answer = await acquireProcessLock(options);
  if (answer.kind === 'acquired') return answer.lock;
  const { pid, version, sinceMs } = answer.by;
  throw new AppError('SP-DAEMON-RUNNING', { pid, version, sinceMs });
}
