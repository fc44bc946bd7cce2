import type { Duplex } from 'node:stream';
import { serialize } from 'pg-protocol';
import { AppError } from '../base/app-error.ts';
import type { Secret } from '../base/secret.ts';
import type { DialledPod } from './dial.ts';
import { functionCall, readResults, type ServerFunction } from './function-call.ts';
import { startupMessage } from './message.ts';
import { guardSettings, isSafeEncoding } from './read-only-policy.ts';
import { readRow } from './read-row.ts';
import type { ScramKeyCache } from './scram-key-cache.ts';
import { refusesStartupParameter } from './server-error.ts';
import { type Login, logIn, type PasswordPolicy } from './upstream-login.ts';
import { openingBytes, secureStream, type UpstreamTls } from './upstream-tls.ts';
import type { Wire } from './wire.ts';

/** One attempt to get into the database, over one stream: TLS, the real login, and for a read-only tunnel the proof that it is one. */

/** The real thing. Without a password: by the client certificate of `UpstreamTls`. */
export interface Credential {
  readonly user: string;
  readonly password: Secret | undefined;
}

export type ServerRole = 'primary' | 'replica';

export interface UpstreamAccess {
  /** In the order in which they are tried. fresh: the ones given before were refused; look again at the source. */
  credentials(options: { fresh: boolean }): Promise<readonly Credential[]>;
  /** Asked for each connection. */
  tls(): UpstreamTls | Promise<UpstreamTls>;
  readonly passwordPolicy: PasswordPolicy;
  readonly readOnly: boolean;
  /** Which server the tunnel is for, as the server itself says. Default: either. */
  readonly serverRole?: ServerRole | undefined;
  /** Told of a pod whose server is of the other role. True: the next dial leads to another pod. */
  readonly onOtherRole?: (pod: DialledPod) => boolean;
  /** What the policy does not let in: a server that asks for nothing, a role that may do anything. */
  readonly forbids?: { readonly trust: boolean; readonly superuser: boolean };
}

export interface Session {
  readonly database: string;
  /** It speaks to a walsender. Default no. */
  readonly replication?: boolean;
  readonly settings: ReadonlyMap<string, string>;
}

export interface Attempt {
  readonly access: UpstreamAccess;
  readonly tls: UpstreamTls;
  readonly credential: Credential;
  readonly session: Session;
}

type In = Extract<Login, { kind: 'in' }>;

export type Entered =
  | (In & {
      readonly encrypted: boolean;
      /** A replica; undefined: the server does not say so by itself (before PostgreSQL 14, or a pooler), and it was not asked. */
      readonly inRecovery: boolean | undefined;
      /** Not the database itself let us in. */
      readonly pooler: boolean;
    })
  | Exclude<Login, { kind: 'in' }>;

/** Linux gives no process a larger number (PID_MAX_LIMIT). */
const maxProcessId = 1 << 22;

/** The process that answers, whether its transactions are read-only from the start, and, where that matters, whether it is a replica. */
interface Question {
  readonly bytes: Buffer;
  readonly answer: (wire: Wire) => Promise<readonly (string | null)[]>;
}

/** Goes through every pooler. */
const query: Question = {
  bytes:
    serialize.query(`SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('default_transaction_read_only'),
  pg_catalog.pg_is_in_recovery()`),
  answer: readRow,
};

const functions: readonly ServerFunction[] = [
  // pg_backend_pid, current_setting
  { oid: 2026, args: [] },
  { oid: 2077, args: ['default_transaction_read_only'] },
];
/** For half the time, where a pooler is refused anyway: the first two. Each answer is a packet of its own. */
const calls: Question = {
  bytes: Buffer.concat(functions.map(functionCall)),
  answer: (wire) => readResults(wire, functions.length),
};

/** What goes out with the stream's opening; nothing where TLS begins by itself. */
export function headOf(attempt: Attempt): readonly Buffer[] {
  return openingBytes(attempt.tls, startup(attempt));
}

/** Goes on from `headOf`. Rejects with an SP-DB error, or with the stream's own. */
export async function enter(
  attempt: Attempt,
  { stream, pod, keyCache }: { stream: Duplex; pod: DialledPod; keyCache: ScramKeyCache },
): Promise<Entered> {
  const { access, tls, credential } = attempt;
  const question = questionOf(attempt);
  const secured = await secureStream(stream, tls, startup(attempt));
  const login = await logIn({
    secured,
    user: credential.user,
    password: credential.password,
    passwordPolicy: access.passwordPolicy,
    keyCache,
    question: question?.bytes,
    pod: pod.name,
  });
  if (login.kind === 'refused') {
    if (access.readOnly && refusesStartupParameter(login.error)) throw refusedPooler(login.error.message);
    return login;
  }
  checkAllowed(login, { access, tls, user: credential.user });
  const seen = question ? await ask(login, { question, readOnly: access.readOnly }) : glance(login);
  const { serverRole: wanted } = access;
  const role = seen.inRecovery === undefined ? undefined : roleOf(seen.inRecovery);
  if (wanted && role !== wanted) throw new AppError('SP-DB-ROLE', { pod: pod.name, role, wanted });
  return { ...login, encrypted: secured.encrypted, ...seen };
}

/** The server tells both by itself: by the login that it asks for, and by a setting that it reports. */
function checkAllowed(
  login: In,
  { access, tls, user }: { access: UpstreamAccess; tls: UpstreamTls; user: string },
): void {
  if (access.forbids?.trust && letsAnyoneIn(login, tls))
    throw new AppError('SP-DB-POLICY', {
      message: 'it lets anybody in who comes through the tunnel, without a password',
      next: 'have pg_hba.conf ask for scram-sha-256 from 127.0.0.1 and ::1',
    });
  if (access.forbids?.superuser && isSuperuser(login))
    throw new AppError('SP-DB-POLICY', {
      message: `the role ${user} is a superuser`,
      next: "name the application's own role in the profile",
    });
}

/** By pg_hba.conf's trust, as of the official image for whoever comes from 127.0.0.1, which is where what is forwarded comes from. */
export function letsAnyoneIn({ method }: In, tls: UpstreamTls): boolean {
  return method === 'none' && (tls.mode === 'disable' || tls.certificate === undefined);
}

export function isSuperuser({ parameters }: In): boolean {
  return parameters.get('is_superuser') === 'on';
}

function startup({ access, credential, session }: Attempt): Buffer {
  const settings = access.readOnly ? guardSettings(session.settings) : session.settings;
  return startupMessage(new Map([['user', credential.user], ['database', session.database], ...settings]));
}

type Seen = Pick<Extract<Entered, { kind: 'in' }>, 'inRecovery' | 'pooler'>;

/** Where something depends on the answer: what a pooler reports is of the server that it met first. A walsender need not answer questions. */
function questionOf({ access, session }: Attempt): Question | undefined {
  if (session.replication) return undefined;
  if (access.serverRole !== undefined) return query;
  return access.readOnly ? calls : undefined;
}

/** Reads the answer. Throws as `proveReadOnly` where the tunnel is read-only. */
async function ask(
  login: In,
  { question, readOnly }: { question: Question; readOnly: boolean },
): Promise<Seen> {
  // Most poolers show already by their key; some would not know what they are asked.
  const glimpse = glance(login);
  if (readOnly && (!login.cancelKey || glimpse.pooler)) throw refusedPooler('its key is of no process');
  const [processId, setting, inRecovery] = await question.answer(login.wire);
  const pooler = processId !== String(login.cancelKey?.processId);
  if (readOnly) proveReadOnly(login, { pooler, setting });
  return { inRecovery: inRecovery === undefined ? glimpse.inRecovery : inRecovery === 't', pooler };
}

/**
 * What it tells by itself. Poolers make their keys up and fill all 32 bits, so that about one in a thousand looks like a process: enough for a
 * notice, and nothing that safety depends on.
 */
function glance({ parameters, cancelKey }: In): Seen {
  const reported = parameters.get('in_hot_standby');
  const { processId = 1 } = cancelKey ?? {};
  return {
    inRecovery: reported === undefined ? undefined : reported === 'on',
    pooler: processId <= 0 || processId > maxProcessId,
  };
}

/**
 * Throws SP-DB-READ-ONLY where the session is not read-only, or not this client's alone: behind a pooler a transaction may run in a
 * session that began otherwise, and what is set in this one reaches others. A pooler shows by the process that answers: it is not the
 * one whose cancel key it gave. The setting is the session's own answer and not what was reported at its login: whoever keeps sessions for
 * later clients repeats the report of the first.
 */
function proveReadOnly(
  { parameters }: In,
  { pooler, setting }: { pooler: boolean; setting: string | null | undefined },
): void {
  const encoding = parameters.get('client_encoding') ?? '';
  if (!isSafeEncoding(encoding))
    throw refused(`the client encoding ${encoding || 'is unknown and'} is refused`);
  if (setting !== 'on') throw refused('default_transaction_read_only did not take');
  if (pooler) throw refusedPooler('its process is not the one that was asked');
}

export function roleOf(inRecovery: boolean): ServerRole {
  return inRecovery ? 'replica' : 'primary';
}

function refused(message: string): AppError {
  return new AppError('SP-DB-READ-ONLY', { message });
}

function refusedPooler(message: string): AppError {
  return new AppError('SP-DB-READ-ONLY', {
    message: `a pooler stands before the database (${message}), through which read-only cannot be kept`,
    next: 'point the profile at the database itself, or use a role that may only read',
  });
}
