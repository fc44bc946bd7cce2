import { type Command, Option } from 'commander';
import { AppError } from '../../base/app-error.ts';
import { connectionString } from '../../connection-string/connection-string.ts';
import type { ConnectionFormat, ConnectionKind } from '../../contract/connection-format.ts';
import { bringUp, whyNotReady } from '../bring-up.ts';
import type { Cli } from '../cli.ts';
import { fetchProfiles } from '../listed-profile.ts';
import { printJson } from '../print-json.ts';
import type { SelectionFlags } from '../selection.ts';
import { duration } from '../selection.ts';
import { tunnelEndpoint } from '../tunnel-endpoint.ts';

interface OpenFlags extends SelectionFlags {
  readonly reason?: string;
  readonly yes: boolean;
  readonly timeout: number;
  readonly json: boolean;
}

/** Addresses that systems have programs for. A tcp tunnel has none. */
const addressFormat: Partial<Record<ConnectionKind, ConnectionFormat>> = {
  http: 'url',
  postgres: 'uri',
  mysql: 'uri',
  redis: 'uri',
  mongodb: 'uri',
};

export function define(command: Command, cli: Cli): void {
  command
    .description(
      'Brings a tunnel up and opens it: http in the browser, a database in the program that the system has for its address. It stays up.',
    )
    .argument('<name>', 'NAME, SOURCE/NAME or ad-hoc/NAME')
    .option('--reason <text>', 'why, where the policy asks for a reason')
    .option('-y, --yes', 'say yes where the policy asks for a confirmation', false)
    .addOption(
      new Option('--timeout <duration>', 'how long to wait until it is ready')
        .default(60_000, '60s')
        .argParser(duration),
    )
    .option('--json', 'print what was opened as JSON', false)
    .action((name: string, flags: OpenFlags) => open(name, flags, cli));
}

async function open(
  name: string,
  { reason, yes: confirmed, timeout: waitMs, json }: OpenFlags,
  cli: Cli,
): Promise<void> {
  const control = await cli.control();
  const input = { names: [name], folder: cli.cwd, confirmed, ...(reason !== undefined && { reason }) };
  const [outcome] = await bringUp({ operation: 'up', input, waitMs }, control, cli);
  const error = outcome && whyNotReady(outcome);
  if (error) throw new AppError(error.code, error.details);
  const tunnel = outcome?.tunnel;
  if (!tunnel) throw new AppError('SP-TUNNEL-UNKNOWN', { name });
  const endpoint = await tunnelEndpoint(tunnel, await fetchProfiles(control, cli), {
    cli,
    withPassword: false,
  });
  const format = addressFormat[endpoint.kind];
  if (!format) {
    throw new AppError('SP-USAGE', {
      message: `${name} is of kind ${endpoint.kind}, which has no address that a program could open`,
      next: `sallyport url ${name}`,
    });
  }
  const { text } = connectionString(endpoint, { format });
  await cli.openAddress(text);
  if (json) return printJson(cli, 'open', { tunnel: tunnel.id, opened: text });
  cli.stdout.write(`Opened ${text}\n`);
}
