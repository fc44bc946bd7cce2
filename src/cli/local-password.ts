/**
 * Passwords that the user's own file says where to find on this machine. Trust boundary: only a profile of the user's own names commands, variables and
 * files; one of others' is never asked, whatever it says. What is read goes into a Secret and nowhere else.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { AppError } from '../base/app-error.ts';
import { readBounded } from '../base/read-bounded.ts';
import { Secret } from '../base/secret.ts';
import type { Profile } from '../contract/profile.ts';
import type { Cli } from './cli.ts';

const maxPasswordBytes = 4_096;
const commandTimeoutMs = 60_000;
/** With what it says besides. */
const maxOutputBytes = 64 * 1024;

export type FoundPassword =
  | { readonly kind: 'none' }
  | { readonly kind: 'found'; readonly password: Secret }
  /** There is one, and it is not had from here. */
  | { readonly kind: 'elsewhere'; readonly where: string };

/** Throws SP-USAGE where it should be and is not. */
export async function localPassword(
  { connection }: Pick<Profile, 'connection'>,
  { isOwn, cli }: { readonly isOwn: boolean; readonly cli: Cli },
): Promise<FoundPassword> {
  const source = connection?.password;
  if (!source) return { kind: 'none' };
  if ('secret' in source) return { kind: 'elsewhere', where: `the Secret ${source.secret.name}` };
  if ('keychain' in source) return { kind: 'elsewhere', where: 'the keychain' };
  if (!isOwn) return { kind: 'none' };
  if ('environment' in source)
    return found(cli.env[source.environment], `the variable ${source.environment} is not set`);
  if ('file' in source) {
    const path = source.file.startsWith('~/') ? join(cli.home, source.file.slice(2)) : source.file;
    const read = await readBounded(path, maxPasswordBytes);
    return found(read.kind === 'text' ? read.text : undefined, `${path} cannot be read`);
  }
  return found(await output(source.command, cli), `${source.command[0]} printed no password`);
}

/** A line end is an editor's, not the password's. */
function found(text: string | undefined, otherwise: string): FoundPassword {
  const password = text?.replace(/\r?\n$/, '');
  if (!password) throw notThere(otherwise);
  return { kind: 'found', password: new Secret(password) };
}

/** What it says on its standard error goes to the user: it may ask for a login. */
function output([program = '', ...args]: readonly string[], { env, cwd, stderr }: Cli): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env, cwd, timeout: commandTimeoutMs, maxBuffer: maxOutputBytes };
    execFile(program, args, options, (error, stdout, said) => {
      stderr.write(said);
      if (!error) return resolve(stdout);
      if (error.code === 'ENOENT') return reject(new AppError('SP-PROGRAM-MISSING', { program }, error));
      reject(notThere(`${program} failed (${error.code ?? error.signal})`, error));
    });
  });
}

function notThere(why: string, cause?: unknown): AppError {
  const next = 'correct what connection.password of the profile names';
  return new AppError('SP-USAGE', { message: `the password is not there: ${why}`, next }, cause);
}
