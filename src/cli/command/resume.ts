import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { selecting, selection } from '../selection.ts';
import { type ComeBackFlags, comeBack, comingBack } from './restart.ts';

export function define(command: Command, cli: Cli): void {
  command.description('Brings paused tunnels back on the same ports; without names all of them.');
  comingBack(selecting(command)).action((names: string[], flags: ComeBackFlags) =>
    comeBack('resume', { chosen: selection(names, flags, { cli, whenNone: 'all' }), flags, cli }),
  );
}
