import type { Command } from 'commander';
import { AppError } from '../../base/app-error.ts';
import { Secret } from '../../base/secret.ts';
import type { Cli } from '../cli.ts';
import { printJson } from '../print-json.ts';
import { noteKept, untilAnswered } from '../profile-password.ts';
import { fetchTunnel } from '../tunnel-endpoint.ts';

interface PasswordFlags {
  readonly forget: boolean;
  readonly json: boolean;
}

export function define(command: Command, cli: Cli): void {
  command
    .description(
      'Asks for the password of a profile that names the keychain, and keeps it there instead of the one before. Without a terminal it is read from standard input.',
    )
    .argument('<name>', 'NAME or SOURCE/NAME')
    .option('--forget', 'forget the one that is kept', false)
    .option('--json', 'print what was done as JSON', false)
    .action((name: string, flags: PasswordFlags) => (flags.forget ? forget : keep)(name, flags, cli));
}

async function keep(name: string, { json }: PasswordFlags, cli: Cli): Promise<void> {
  const control = await cli.control();
  const { id } = await fetchTunnel(control, name, cli);
  const password = await given(name, cli);
  const input = { name: id, folder: cli.cwd, ask: cli.asker !== undefined, password: password.reveal() };
  const answer = await untilAnswered(() => control.call('keepPassword', input), { control, cli, name });
  if (answer.kind !== 'kept') throw new AppError('SP-INTERNAL', { message: 'the password was not kept' });
  const { kept } = answer;
  if (json) return printJson(cli, 'password', { tunnel: id, kept });
  const place = { keychain: 'in the keychain', file: 'in the file under your passphrase', memory: '' }[
    kept.in
  ];
  if (place) cli.stdout.write(`The password for ${name} is kept ${place}.\n`);
  noteKept(kept, cli);
}

async function forget(name: string, { json }: PasswordFlags, cli: Cli): Promise<void> {
  const control = await cli.control();
  const { id } = await fetchTunnel(control, name, cli);
  const input = { name: id, folder: cli.cwd, ask: cli.asker !== undefined };
  const answer = await untilAnswered(() => control.call('keepPassword', input), { control, cli, name });
  if (answer.kind !== 'forgotten') throw new AppError('SP-INTERNAL', { message: 'nothing was forgotten' });
  const { wasKept } = answer;
  if (json) return printJson(cli, 'password', { tunnel: id, forgotten: wasKept });
  cli.stdout.write(
    wasKept ? `The password for ${name} is forgotten.\n` : `No password was kept for ${name}.\n`,
  );
}

/** A line end is the terminal's or echo's, not the password's. */
async function given(name: string, cli: Cli): Promise<Secret> {
  const text = cli.asker
    ? await cli.asker.password(`Password for ${name}`)
    : (await cli.readStdin()).replace(/\r?\n$/, '');
  if (text) return new Secret(text);
  throw new AppError('SP-USAGE', {
    message: 'no password was given, and nothing is changed',
    next: `type it, or give it on standard input: pass show x | ${cli.program} password ${name}`,
  });
}
