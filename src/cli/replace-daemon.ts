import { daemonPlaces } from '../base/daemon-places.ts';
import { stopDaemon } from '../client/stop-daemon.ts';
import type { OperationAnswer } from '../contract/control.ts';
import type { Cli } from './cli.ts';
import { ofRunningDaemon } from './running-daemon.ts';

/** Ends the daemon, and says which it was; undefined where none runs. */
export async function endDaemon(cli: Cli): Promise<OperationAnswer<'version'> | undefined> {
  return ofRunningDaemon(cli, async (control) => {
    const running = await control.call('version', {});
    await stopDaemon(control, cli.clock);
    return running;
  });
}

/** Settings that no daemon starts with must not cost the one that runs, and with it all tunnels. Throws SP-USAGE. */
export async function checkSettings(path: string): Promise<void> {
  const { readSettings } = await import('../daemon/settings.ts');
  await readSettings(path);
}

/** What is wanted comes back with the new one. Throws SP-USAGE for settings that it would not start with. */
export async function restartDaemon(
  cli: Cli,
  { settingsFile } = daemonPlaces(cli),
): Promise<OperationAnswer<'version'>> {
  await checkSettings(settingsFile);
  await endDaemon(cli);
  const control = await cli.control();
  return control.call('version', {});
}
