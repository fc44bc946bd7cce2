import type { Command } from 'commander';
import type { Cli } from './cli.ts';

/** Gives a command its arguments, options and what it does. `words` are those behind its name, for what has commands of its own. */
export type DefineCommand = (command: Command, cli: Cli, words: readonly string[]) => void | Promise<void>;

export interface ListedCommand {
  readonly name: string;
  readonly summary: string;
  readonly heading: string;
  /** What stands behind its name is passed on as it is: the command has a program's options. */
  readonly passesOn?: boolean;
  load(): Promise<{ readonly define: DefineCommand }>;
}

/** Of words behind a program or command: which command they name, also as `help COMMAND`, and what stands behind that. */
export function commandNamed(words: readonly string[]): {
  readonly name: string | undefined;
  readonly rest: readonly string[];
} {
  const plain = words.filter((word) => !word.startsWith('-'));
  const [name, ...rest] = plain[0] === 'help' ? plain.slice(1) : plain;
  return { name, rest };
}

/** A command of another one whose summary says all that there is to say of it. */
export function subcommand(command: Command, name: string, summary: string): Command {
  return command
    .command(name)
    .summary(summary)
    .description(`${summary[0]?.toUpperCase()}${summary.slice(1)}.`);
}
