import type { Command } from 'commander';
import { formatTitle, formatUse } from '../../contract/connection-format.ts';
import type { Cli } from '../cli.ts';
import { printJson } from '../print-json.ts';
import { type FormatFlags, formatOptions, printWarnings, writeString } from './url.ts';

export function define(command: Command, cli: Cli): void {
  command.description(
    'Copies a connection string to the clipboard; of Postgres the psql command, unless --format says another.',
  );
  formatOptions(command).action(async (name: string, flags: FormatFlags) => {
    const written = await writeString(name, flags, { cli });
    const copiedWith = await cli.copy(written.text);
    const { text, ...facts } = written;
    if (flags.json) return printJson(cli, 'copy', { ...facts, copiedWith });
    const shown = written.secret ? 'with its password' : text.includes('\n') ? '' : text;
    cli.stdout.write(
      `Copied the ${formatTitle[written.format]} of ${written.tunnel}${shown ? `: ${shown}` : ''}\n`,
    );
    const use = formatUse[written.format];
    if (use) cli.stdout.write(`  ${use}\n`);
    printWarnings(written, cli);
  });
}
