import { type Command, InvalidArgumentError, Option } from 'commander';
import { type AuditFilterFlags, filtered, logOption } from '../audit-filter.ts';
import type { Cli } from '../cli.ts';
import { subcommand } from '../listed-command.ts';
import { gather, wholeNumber } from '../selection.ts';

type Json = { readonly json: boolean };

export function define(command: Command, cli: Cli): void {
  command.description(
    'Shows what is on record on this machine, says whether it is what was written, and gives it out. Needs no daemon.',
  );
  const sub = (name: string, summary: string) => subcommand(command, name, summary);

  filtered(sub('list', 'print the last events, the oldest first'))
    .addOption(new Option('-n, --lines <number>', 'how many').default(50).argParser(lines))
    .option('--json', 'print them as JSON', false)
    .action(async (flags: AuditFilterFlags & Json & { readonly lines: number }) =>
      (await import('../audit-list.ts')).printList(flags, cli),
    );
  filtered(sub('follow', 'print events as they are written, until a signal'))
    .option('--json', 'print one event a line as JSON', false)
    .action(async (flags: AuditFilterFlags & Json) => (await import('../audit-list.ts')).follow(flags, cli));
  logOption(sub('show', 'print one event whole'))
    .argument('<number>', 'of its line', wholeNumber)
    .option('--json', 'print it as JSON', false)
    .action(async (seq: number, flags: AuditFilterFlags & Json) =>
      (await import('../audit-list.ts')).printOne(seq, flags, cli),
    );
  logOption(sub('verify', 'say whether the logs are what was written; exit code 9 where one is not'))
    .option('--cluster-log <file>', "the API server's audit log, which knows where the log stood")
    .option('--key <key>', 'trust this key alone, as you noted it (repeatable)', gather)
    .option('--json', 'print the verdicts as JSON', false)
    .action(async (flags: AuditFilterFlags & Json & { clusterLog?: string; key?: readonly string[] }) =>
      (await import('../audit-verify.ts')).printVerdicts(flags, cli),
    );
  filtered(sub('export', 'print all events as one JSON array or CSV'))
    .addOption(new Option('--format <format>', 'of the output').choices(['json', 'csv']).default('json'))
    .action(async (flags: AuditFilterFlags & { readonly format: 'json' | 'csv' }) =>
      (await import('../audit-list.ts')).printExport(flags, cli),
    );
}

function lines(text: string): number {
  const value = wholeNumber(text);
  if (value < 1 || value > 100_000) throw new InvalidArgumentError('write a number up to 100000');
  return value;
}
