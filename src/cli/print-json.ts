import type { CommandOutput, PrintingCommand } from '../contract/command-output.ts';
import type { Cli } from './cli.ts';

/** What a command prints with --json, in the form that the contract has for it. */
export function printJson<N extends PrintingCommand>(
  { stdout }: Pick<Cli, 'stdout'>,
  _command: N,
  value: CommandOutput<N>,
): void {
  stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** One event a line. */
export function printJsonLine<N extends PrintingCommand>(
  { stdout }: Pick<Cli, 'stdout'>,
  _command: N,
  value: CommandOutput<N>,
): void {
  stdout.write(`${JSON.stringify(value)}\n`);
}
