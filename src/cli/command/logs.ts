import { type Command, Option } from 'commander';
import type { PodIdentity } from '../../contract/pod.ts';
import type { Cli } from '../cli.ts';
import { colorsFor } from '../paint.ts';
import { printJson } from '../print-json.ts';
import { wholeNumber } from '../selection.ts';
import { podWords, timeWords } from '../tunnel-words.ts';

interface LogsFlags {
  readonly lines: number;
  readonly json: boolean;
}

export function define(command: Command, cli: Cli): void {
  command
    .description("Prints one tunnel's own log, the oldest line first.")
    .argument('<name>', 'NAME, SOURCE/NAME or ad-hoc/NAME')
    .addOption(
      new Option('-n, --lines <number>', 'how many, at most 1000').default(200).argParser(wholeNumber),
    )
    .option('--json', 'print them as JSON', false)
    .action(async (name: string, flags: LogsFlags) => {
      const control = await cli.control();
      const { lines } = await control.call('logs', { name, folder: cli.cwd, limit: flags.lines });
      if (flags.json) return printJson(cli, 'logs', { lines });
      const colors = colorsFor(cli.stdout, cli);
      for (const { atMs, level, event, fields } of lines) {
        const warned = level === 'warn' ? colors.yellow('warn ') : '';
        const facts = Object.entries(fields).filter(([field, value]) => isWorthALine(field, value));
        const words = facts.map(([field, value]) => `${colors.dim(`${field}=`)}${plain(value)}`);
        cli.stdout.write(`${[colors.dim(timeWords(atMs)), `${warned}${event}`, ...words].join(' ')}\n`);
      }
    });
}

/** The line has the tunnel's name and its own time already. */
function isWorthALine(field: string, value: unknown): boolean {
  return field !== 'tunnel' && field !== 'sinceMs' && !(field === 'held' && value === 0);
}

function plain(value: unknown): string {
  const pod = podIdentityOf(value);
  if (pod) return podWords(pod);
  return typeof value === 'string' && /^[\w./:@-]+$/.test(value) ? value : JSON.stringify(value);
}

function podIdentityOf(value: unknown): PodIdentity | undefined {
  const isPod = typeof value === 'object' && value !== null && 'uid' in value && 'hostNetwork' in value;
  return isPod ? (value as PodIdentity) : undefined;
}
