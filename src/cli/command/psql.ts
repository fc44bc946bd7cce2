import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { type RunFlags, runWith, whileUpOptions } from './run.ts';

export function define(command: Command, cli: Cli): void {
  command
    .description(
      'Runs psql through a tunnel, which is brought up for it where it is not up yet. What follows NAME goes to psql.',
    )
    .argument('<name>', 'NAME, SOURCE/NAME or ad-hoc/NAME')
    .argument('[args...]', 'for psql, as -c "select 1"');
  whileUpOptions(command).action((name: string, args: string[], flags: RunFlags) => {
    const own = args[0] === '--' ? args.slice(1) : args;
    return runWith([name], flags, { words: ['psql', ...own], cli, only: 'postgres' });
  });
}
