import { AppError } from '../base/app-error.ts';
import { formatDuration } from '../base/duration.ts';
import { Secret } from '../base/secret.ts';
import type { Control } from '../client/control.ts';
import { timeWords } from '../client/tunnel-words.ts';
import type { OperationAnswer } from '../contract/control.ts';
import type { PasswordOrigin } from '../contract/control-password.ts';
import { isLocal, localPassword, type PasswordSource } from '../secret/local-password.ts';
import { answerQuestion } from './answer-question.ts';
import type { Cli } from './cli.ts';

export interface ProfilePassword {
  readonly password: Secret;
  /** Where the profile names none and the Secret does. */
  readonly user?: string | undefined;
  readonly database?: string | undefined;
  /** Of the tunnel's own, where it ends. */
  readonly expiresAtMs?: number | undefined;
}

/** Which password is asked for: a profile's, or that of a tunnel without one. */
export interface NamedPassword {
  /** Of the tunnel. */
  readonly id: string;
  readonly source: PasswordSource | undefined;
  /** Described by this user, so that it may name programs, variables and files. */
  readonly isOwn: boolean;
}

/** Enough for a passphrase, a password, and other faces that answer at the same time. */
const maxQuestions = 8;

/**
 * The password that a profile names. Programs, variables and files are read here, in the shell and on the terminal of who asks; a Secret and
 * the keychain by the daemon. Throws as they do, and SP-PASSWORD-REQUIRED where it would have to be asked for and nobody answers.
 */
export async function profilePassword(
  { id, source, isOwn }: NamedPassword,
  cli: Cli,
): Promise<ProfilePassword | undefined> {
  if (!source) return undefined;
  if (isLocal(source)) {
    const onSaid = (text: string) => void cli.stderr.write(text);
    return localPassword(source, { ...cliWorld(cli), isOwn, onSaid });
  }
  return daemonPassword({ id }, cli);
}

/** The one to log in with through a tunnel, of the daemon: the tunnel's own where its gateway is on. */
export async function daemonPassword(
  {
    id,
    rotate = false,
    expiresInMs,
  }: { readonly id: string; readonly rotate?: boolean; readonly expiresInMs?: number | undefined },
  cli: Cli,
): Promise<ProfilePassword | undefined> {
  const control = await cli.control();
  const input = { name: id, folder: cli.cwd, ask: cli.asker !== undefined, rotate, expiresInMs };
  let wasAsked = false;
  const answer = await untilAnswered(() => control.call('password', input), {
    control,
    cli,
    name: id,
    onAsked: () => {
      wasAsked = true;
    },
  });
  if (answer.kind === 'none') return undefined;
  const { password, user, database, origin } = answer;
  if ((wasAsked && origin.kind === 'keychain') || (rotate && origin.kind === 'tunnel'))
    noteKept(origin.kept, cli);
  const expiresAtMs = origin.kind === 'tunnel' ? origin.expiresAtMs : undefined;
  return { password: new Secret(password), user, database, expiresAtMs };
}

/** In a file that no daemon knows of: what the daemon would read is said to be left out. */
export async function passwordInFile(
  source: PasswordSource | undefined,
  { name, isOwn, cli }: { readonly name: string; readonly isOwn: boolean; readonly cli: Cli },
): Promise<Secret | undefined> {
  if (!source) return undefined;
  if (isLocal(source)) return (await localPassword(source, { ...cliWorld(cli), isOwn })).password;
  cli.stderr.write(`note: the password of ${name} is read by the daemon alone: leave --file out\n`);
  return undefined;
}

type Asked = Extract<OperationAnswer<'password'>, { kind: 'asked' }>;

interface Waiting {
  readonly control: Control;
  readonly cli: Cli;
  readonly name: string;
  readonly onAsked?: () => void;
}

/** Asks what the daemon has to know first, and calls again. */
export async function untilAnswered<T extends { readonly kind: string }>(
  call: () => Promise<T | Asked>,
  { control, cli, name, onAsked }: Waiting,
): Promise<T> {
  for (let turn = 0; turn < maxQuestions; turn++) {
    const answer = await call();
    if (!isAsked(answer)) return answer;
    onAsked?.();
    if (!cli.asker || !(await answerQuestion(answer.question, { control, asker: cli.asker, cli }))) break;
  }
  throw new AppError('SP-PASSWORD-REQUIRED', { tunnel: name.replace(/^user\//, '') });
}

function isAsked(answer: { readonly kind: string }): answer is Asked {
  return answer.kind === 'asked';
}

export function noteKept(kept: Extract<PasswordOrigin, { kind: 'keychain' }>['kept'], cli: Cli): void {
  if (kept.in !== 'memory') return;
  const why = kept.why === undefined ? '' : ` (${kept.why})`;
  cli.stderr.write(`note: the password is kept until the daemon ends, not for good${why}\n`);
}

/** On standard error, so that a script has the password alone. */
export function noteExpiry(expiresAtMs: number | undefined, cli: Cli): void {
  if (expiresAtMs === undefined) return;
  const left = formatDuration(Math.max(0, expiresAtMs - cli.clock.wallMs()));
  cli.stderr.write(`note: the tunnel's password is good for ${left}, until ${timeWords(expiresAtMs)}\n`);
}

function cliWorld({ env, cwd, home }: Cli) {
  return { env, cwd, home };
}
