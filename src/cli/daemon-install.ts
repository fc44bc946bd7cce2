import { daemonPlaces } from '../base/daemon-places.ts';
import { absoluteKubeconfig } from '../base/kubeconfig-list.ts';
import type { Cli } from './cli.ts';
import { printJson } from './print-json.ts';
import { daemonCommand } from './process-cli.ts';
import { checkSettings, endDaemon } from './replace-daemon.ts';

/** The platform starts one of its own: one that runs is ended first, and what was up comes back with the new one. */
export async function printInstall(cli: Cli, json: boolean): Promise<void> {
  const { install } = await import('../daemon/install.ts');
  await checkSettings(daemonPlaces(cli).settingsFile);
  const wasRunning = await endDaemon(cli);
  const { path: file } = await install(options(cli)).catch(async (error) => {
    // What was up is not to stay down for it.
    if (wasRunning) await (await cli.control()).call('version', {});
    throw error;
  });
  if (json) return printJson(cli, 'daemon install', { file });
  cli.stdout.write(`The daemon is started at login, and runs now: ${file}\n`);
}

export async function printUninstall(cli: Cli, json: boolean): Promise<void> {
  const { installation, uninstall } = await import('../daemon/install.ts');
  const { path: file } = installation(options(cli));
  await uninstall(options(cli));
  if (json) return printJson(cli, 'daemon uninstall', { file });
  cli.stdout.write(`The daemon is not started at login any more; ${file} is gone.\n`);
}

function options({ platform, home, uid, env, cwd }: Cli) {
  const daemonEnv = { KUBECONFIG: absoluteKubeconfig(env.KUBECONFIG, cwd), PATH: env.PATH };
  return { platform, home, uid, env, daemonEnv, command: daemonCommand() };
}
