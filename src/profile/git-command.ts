/**
 * The user's own git, run so that it can neither ask nor be made to do more than fetch and read: no prompt, no hook, no submodule, no
 * transport but https, ssh and local files, an end in bounded time. Credentials and ssh configuration are the user's.
 */
import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import { type GitLogin, loginArguments, loginEnvironment } from './git-login.ts';

/** A slow network and a large history; a depth of one keeps it far below. */
const timeoutMs = 120_000;

/** What a git that runs us as its hook leaves in the environment, and what could ask, show or trace. */
const foreign = new RegExp(
  [
    '^GIT_(DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|NAMESPACE|COMMON_DIR)$',
    '^GIT_CONFIG(_COUNT|_PARAMETERS|_KEY_.*|_VALUE_.*)?$',
    '^GIT_(TRACE.*|EXTERNAL_DIFF|EXEC_PATH|TEMPLATE_DIR|EDITOR|SEQUENCE_EDITOR|PAGER|ASKPASS)$',
    '^(EDITOR|VISUAL|PAGER|SSH_ASKPASS|PREFIX)$',
  ].join('|'),
);

export interface GitCommandOptions {
  readonly folder: string;
  /** For the sentence of an error. */
  readonly source: string;
  /** The repository's address without a password, for the same. */
  readonly location: string;
  readonly clock: Clock;
  readonly environment: NodeJS.ProcessEnv;
  /** For a repository that asks for one. */
  readonly login: GitLogin | undefined;
}

export class GitCommand {
  readonly #options: GitCommandOptions;
  #sshCommand: Promise<string> | undefined;

  constructor(options: GitCommandOptions) {
    this.#options = options;
  }

  /** Output of one git command in the folder. Throws SP-PROFILE-SOURCE with git's own words. */
  async run(args: readonly string[], signal?: AbortSignal): Promise<string> {
    const { folder, source, location, clock, environment, login } = this.#options;
    signal?.throwIfAborted();
    const ending = new AbortController();
    let timedOut = false;
    const timer = clock.after(timeoutMs, () => {
      timedOut = true;
      ending.abort();
    });
    const aborted = () => ending.abort();
    signal?.addEventListener('abort', aborted, { once: true });
    try {
      const batch = await this.#batchSsh(ending.signal);
      const given = [...hardened, ...batch, ...loginArguments(login), ...args];
      return await git(given, { folder, environment, login, signal: ending.signal });
    } catch (error) {
      signal?.throwIfAborted();
      const message = timedOut ? `git took longer than ${timeoutMs / 1000} s` : gitMessage(error);
      const next = `git ls-remote ${location} in a terminal shows more; it must work without asking`;
      // Without its cause: simple-git's error carries the arguments, whose address may hold a token.
      throw new AppError('SP-PROFILE-SOURCE', { source, message, next });
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', aborted);
    }
  }

  /** ssh must not ask at the terminal. Who has set up an ssh command of their own is left to it, and to the time limit. */
  async #batchSsh(signal: AbortSignal): Promise<string[]> {
    const { folder, environment, login } = this.#options;
    if (environment.GIT_SSH_COMMAND || environment.GIT_SSH) return [];
    const question = ['config', '--get', '--default', '', 'core.sshCommand'];
    this.#sshCommand ??= git(question, { folder, environment, login, signal }).catch(() => '');
    return (await this.#sshCommand).trim() === '' ? ['-c', 'core.sshCommand=ssh -oBatchMode=yes'] : [];
  }
}

const hardened = [
  ...['core.hooksPath=/dev/null', 'core.fsmonitor=false', 'core.symlinks=false'],
  ...['submodule.recurse=false', 'fetch.recurseSubmodules=false'],
  ...['gc.auto=0', 'maintenance.auto=false'],
].flatMap((setting) => ['-c', setting]);

/** What simple-git refuses by itself, and is set here by us or by the user's own environment, never by a profile. */
const unsafe = {
  allowUnsafeHooksPath: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeSshCommand: true,
  allowUnsafeTemplateDir: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeGitProxy: true,
  allowUnsafeCredentialHelper: true,
};

interface GitRun extends Pick<GitCommandOptions, 'folder' | 'environment' | 'login'> {
  readonly signal: AbortSignal;
}

/** The library is loaded with the first run: who has no repositories never pays for it. */
async function git(args: readonly string[], { folder, environment, login, signal }: GitRun): Promise<string> {
  const own = Object.entries(environment).filter(([name]) => !foreign.test(name));
  const env = {
    ...Object.fromEntries(own),
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GCM_INTERACTIVE: 'never',
    SSH_ASKPASS_REQUIRE: 'never',
    GIT_ALLOW_PROTOCOL: 'https:ssh:file',
    GIT_NO_LAZY_FETCH: '1',
    GIT_OPTIONAL_LOCKS: '0',
    ...loginEnvironment(login),
  };
  const { simpleGit } = await import('simple-git');
  const options = { abort: signal, trimmed: false, unsafe, allowEnvironment: Object.keys(env) };
  return simpleGit(folder, options)
    .env(env)
    .raw([...args]);
}

/** What git or ssh says went wrong, without a password that an address may hold. */
function gitMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (/ENOENT/.test(text)) return 'git is not installed';
  // The first line has the cause; "Could not read from remote repository" is all that the last one says.
  const lines = text.split('\n').filter((line) => /\w/.test(line) && !/^(warning|hint):/.test(line));
  const line = lines[0] ?? 'no message';
  const plain = line.replace(/^(fatal|error):\s*/, '').replace(/:\/\/[^/\s@]*@/g, '://');
  return plain.length > 300 ? `${plain.slice(0, 300)}…` : plain;
}
