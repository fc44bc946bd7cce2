import type { Command } from 'commander';
import { chooseTunnels } from '../choose-tunnels.ts';
import type { Cli } from '../cli.ts';
import { printJson } from '../print-json.ts';
import type { StatusFlags } from '../watch-status.ts';

export function define(command: Command, cli: Cli): void {
  command
    .description(
      'Shows the tunnels that are up or paused: where they listen, which pod answers now, and what needs you.',
    )
    .argument('[names...]', 'these alone, up or not')
    .option('-a, --all', 'also tunnels that are off', false)
    .option('-w, --watch', 'go on showing what changes, until a signal', false)
    .option('--json', 'print JSON; with --watch one event a line', false)
    .action(async (names: string[], flags: StatusFlags) => {
      if (flags.watch) {
        const { watchStatus } = await import('../watch-status.ts');
        return watchStatus(names, flags, cli);
      }
      const control = await cli.control();
      const { tunnels } = await control.call('tunnels', {});
      const chosen = chooseTunnels(tunnels, names, flags.all);
      if (flags.json) return printJson(cli, 'status', { tunnels: chosen });
      const { statusTable } = await import('../status-table.ts');
      cli.stdout.write(statusTable(chosen, cli));
    });
}
