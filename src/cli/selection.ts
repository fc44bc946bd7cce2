import { type Command, InvalidArgumentError } from 'commander';
import { AppError } from '../base/app-error.ts';
import { parseDurationMs } from '../base/duration.ts';
import type { Cli } from './cli.ts';

export interface SelectionFlags {
  readonly group?: readonly string[];
  readonly all?: boolean;
}

export interface Selection {
  readonly names: string[];
  readonly groups: string[];
  readonly all: boolean;
  readonly folder: string;
}

/** NAME… and --group; with `all` also --all. */
export function selecting(command: Command, all?: string): Command {
  command
    .argument('[names...]', 'profiles: NAME, SOURCE/NAME, or ad-hoc/NAME')
    .option('-g, --group <name>', 'a group of profiles (repeatable)', gather);
  return all ? command.option('--all', all, false) : command;
}

/** What was named. `whenNone`: what naming nothing means. Throws SP-USAGE where that is an error. */
export function selection(
  names: readonly string[],
  { group = [], all = false }: SelectionFlags,
  { cli, whenNone }: { readonly cli: Cli; readonly whenNone: 'all' | { readonly refuse: string } },
): Selection {
  const named = names.length > 0 || group.length > 0;
  if (all && named) throw new AppError('SP-USAGE', { message: '--all and names do not go together' });
  if (!named && !all && whenNone !== 'all') {
    throw new AppError('SP-USAGE', { message: whenNone.refuse, next: `${cli.program} list` });
  }
  return { names: [...names], groups: [...group], all: !named, folder: cli.cwd };
}

export function gather(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

export function duration(text: string): number {
  const valueMs = parseDurationMs(text);
  if (valueMs === undefined) throw new InvalidArgumentError('write it as 90s, 1m30s or 0');
  return valueMs;
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('write a whole number');
  return value;
}
