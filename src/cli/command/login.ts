import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { printJson } from '../print-json.ts';

/** A login may open a browser and wait for a person there. */
const timeoutMs = 600_000;

export function define(command: Command, cli: Cli): void {
  command
    .description(
      "Runs the credential plugin of a tunnel's cluster, with leave to ask, and says who the user is then.",
    )
    .argument('<name>', 'a tunnel of that cluster')
    .option('--json', 'print it as JSON', false)
    .action(async (name: string, { json }: { readonly json: boolean }) => {
      const control = await cli.control();
      const answer = await control.call('login', { name, folder: cli.cwd }, { timeoutMs });
      if (json) return printJson(cli, 'login', answer);
      const { user = 'a user that the cluster does not name', context, output } = answer;
      if (output) cli.stderr.write(`${output.trimEnd()}\n`);
      cli.stdout.write(`Logged in to ${context} as ${user}\n`);
    });
}
