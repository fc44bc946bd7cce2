import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { daemonPlaces } from '../../base/daemon-places.ts';
import { replaceFile } from '../../base/replace-file.ts';
import type { Cli } from '../cli.ts';
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
      await cli.openAddress(await fileThatLeadsTo(answer.url, cli));
      cli.stdout.write(
        `Opened in the browser. Where it may not read the file that leads there (snap, WSL): ${cli.program} ui --no-open\n`,
      );
    });
}

/** The address is a secret while it works, and everybody on the machine sees what programs are started with: the browser reads it from a file. */
async function fileThatLeadsTo(url: string, cli: Cli): Promise<string> {
  // The daemon that answered has made the folder, for its user alone.
  const path = join(daemonPlaces(cli).runtime, 'open.html');
  await replaceFile(
    path,
    `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0;url=${url}"><title>Sallyport</title>
<a href="${url}">Sallyport</a></html>
`,
  );
  return pathToFileURL(path).href;
}
