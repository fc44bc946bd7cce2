/**
 * Passwords that the user's own file says where to find on this machine. Whose environment it is depends on who asks: a command line
 * reads in the user's shell, where a variable is set and a program can ask; the daemon in what it was started with. Trust boundary: only a
 * profile of the user's own names commands, variables and files; one of others' is refused, whatever it says. What is read goes into a
 * Secret and nowhere else; it may be a whole connection string or JSON, as DATABASE_URL and secret stores have it.
 */
import { execFile } from 'node:child_process';
import { AppError } from '../base/app-error.ts';
import { whyNotPrivate } from '../base/file-owner.ts';
import { expandHome } from '../base/home-path.ts';
import { readBounded } from '../base/read-bounded.ts';
import type { Profile } from '../contract/profile.ts';
import { type CredentialText, readCredentialText } from '../credential/credential-text.ts';

const maxPasswordBytes = 4_096;
const commandTimeoutMs = 60_000;
/** With what it says besides. */
const maxOutputBytes = 64 * 1024;

export type PasswordSource = NonNullable<NonNullable<Profile['connection']>['password']>;
export type LocalSource = Extract<
  PasswordSource,
  { command: unknown } | { environment: unknown } | { file: unknown }
>;

export interface LocalWorld {
  readonly env: Readonly<NodeJS.ProcessEnv>;
  readonly cwd: string;
  readonly home: string;
  /** What a command says on its standard error, as when it asks for a login. Not to be recorded: it may say what it found. */
  readonly onSaid?: ((text: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export function isLocal(source: PasswordSource): source is LocalSource {
  return 'command' in source || 'environment' in source || 'file' in source;
}

/** Throws SP-PROFILE-INVALID where the profile is not the user's own, SP-PASSWORD-SOURCE and SP-PROGRAM-MISSING where none is found. */
export async function localPassword(
  source: LocalSource,
  { isOwn, ...world }: LocalWorld & { readonly isOwn: boolean },
): Promise<CredentialText> {
  if (!isOwn) {
    throw new AppError('SP-PROFILE-INVALID', {
      message: 'only a profile of your own file may take its password from a command, variable or file',
      next: 'copy it to your own file, or let it name a Secret of its namespace or the keychain',
    });
  }
  if ('environment' in source)
    return found(world.env[source.environment], `the variable ${source.environment} is not set`);
  if ('file' in source) {
    const path = expandHome(source.file, world.home);
    const read = await readBounded(path, maxPasswordBytes, whyNotPrivate);
    if (read.kind === 'text') return found(read.text, `${path} is empty`);
    throw notThere(`${path} ${read.kind === 'refused' ? read.why : 'does not exist'}`);
  }
  return found(await output(source.command, world), `${source.command[0]} printed none`);
}

/** A line end is an editor's, not the password's. */
function found(text: string | undefined, otherwise: string): CredentialText {
  const password = text?.replace(/\r?\n$/, '');
  if (!password) throw notThere(otherwise);
  if (Buffer.byteLength(password) > maxPasswordBytes)
    throw notThere(`what was found is longer than ${maxPasswordBytes} bytes`);
  const read = readCredentialText(password);
  if (read === 'no-password') throw notThere('what was found is a connection string without one');
  return read;
}

function output([program = '', ...args]: readonly string[], world: LocalWorld): Promise<string> {
  const { env, cwd, signal, onSaid } = world;
  return new Promise((resolve, reject) => {
    const options = {
      env,
      cwd,
      signal,
      timeout: commandTimeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: maxOutputBytes,
    } as const;
    const child = execFile(program, args, options, (error, stdout, said) => {
      onSaid?.(said);
      if (!error) return resolve(stdout);
      // Without its cause, which holds what the program printed.
      if (error.code === 'ENOENT') return reject(new AppError('SP-PROGRAM-MISSING', { program }));
      reject(notThere(`${program} failed (${error.code ?? error.signal ?? 'ended'})`));
    });
    // Who reads its standard input would wait for ever.
    child.stdin?.end();
  });
}

function notThere(message: string): AppError {
  return new AppError('SP-PASSWORD-SOURCE', { message });
}
