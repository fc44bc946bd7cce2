import { type Command, Option } from 'commander';
import type { LogLine } from '../../contract/control-tunnel.ts';
import type { Cli } from '../cli.ts';
import { LogLineWords } from '../log-line-words.ts';
import { colorsFor } from '../paint.ts';
import { printJson, printJsonLine } from '../print-json.ts';
import { wholeNumber } from '../selection.ts';

interface LogsFlags {
  readonly lines: number;
  readonly follow: boolean;
  readonly json: boolean;
}

export function define(command: Command, cli: Cli): void {
  command
    .description("Prints one tunnel's own log, the oldest line first.")
    .argument('<name>', 'NAME, SOURCE/NAME or ad-hoc/NAME')
    .addOption(
      new Option('-n, --lines <number>', 'how many, at most 1000').default(200).argParser(wholeNumber),
    )
    .option('-f, --follow', 'go on printing what is added, until a signal', false)
    .option('--json', 'print them as JSON; with --follow one line each', false)
    .action(async (name: string, { lines: limit, follow, json }: LogsFlags) => {
      if (follow) {
        const { followLogs } = await import('../follow-logs.ts');
        return followLogs({ name, limit, print: printer(json, cli), cli });
      }
      const control = await cli.control();
      const { lines } = await control.call('logs', { name, folder: cli.cwd, limit });
      if (json) return printJson(cli, 'logs', { lines });
      lines.forEach(printer(false, cli));
    });
}

function printer(json: boolean, cli: Cli): (line: LogLine) => void {
  if (json) return (line) => printJsonLine(cli, 'logs --follow', line);
  const words = new LogLineWords(colorsFor(cli.stdout, cli));
  return (line) => cli.stdout.write(`${words.of(line)}\n`);
}
