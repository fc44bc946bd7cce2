import { type Command, Option } from 'commander';
import { connectionString } from '../../connection-string/connection-string.ts';
import {
  type ConnectionFormat,
  type ConnectionKind,
  formatsByKind,
  formatTitle,
  formatUse,
} from '../../contract/connection-format.ts';
import type { ConnectionString, Shell } from '../../contract/connection-string.ts';
import { shellOf } from '../../contract/shell-of.ts';
import type { Cli } from '../cli.ts';
import { fetchProfiles } from '../listed-profile.ts';
import { printJson } from '../print-json.ts';
import { fetchTunnel, type TunnelEndpoint, tunnelEndpoint } from '../tunnel-endpoint.ts';

export interface FormatFlags {
  readonly format?: ConnectionFormat;
  readonly shell?: Shell;
  readonly withPassword?: boolean;
  readonly withoutPassword: boolean;
  readonly file?: string;
  readonly json: boolean;
}

const formatsHelp = `
Formats:
${Object.entries(formatsByKind)
  .map(([kind, formats]) => `  ${kind.padEnd(9)} ${formats.join(', ')}`)
  .join('\n')}

${Object.entries(formatUse)
  .map(([format, use]) => `  ${format.padEnd(10)} ${use}`)
  .join('\n')}`;

export function define(command: Command, cli: Cli): void {
  command.description(
    'Prints a connection string for a tunnel. It is the same whether the tunnel is up or not.',
  );
  formatOptions(command).action(async (name: string, flags: FormatFlags) => {
    const written = await writeString(name, flags, { cli, byDefault: plainFormat });
    if (flags.json) return printJson(cli, 'url', written);
    cli.stdout.write(`${written.text}\n`);
    printWarnings(written, cli);
  });
}

export function formatOptions(command: Command): Command {
  return command
    .argument('<name>', 'NAME, SOURCE/NAME or ad-hoc/NAME')
    .addOption(
      new Option('-f, --format <format>', 'what reads it; see below').choices(Object.keys(formatTitle)),
    )
    .addOption(
      new Option('--shell <shell>', 'whose quoting it follows; else that of $SHELL').choices([
        'sh',
        'fish',
        'powershell',
      ]),
    )
    .option(
      '--with-password',
      "with the password, where the profile says where it is; the tunnel's own is given in any case",
    )
    .option('--without-password', "without the tunnel's own, which is good on this machine alone", false)
    .option('--file <file>', 'read the profile from this file, and ask no daemon')
    .option('--json', 'print it as JSON, with what is to be known about it', false)
    .addHelpText('after', formatsHelp);
}

/** What is a plain address in most programs' settings: for scripts, where `copy` gives a command. */
const plainFormat: Record<ConnectionKind, ConnectionFormat> = {
  postgres: 'uri',
  mysql: 'uri',
  redis: 'uri',
  mongodb: 'uri',
  kafka: 'bootstrap',
  http: 'url',
  tcp: 'address',
};

export interface WriteString {
  readonly cli: Cli;
  /** Where no format was asked for. Default: the first of the kind. */
  readonly byDefault?: Record<ConnectionKind, ConnectionFormat>;
}

/** Throws SP-TUNNEL-UNKNOWN, and SP-USAGE where the kind has no such format. */
export async function writeString(
  name: string,
  { format, shell, withPassword: asked, withoutPassword, file }: FormatFlags,
  { cli, byDefault }: WriteString,
): Promise<ConnectionString> {
  const withPassword = withoutPassword ? false : asked;
  const endpoint: TunnelEndpoint =
    file === undefined
      ? await known(name, withPassword, cli)
      : await inFile(name, { file, withPassword: withPassword ?? false, cli });
  const written = connectionString(endpoint, {
    format: format ?? byDefault?.[endpoint.kind],
    shell: shell ?? shellOf(cli),
    withPassword: withPassword ?? endpoint.password !== undefined,
  });
  const { passwordExpiresAtMs } = endpoint;
  if (passwordExpiresAtMs !== undefined && written.secret) {
    const { noteExpiry } = await import('../profile-password.ts');
    noteExpiry(passwordExpiresAtMs, cli);
  }
  return written;
}

async function known(name: string, withPassword: boolean | undefined, cli: Cli) {
  const control = await cli.control();
  const [tunnel, profiles] = await Promise.all([
    fetchTunnel(control, name, cli),
    fetchProfiles(control, cli),
  ]);
  return tunnelEndpoint(tunnel, profiles, { cli, withPassword });
}

async function inFile(
  name: string,
  { file, withPassword, cli }: { readonly file: string; readonly withPassword: boolean; readonly cli: Cli },
) {
  const { endpointInFile } = await import('../endpoint-in-file.ts');
  return endpointInFile(name, { file, withPassword, cli });
}

export function printWarnings({ warnings }: Pick<ConnectionString, 'warnings'>, cli: Cli): void {
  for (const { message } of warnings) cli.stderr.write(`warning: ${message}\n`);
}
