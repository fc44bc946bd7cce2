/**
 * A program of the user's own that is asked before a tunnel may use its cluster. Trust boundary: only the settings name it, which nobody
 * else may write; it is run without a shell, and what it is told goes in at its standard input, so that no profile reaches its arguments.
 * Whatever goes wrong means no.
 */
import { execFile } from 'node:child_process';
import { userInfo } from 'node:os';
import { stripVTControlCharacters } from 'node:util';
import pLimit from 'p-limit';
import * as z from 'zod';
import { type Clock, inTime } from '../base/clock.ts';
import { parseDurationMs } from '../base/duration.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import type { Policy } from '../contract/policy.ts';
import { oneOf } from '../contract/schema-words.ts';
import type { LocalPeer } from '../tunnel/connection-event.ts';
import type { TunnelDefinition } from './tunnel-definition.ts';

const defaultTimeLimit = '60s';
const longestTimeLimitMs = 600_000;
const maxOutputBytes = 64 * 1024;
const maxShownLength = 200;
const processMs = 1_000;
/** After a restart of the daemon all tunnels ask. */
const maxAtOnce = 8;

export const approvalSettingsSchema = z.strictObject({
  command: z
    .array(z.string().regex(/^[^\0]{1,4096}$/))
    .min(1)
    .max(64)
    .describe(
      'Program and arguments, run without a shell; reads the request as JSON; exit status 0 says yes.',
    ),
  timeLimit: z
    .string()
    .refine((text) => {
      const limitMs = parseDurationMs(text) ?? 0;
      return limitMs >= 1 && limitMs <= longestTimeLimitMs;
    }, 'a duration of at most 10m')
    .describe(`How long it may take. Default: ${defaultTimeLimit}.`)
    .optional(),
  environments: z
    .array(oneOf('development', 'staging', 'production'))
    .min(1)
    .describe('Whose tunnels it is asked about. Default: all tunnels.')
    .optional(),
});

export type ApprovalSettings = z.infer<typeof approvalSettingsSchema>;

/** What an approval is wanted for. */
export interface ApprovalWish {
  readonly definition: TunnelDefinition;
  readonly by: 'asked' | 'restored' | 'on-demand' | 'prolonged';
  readonly reason: string | undefined;
  /** Whose connection wakes the tunnel, where one does and it is known. */
  readonly client: LocalPeer | undefined;
}

/** What the program reads: one line. Fields may be added; `version` changes when one changes its meaning. */
export interface ApprovalRequest {
  readonly version: 1;
  readonly tunnel: string;
  readonly profile: string | null;
  readonly source: string;
  readonly cluster: object;
  readonly namespace: string | null;
  readonly target: string;
  readonly port: number | string;
  readonly by: ApprovalWish['by'];
  readonly reason: string | null;
  readonly policy: Policy;
  /** Who runs the daemon. */
  readonly user: { readonly name: string; readonly uid: number };
  /** The local program whose connection wakes the tunnel. */
  readonly client: {
    readonly uid: number;
    readonly pid?: number;
    readonly program?: string | undefined;
  } | null;
}

/** `by`: the first line that the program has printed, as the name of who said yes. */
export type Approval =
  | { readonly kind: 'approved'; readonly by: string | undefined }
  | { readonly kind: 'refused'; readonly error: ErrorData };

/** Asks whoever the settings name; undefined where they name nobody for this tunnel. Never rejects. */
export type Approve = (wish: ApprovalWish, signal: AbortSignal) => Promise<Approval> | undefined;

export interface ApprovalWorld {
  readonly clock: Clock;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
}

/** By the settings as they are in the moment of each wish. */
export function createApprove({
  settings,
  ...world
}: ApprovalWorld & { readonly settings: () => ApprovalSettings | undefined }): Approve {
  const turn = pLimit(maxAtOnce);
  return (wish, signal) => {
    const current = settings();
    if (!needsApproval(current, wish.definition)) return undefined;
    return turn(() => askForApproval(current, wish, { ...world, signal }));
  };
}

/** Whether anybody is to be asked about a tunnel. */
export function needsApproval(
  settings: ApprovalSettings | undefined,
  { profile }: TunnelDefinition,
): settings is ApprovalSettings {
  if (!settings) return false;
  const { environment } = profile.policy ?? {};
  return !settings.environments || (environment !== undefined && settings.environments.includes(environment));
}

/** Runs the program. Never rejects; an abort is a refusal that nobody waits for any more. */
export async function askForApproval(
  { command, timeLimit = defaultTimeLimit }: ApprovalSettings,
  wish: ApprovalWish,
  { clock, env, home, signal }: ApprovalWorld & { readonly signal: AbortSignal },
): Promise<Approval> {
  const request = JSON.stringify(requestOf(wish, await clientOf(wish, clock)));
  const [program = '', ...args] = command;
  const tunnel = wish.definition.name;
  const late = new AbortController();
  const timer = clock.after(parseDurationMs(timeLimit) ?? 0, () => late.abort());
  return new Promise((resolve) => {
    const failed = (message: string) =>
      resolve({
        kind: 'refused',
        error: { code: 'SP-APPROVAL-FAILED', details: { tunnel, program, message } },
      });
    const options = {
      env,
      cwd: home,
      signal: AbortSignal.any([signal, late.signal]),
      killSignal: 'SIGKILL',
      maxBuffer: maxOutputBytes,
      windowsHide: true,
    } as const;
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      timer.cancel();
      if (!error) return resolve({ kind: 'approved', by: firstLine(stdout) || undefined });
      if (late.signal.aborted) return failed(`it did not answer within ${timeLimit}`);
      if (typeof error.code === 'number') {
        const message = firstLine(stderr) || `exit status ${error.code}`;
        return resolve({
          kind: 'refused',
          error: { code: 'SP-APPROVAL-REFUSED', details: { tunnel, message } },
        });
      }
      if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return failed('it printed more than 64 KiB');
      failed(
        error.code === 'ENOENT'
          ? 'there is no such program'
          : String(error.code ?? error.signal ?? 'it ended'),
      );
    });
    // One that does not read has nothing to say about that.
    child.stdin?.on('error', () => {});
    child.stdin?.end(`${request}\n`);
  });
}

/** Its process is looked for as long as its connection may well wait. */
async function clientOf({ client }: ApprovalWish, clock: Clock): Promise<ApprovalRequest['client']> {
  if (!client) return null;
  const process = await inTime(clock, processMs, client.process());
  // Not its command line, which may say more than a record should.
  return { uid: client.uid, ...(process && { pid: process.pid, program: process.program }) };
}

function requestOf(
  { definition, by, reason }: ApprovalWish,
  client: ApprovalRequest['client'],
): ApprovalRequest {
  const { id, origin, access, profile } = definition;
  const { kind: _, ...context } = access.kind === 'context' ? access : { kind: access.kind };
  return {
    version: 1,
    tunnel: id,
    profile: origin.kind === 'profile' ? definition.name : null,
    source: origin.kind === 'profile' ? origin.source : origin.kind,
    cluster: access.kind === 'cluster' ? access.cluster : context,
    namespace: profile.namespace ?? null,
    target: profile.target,
    port: profile.port,
    by,
    reason: reason ?? null,
    policy: profile.policy ?? {},
    user: currentUser(),
    client,
  };
}

/** A user that the system has no name for, as in a container, is a number. */
function currentUser(): ApprovalRequest['user'] {
  try {
    const { username: name, uid } = userInfo();
    return { name, uid };
  } catch {
    const uid = process.getuid?.() ?? -1;
    return { name: String(uid), uid };
  }
}

/** The first line that says something. */
function firstLine(text: string): string {
  const lines = stripVTControlCharacters(text)
    .split(/[\r\n]+/)
    .map((line) => line.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').trim());
  return (lines.find((line) => line !== '') ?? '').slice(0, maxShownLength);
}
