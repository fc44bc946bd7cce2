import type { Command } from 'commander';
import type { TunnelEntity } from '../../contract/control-tunnel.ts';
import type { Cli } from '../cli.ts';
import { printOutcomes, stateLine } from '../print-outcomes.ts';
import { type SelectionFlags, selecting, selection } from '../selection.ts';

export function define(command: Command, cli: Cli): void {
  command.description(
    'Lets ports and cluster go, and remembers that the tunnels are wanted, until `resume`. Without names all that are up.',
  );
  selecting(command)
    .option('--json', 'print the outcomes as JSON', false)
    .action(async (names: string[], flags: SelectionFlags & { readonly json: boolean }) => {
      const chosen = selection(names, flags, { cli, whenNone: 'all' });
      const control = await cli.control();
      const { outcomes } = await control.call('pause', chosen);
      if (outcomes.length === 0 && !flags.json) cli.stdout.write('No tunnel is up.\n');
      const lines = (tunnel: TunnelEntity) => stateLine(tunnel, cli);
      await printOutcomes(outcomes, { command: 'pause', json: flags.json, lines }, cli);
    });
}
