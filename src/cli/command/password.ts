import { type Command, InvalidArgumentError, Option } from 'commander';
import { AppError } from '../../base/app-error.ts';
import { Secret } from '../../base/secret.ts';
import { maxPasswordLifeMs } from '../../contract/control-password.ts';
import type { Cli } from '../cli.ts';
import { printJson } from '../print-json.ts';
import { daemonPassword, noteExpiry, noteKept, untilAnswered } from '../profile-password.ts';
import { duration } from '../selection.ts';
import { fetchTunnel } from '../tunnel-endpoint.ts';

interface PasswordFlags {
  readonly forget: boolean;
  readonly local: boolean;
  readonly rotate: boolean;
  readonly expires?: number;
  readonly json: boolean;
}

export function define(command: Command, cli: Cli): void {
  command
    .description(
      'Asks for the password of a profile that names the keychain, and keeps it there instead of the one before. Without a terminal it is read from standard input.',
    )
    .argument('<name>', 'NAME or SOURCE/NAME')
    .option('--forget', 'forget the one that is kept', false)
    .option('--local', "print the tunnel's own password, by which programs log in at its gateway", false)
    .option('--rotate', 'with --local: make a new one first; connections that are there go on', false)
    .addOption(
      new Option(
        '--expires <duration>',
        'with --local: it lets nobody in any more so long from now on, as 8h; connections that are there go on',
      ).argParser(life),
    )
    .option('--json', 'print what was done as JSON', false)
    .action((name: string, flags: PasswordFlags) => {
      if ((flags.rotate || flags.expires !== undefined) && !flags.local) {
        const option = flags.rotate ? '--rotate' : '--expires';
        throw new AppError('SP-USAGE', {
          message: `${option} is for the tunnel's own password: add --local`,
        });
      }
      return (flags.local ? printLocal : flags.forget ? forget : keep)(name, flags, cli);
    });
}

async function printLocal(
  name: string,
  { json, rotate, expires: expiresInMs }: PasswordFlags,
  cli: Cli,
): Promise<void> {
  const tunnel = await fetchTunnel(await cli.control(), name, cli);
  if (!tunnel.gateway)
    throw new AppError('SP-USAGE', {
      message: `${name} has no password of its own: its bytes are passed on`,
      next: 'a profile of kind postgres with connection.password or connection.certificate has one',
    });
  const found = await daemonPassword({ id: tunnel.id, rotate, expiresInMs }, cli);
  if (!found) throw new AppError('SP-INTERNAL', { message: 'no password was given' });
  const password = found.password.reveal();
  const { expiresAtMs } = found;
  const local = { password, rotated: rotate, ...(expiresAtMs !== undefined && { expiresAtMs }) };
  if (json) return printJson(cli, 'password', { tunnel: tunnel.id, local });
  cli.stdout.write(`${password}\n`);
  noteExpiry(expiresAtMs, cli);
}

function life(text: string): number {
  const lifeMs = duration(text);
  if (lifeMs >= 1 && lifeMs <= maxPasswordLifeMs) return lifeMs;
  throw new InvalidArgumentError('it is more than nothing, and at most 366 days (8784h)');
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
