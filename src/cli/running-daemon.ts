import { AppError } from '../base/app-error.ts';
import type { Control } from '../client/control.ts';
import type { Cli } from './cli.ts';

/** What the daemon that runs answers; undefined where none does: none is started to be asked. */
export async function ofRunningDaemon<T>(
  cli: Cli,
  ask: (control: Control) => Promise<T>,
): Promise<T | undefined> {
  const control = await cli.control({ start: false });
  try {
    return await ask(control);
  } catch (error) {
    if (AppError.from(error).code === 'SP-DAEMON-NOT-RUNNING') return undefined;
    throw error;
  }
}
