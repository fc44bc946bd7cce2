import { type Command, Option } from 'commander';
import type { TunnelEntity } from '../../contract/control-tunnel.ts';
import { bringUp, whyNotReady } from '../bring-up.ts';
import type { Cli } from '../cli.ts';
import { printOutcomes, stateLine } from '../print-outcomes.ts';
import { duration, type SelectionFlags, selecting, selection } from '../selection.ts';

export interface ComeBackFlags extends SelectionFlags {
  readonly wait: boolean;
  readonly timeout: number;
  readonly json: boolean;
}

export function define(command: Command, cli: Cli): void {
  command.description(
    'Takes tunnels down and up again on the same ports, with their profiles as they are now. Connections end.',
  );
  comingBack(selecting(command, 'every tunnel that is up')).action(
    (names: string[], flags: ComeBackFlags) => {
      const whenNone = { refuse: 'name the tunnels to restart, a --group, or --all' };
      return comeBack('restart', { chosen: selection(names, flags, { cli, whenNone }), flags, cli });
    },
  );
}

export function comingBack(command: Command): Command {
  return command
    .option('--no-wait', 'do not wait until they are ready')
    .addOption(
      new Option('--timeout <duration>', 'how long to wait').default(60_000, '60s').argParser(duration),
    )
    .option('--json', 'print the outcomes as JSON', false);
}

export async function comeBack(
  operation: 'restart' | 'resume',
  {
    chosen,
    flags,
    cli,
  }: { readonly chosen: ReturnType<typeof selection>; readonly flags: ComeBackFlags; readonly cli: Cli },
): Promise<void> {
  const control = await cli.control();
  const waitMs = flags.wait ? flags.timeout : 0;
  const outcomes = await bringUp({ operation, input: chosen, waitMs }, control, cli);
  const lines = (tunnel: TunnelEntity) => stateLine(tunnel, cli);
  const problem = flags.wait ? { problem: whyNotReady } : {};
  await printOutcomes(outcomes, { command: operation, json: flags.json, lines, ...problem }, cli);
}
