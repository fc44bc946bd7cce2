import { AppError } from '../base/app-error.ts';
import { stopDaemon } from '../client/stop-daemon.ts';
import type { OperationAnswer } from '../contract/control.ts';
import type { Cli } from './cli.ts';

/** Ends the daemon, and says which it was; undefined where none runs. */
export async function endDaemon(cli: Cli): Promise<OperationAnswer<'version'> | undefined> {
  const control = await cli.control({ start: false });
  try {
    const running = await control.call('version', {});
    await stopDaemon(control, cli.clock);
    return running;
  } catch (error) {
    if (AppError.from(error).code === 'SP-DAEMON-NOT-RUNNING') return undefined;
    throw error;
  }
}

/** What is wanted comes back with the new one. */
export async function restartDaemon(cli: Cli): Promise<OperationAnswer<'version'>> {
  await endDaemon(cli);
  const control = await cli.control();
  return control.call('version', {});
}
