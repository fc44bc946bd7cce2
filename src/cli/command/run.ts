import { type Command, Option } from 'commander';
import { AppError } from '../../base/app-error.ts';
import type { Endpoint } from '../../connection-string/endpoint.ts';
import { runEnvironment } from '../../connection-string/run-environment.ts';
import type { Cli } from '../cli.ts';
import { exitCodeOf } from '../exit-code-of.ts';
import { fetchProfiles } from '../listed-profile.ts';
import { duration, type SelectionFlags, selecting, selection } from '../selection.ts';
import { tunnelEndpoint } from '../tunnel-endpoint.ts';
import { whileUp } from '../while-up.ts';
import { printWarnings } from './url.ts';

export interface RunFlags extends SelectionFlags {
  readonly reason?: string;
  readonly yes: boolean;
  readonly timeout: number;
}

const examples = `
The command finds in its environment, where they are known: PGHOST, PGPORT, PGUSER, PGDATABASE, PGPASSWORD and DATABASE_URL of a Postgres,
REDIS_URL, MONGODB_URI, MYSQL_HOST and the like of others (\`url NAME --format env\` shows them), and each also with the tunnel's name before it
(ORDERS_DB_PGHOST). Where two tunnels have the same variable, only the prefixed ones are given.

Its exit code is that of the command.`;

export function define(command: Command, cli: Cli): void {
  command.description(
    'Brings tunnels up for the life of a command, runs it when all are ready, and takes down again what was not up before.',
  );
  whileUpOptions(selecting(command))
    .usage('[options] [names...] -- command [args...]')
    .addHelpText('after', examples)
    .action(async (given: string[], flags: RunFlags) => {
      const at = cli.argv.indexOf('--');
      const words = at < 0 ? [] : cli.argv.slice(at + 1);
      if (words.length === 0) {
        throw new AppError('SP-USAGE', {
          message: 'the command to run is missing',
          next: `${cli.program} run ${given[0] ?? 'NAME'} -- COMMAND`,
        });
      }
      const names = given.slice(0, given.length - words.length);
      await runWith(names, flags, { words, cli });
    });
}

export function whileUpOptions(command: Command): Command {
  return command
    .option('--reason <text>', 'why, where the policy asks for a reason')
    .option('-y, --yes', 'say yes where the policy asks for a confirmation', false)
    .addOption(
      new Option('--timeout <duration>', 'how long to wait until they are ready')
        .default(60_000, '60s')
        .argParser(duration),
    );
}

export interface RunWith {
  readonly words: readonly string[];
  readonly cli: Cli;
  readonly only?: 'postgres';
}

/** Runs a program while tunnels are up, and ends with its exit code. */
export async function runWith(
  names: readonly string[],
  flags: RunFlags,
  { words, cli, only }: RunWith,
): Promise<void> {
  const chosen = selection(names, flags, {
    cli,
    whenNone: { refuse: 'name the tunnels that the command needs' },
  });
  const { reason, yes: confirmed, timeout: waitMs } = flags;
  const ended = await whileUp({ chosen, waitMs, reason, confirmed, cli }, async (tunnels, control) => {
    const profiles = await fetchProfiles(control, cli);
    const endpoints: Endpoint[] = [];
    // One after the other: each may ask on the terminal.
    for (const tunnel of tunnels)
      endpoints.push(await tunnelEndpoint(tunnel, profiles, { cli, withPassword: true }));
    const wrong = endpoints.find(({ kind }) => only && kind !== only);
    if (wrong) {
      throw new AppError('SP-USAGE', {
        message: `${wrong.tunnel} is of kind ${wrong.kind}, and ${words[0]} speaks to ${only} alone`,
        next: `sallyport profile edit ${wrong.tunnel} --kind ${only}`,
      });
    }
    const { variables, warnings } = runEnvironment(endpoints);
    // The others are about programs that read DATABASE_URL: psql reads libpq's own variables.
    const told = warnings.filter(({ code }) => !only || code === 'certificate-name');
    printWarnings({ warnings: told }, cli);
    return cli.runProgram(words, variables);
  });
  cli.setExitCode(typeof ended === 'number' ? ended : exitCodeOf(ended.endedBy));
}
