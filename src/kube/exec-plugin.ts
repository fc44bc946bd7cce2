/**
 * Exec credential plugins, client.authentication.k8s.io v1 and v1beta1. Trust boundary: the plugin is a program that the user's
 * kubeconfig names; it runs as the user, without a shell, with its output bounded. At most one runs at a time, for all who wait.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import { Secret } from '../base/secret.ts';
import { bearer, type Credential, type Credentials, clientCertificate } from './credentials.ts';
import type { ExecEntry } from './kubeconfig-file.ts';

const maxStdoutBytes = 1024 * 1024;
/** The end of stderr in which its last line is looked for. */
const maxStderrLength = 8 * 1024;
const maxShownLength = 300;
const unattendedTimeoutMs = 60_000;
/** Somebody may be typing a password or finding a token. */
const attendedTimeoutMs = 5 * 60_000;
/** A credential is renewed when this much of its life is left, at most maxEarlyMs; until its end the old one still serves. */
const earlyShare = 0.2;
const maxEarlyMs = 60_000;

/** The cluster as it is told to plugins that ask for it (provideClusterInfo). */
export type ExecClusterInfo = Readonly<Record<string, unknown>>;

export interface ExecPluginOptions {
  readonly exec: ExecEntry;
  readonly cluster: ExecClusterInfo;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Somebody waits for the outcome and may answer a question. */
  readonly interactive: () => boolean;
  /** Standard input is a terminal that the plugin may read. */
  readonly stdinIsTerminal: () => boolean;
  /** What the plugin says to the person, as it comes. */
  readonly onOutput: (text: string) => void;
  /** Ends a run. */
  readonly signal: AbortSignal;
}

interface Issued {
  readonly credential: Credential;
  /** Wall clock, ms. Infinity where the plugin names no end. */
  readonly expiresAtMs: number;
  readonly renewAtMs: number;
}

export class ExecPlugin implements Credentials {
  readonly #options: ExecPluginOptions;
  #issued: Issued | undefined;
  #run: Promise<Issued> | undefined;
  /** Why the last run failed. */
  #failure: AppError | undefined;

  constructor(options: ExecPluginOptions) {
    this.#options = options;
  }

  get loginHint(): string {
    const { command, args } = this.#options.exec;
    // Subcommands only: an option may carry a secret.
    const options = args.findIndex((arg) => arg.startsWith('-'));
    const words = [command, ...args.slice(0, options < 0 ? args.length : options)];
    return `log in again: ${words.join(' ')}`.slice(0, maxShownLength);
  }

  get atHand(): boolean {
    return this.#issued !== undefined && this.#options.clock.wallMs() < this.#issued.expiresAtMs;
  }

  async current(): Promise<Credential> {
    const issued = this.#issued;
    if (issued && this.#options.clock.wallMs() < issued.renewAtMs) return issued.credential;
    const { atHand } = this;
    const renewed = this.#renew();
    if (!issued || !atHand) return (await renewed).credential;
    // Still good: nobody waits for the new one, and its failure matters only once the old one has ended.
    renewed.catch(() => {});
    return issued.credential;
  }

  discard(rejected: Credential): void {
    if (this.#issued?.credential === rejected) this.#issued = undefined;
  }

  /** A plugin that may ask and has failed is run again only for somebody who waits: each run may open a browser. */
  async #renew(): Promise<Issued> {
    const { exec, interactive } = this.#options;
    if (this.#failure && exec.interactiveMode !== 'Never' && !interactive()) throw this.#failure;
    this.#run ??= this.#issue().finally(() => {
      this.#run = undefined;
    });
    return this.#run;
  }

  async #issue(): Promise<Issued> {
    const { exec, clock } = this.#options;
    try {
      const { status } = await runPlugin(this.#options);
      const nowMs = clock.wallMs();
      const expiresAtMs = expiry(status.expirationTimestamp) ?? Number.POSITIVE_INFINITY;
      const early = Math.min(maxEarlyMs, (expiresAtMs - nowMs) * earlyShare);
      const credential = credentialOf(status, exec.command);
      this.#issued = { credential, expiresAtMs, renewAtMs: expiresAtMs - Math.max(0, early) };
      this.#failure = undefined;
      return this.#issued;
    } catch (error) {
      this.#failure = AppError.from(error);
      throw error;
    }
  }
}

interface ExecStatus {
  readonly token?: unknown;
  readonly clientCertificateData?: unknown;
  readonly clientKeyData?: unknown;
  readonly expirationTimestamp?: unknown;
}

function expiry(timestamp: unknown): number | undefined {
  const atMs = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : atMs;
}

function credentialOf(status: ExecStatus, command: string): Credential {
  const { token, clientCertificateData: cert, clientKeyData: key } = status;
  const failed = (message: string) => new AppError('SP-CREDENTIAL-PLUGIN', { command, message });
  if ((typeof cert === 'string') !== (typeof key === 'string')) {
    throw failed('it gave a certificate without a key, or a key without a certificate');
  }
  const hasToken = typeof token === 'string' && token !== '';
  if (!hasToken && typeof cert !== 'string') throw failed('it gave neither a token nor a certificate');
  if (hasToken && !/^[\x21-\x7e]+$/.test(token.trim()))
    throw failed('its token has characters that no token has');
  return {
    authorization: hasToken ? bearer(token) : undefined,
    clientCertificate:
      typeof cert === 'string' && typeof key === 'string'
        ? clientCertificate(cert, new Secret(key))
        : undefined,
  };
}

/** One run of the plugin. Throws SP-CREDENTIAL-PLUGIN with the last line of its stderr and the kubeconfig's install hint. */
async function runPlugin(options: ExecPluginOptions): Promise<{ readonly status: ExecStatus }> {
  const { exec, cluster, env, clock, onOutput, signal } = options;
  const fail = (message: string, more: { readonly why?: string; readonly hint?: string | undefined } = {}) =>
    new AppError('SP-CREDENTIAL-PLUGIN', { command: exec.command, message, ...more });
  if (signal.aborted) throw fail('it was not run: closed');

  const attended = options.interactive();
  const mayAsk = exec.interactiveMode !== 'Never' && attended && options.stdinIsTerminal();
  if (exec.interactiveMode === 'Always' && !mayAsk) {
    throw fail('it must ask a question and nobody waits at a terminal', {
      hint: `run \`kubectl get pods\` in a terminal to log in: ${exec.command}`,
    });
  }
  const info = {
    apiVersion: exec.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: mayAsk, ...(exec.provideClusterInfo ? { cluster } : {}) },
  };
  const child = spawn(exec.command, exec.args, {
    env: { ...env, ...exec.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
    stdio: [mayAsk ? 'inherit' : 'ignore', 'pipe', 'pipe'],
    windowsHide: true,
  });
  const timeoutMs = attended ? attendedTimeoutMs : unattendedTimeoutMs;
  const { outcome, stdout, stderr } = await finished(child, { clock, timeoutMs, signal, onOutput });
  const said = lastLine(stderr);
  switch (outcome.kind) {
    case 'spawn-error': {
      const missing = outcome.code === 'ENOENT';
      const hint = exec.installHint?.trim() || 'install it, or put its folder into PATH';
      throw fail(
        missing ? 'it is not installed' : `it cannot be run (${outcome.code})`,
        missing ? { hint } : {},
      );
    }
    case 'stopped':
      throw fail(outcome.message, said ? { why: said } : {});
    case 'exit':
      if (outcome.code !== 0) throw fail(said || `exit status ${outcome.code}`);
      return parseExecCredential(stdout, exec, fail);
  }
}

/** The last line that says something: what comes before it is traces and hints, and may hold what no event should. */
function lastLine(stderr: string): string {
  const lines = stripVTControlCharacters(stderr)
    .split(/[\r\n]+/)
    .map((line) => line.replace(/\p{Cc}+/gu, ' ').trim());
  return (lines.findLast((line) => line !== '') ?? '').slice(0, maxShownLength);
}

function parseExecCredential(
  stdout: string,
  exec: ExecEntry,
  fail: (message: string) => AppError,
): { readonly status: ExecStatus } {
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch {
    throw fail('it did not print an ExecCredential');
  }
  const { kind, apiVersion, status } = (value ?? {}) as Record<string, unknown>;
  if (kind !== 'ExecCredential') throw fail('it did not print an ExecCredential');
  if (apiVersion !== exec.apiVersion) {
    throw fail(`it printed another apiVersion than the kubeconfig's ${exec.apiVersion}`);
  }
  if (typeof status !== 'object' || status === null) throw fail('its ExecCredential has no status');
  return { status };
}

type Outcome =
  | { readonly kind: 'spawn-error'; readonly code: string }
  | { readonly kind: 'stopped'; readonly message: string }
  | { readonly kind: 'exit'; readonly code: number | string };

/** Collects a child's output until it ends, is stopped by the signal or its time is up. Never rejects. */
function finished(
  child: ChildProcess,
  options: {
    readonly clock: Clock;
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
    readonly onOutput: (text: string) => void;
  },
): Promise<{ readonly outcome: Outcome; readonly stdout: string; readonly stderr: string }> {
  const { clock, timeoutMs, signal, onOutput } = options;
  return new Promise((resolve) => {
    const stdout: Buffer[] = [];
    let stdoutBytes = 0;
    let stderr = '';
    const settle = (outcome: Outcome) => {
      timer.cancel();
      signal.removeEventListener('abort', aborted);
      resolve({ outcome, stdout: Buffer.concat(stdout).toString('utf8'), stderr });
    };
    const stop = (message: string) => {
      child.kill('SIGKILL');
      // Its own children may keep the pipes open: the outcome does not wait for them.
      child.stdout?.destroy();
      child.stderr?.destroy();
      settle({ kind: 'stopped', message });
    };
    const aborted = () => stop('it was stopped');
    const timer = clock.after(timeoutMs, () => stop(`it did not end within ${timeoutMs / 1000} s`));
    signal.addEventListener('abort', aborted, { once: true });
    child.stdout?.on('data', (chunk: Buffer) => {
      stdoutBytes += chunk.length;
      if (stdoutBytes > maxStdoutBytes) stop(`it printed more than ${maxStdoutBytes} bytes`);
      else stdout.push(chunk);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-maxStderrLength);
      onOutput(text);
    });
    child.once('error', (error: NodeJS.ErrnoException) =>
      settle({ kind: 'spawn-error', code: error.code ?? error.message }),
    );
    child.once('close', (code, killedBy) => settle({ kind: 'exit', code: code ?? killedBy ?? 'unknown' }));
  });
}
