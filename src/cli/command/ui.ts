import type { Command } from 'commander';
import { daemonPlaces } from '../../base/daemon-places.ts';
import type { Cli } from '../cli.ts';
import { fileThatLeadsTo } from '../page-address.ts';
import { printJson } from '../print-json.ts';

interface UiFlags {
  readonly open: boolean;
  readonly json: boolean;
}

export function define(command: Command, cli: Cli): void {
  command
    .description('Opens the window in a browser. Its address works once, within a minute.')
    .option('--no-open', 'print the address instead of opening it')
    .option('--json', 'print the address as JSON, and open nothing', false)
    .action(async ({ open, json }: UiFlags) => {
      const control = await cli.control();
      const answer = await control.call('ui', {});
      if (json) return printJson(cli, 'ui', answer);
      if (!open) return void cli.stdout.write(`${answer.url}\n`);
      await cli.openAddress(await fileThatLeadsTo(answer.url, daemonPlaces(cli)));
      cli.stdout.write(
        `Opened in the browser. Where it may not read the file that leads there (snap, WSL): ${cli.program} ui --no-open\n`,
      );
    });
}
