import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { printOutcomes, stateLine } from '../print-outcomes.ts';
import { type SelectionFlags, selecting, selection } from '../selection.ts';

export function define(command: Command, cli: Cli): void {
  command.description('Takes tunnels down and frees their ports. They stay down until `up`.');
  selecting(command, 'every tunnel that is up')
    .option('--json', 'print the outcomes as JSON', false)
    .action(async (names: string[], flags: SelectionFlags & { readonly json: boolean }) => {
      const whenNone = { refuse: 'name the tunnels to take down, a --group, or --all' };
      const chosen = selection(names, flags, { cli, whenNone });
      const control = await cli.control();
      const { outcomes } = await control.call('down', chosen);
      if (outcomes.length === 0 && !flags.json) cli.stdout.write('No tunnel is up.\n');
      const lines = (tunnel: Parameters<typeof stateLine>[0]) => stateLine(tunnel, cli);
      await printOutcomes(outcomes, { command: 'down', json: flags.json, lines }, cli);
    });
}
