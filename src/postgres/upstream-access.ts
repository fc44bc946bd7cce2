import type { Duplex } from 'node:stream';
import { serialize } from 'pg-protocol';
import { AppError } from '../base/app-error.ts';
import type { Secret } from '../base/secret.ts';
import type { DialledPod } from './dial.ts';
import { startupMessage } from './message.ts';
import { guardSettings, isSafeEncoding } from './read-only-policy.ts';
import type { ScramKeyCache } from './scram-key-cache.ts';
import { refusesStartupParameter } from './server-error.ts';
import { readRow } from './simple-query.ts';
import { type Login, logIn, type PasswordPolicy } from './upstream-login.ts';
import { openingBytes, secureStream, type UpstreamTls } from './upstream-tls.ts';

/** One attempt to get into the database, over one stream: TLS, the real login, and for a read-only tunnel the proof that it is one. */

/** The real thing. Without a password: by the client certificate of `UpstreamTls`. */
export interface Credential {
  readonly user: string;
  readonly password: Secret | undefined;
}

export interface UpstreamAccess {
  /** In the order in which they are tried. fresh: the ones given before were refused; look again at the source. */
  credentials(options: { fresh: boolean }): Promise<readonly Credential[]>;
  /** Asked for each connection. */
  tls(): UpstreamTls | Promise<UpstreamTls>;
  readonly passwordPolicy: PasswordPolicy;
  readonly readOnly: boolean;
  /** What the policy does not let in: a server that asks for nothing, a role that may do anything. */
  readonly forbids?: { readonly trust: boolean; readonly superuser: boolean };
}

export interface Session {
  readonly database: string;
  readonly settings: ReadonlyMap<string, string>;
}

export interface Attempt {
  readonly access: UpstreamAccess;
  readonly tls: UpstreamTls;
  readonly credential: Credential;
  readonly session: Session;
}

export type Entered = Login & { readonly encrypted: boolean };

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
  const secured = await secureStream(stream, tls, startup(attempt));
  const login = await logIn({
    secured,
    user: credential.user,
    password: credential.password,
    passwordPolicy: access.passwordPolicy,
    keyCache,
    question: access.readOnly ? whetherReadOnly : undefined,
    pod: pod.name,
  });
  if (login.kind === 'in') checkAllowed(login, { access, tls, user: credential.user });
  if (access.readOnly) await proveReadOnly(login);
  return { ...login, encrypted: secured.encrypted };
}

/** The server tells both by itself: by the login that it asks for, and by a setting that it reports. */
function checkAllowed(
  login: Extract<Login, { kind: 'in' }>,
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
export function letsAnyoneIn({ method }: Extract<Login, { kind: 'in' }>, tls: UpstreamTls): boolean {
  return method === 'none' && (tls.mode === 'disable' || tls.certificate === undefined);
}

export function isSuperuser({ parameters }: Extract<Login, { kind: 'in' }>): boolean {
  return parameters.get('is_superuser') === 'on';
}

function startup({ access, credential, session }: Attempt): Buffer {
  const settings = access.readOnly ? guardSettings(session.settings) : session.settings;
  return startupMessage(new Map([['user', credential.user], ['database', session.database], ...settings]));
}

const whetherReadOnly = serialize.query(
  "SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('default_transaction_read_only')",
);

/**
 * Reads the answer to `whetherReadOnly`. Rejects with SP-DB-READ-ONLY where the session is not read-only, or not this client's alone: behind a pooler a transaction may run in a
 * session that began otherwise, and what is set in this one reaches others. A pooler shows by the process that answers: it is not the
 * one whose cancel key it gave.
 */
async function proveReadOnly(login: Login): Promise<void> {
  if (login.kind === 'refused') {
    if (refusesStartupParameter(login.error)) throw pooler(login.error.message);
    return;
  }
  const encoding = login.parameters.get('client_encoding') ?? '';
  if (!isSafeEncoding(encoding))
    throw refused(`the client encoding ${encoding || 'is unknown and'} is refused`);
  const [processId, setting] = await readRow(login.wire);
  if (setting !== 'on') throw refused('default_transaction_read_only did not take');
  if (processId !== String(login.cancelKey?.processId))
    throw pooler('its process is not the one that was asked');
}

function refused(message: string): AppError {
  return new AppError('SP-DB-READ-ONLY', { message });
}

function pooler(message: string): AppError {
  return new AppError('SP-DB-READ-ONLY', {
    message: `a pooler stands before the database (${message}), through which read-only cannot be kept`,
    next: 'point the profile at the database itself, or use a role that may only read',
  });
}
