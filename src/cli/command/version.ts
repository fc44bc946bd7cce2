import type { Command } from 'commander';
import { protocolVersion } from '../../contract/control-protocol.ts';
import type { Cli } from '../cli.ts';
import { printJson } from '../print-json.ts';
import { ofRunningDaemon } from '../running-daemon.ts';

export function define(command: Command, cli: Cli): void {
  command
    .description('Prints the version of this program, and of the daemon where one runs. Starts none.')
    .option('--json', 'print them as JSON', false)
    .action(async ({ json }: { readonly json: boolean }) => {
      const daemon = await ofRunningDaemon(cli, (control) => control.call('version', {}));
      const { version } = cli;
      const node = process.versions.node;
      if (json) {
        return printJson(cli, 'version', {
          version,
          protocol: protocolVersion,
          node,
          ...(daemon && { daemon }),
        });
      }
      const running = daemon ? `${daemon.version} (pid ${daemon.pid})` : 'not running';
      cli.stdout.write(`sallyport ${version}\ndaemon    ${running}\nnode      ${node}\n`);
    });
}
