import type { Duplex } from 'node:stream';
import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Dial } from './dial.ts';
import { startupMessage } from './message.ts';
import { ScramKeyCache } from './scram-key-cache.ts';
import { classifyRefusal } from './server-error.ts';
import { askRow } from './simple-query.ts';
import { enter, headOf, type UpstreamAccess } from './upstream-access.ts';
import { openingBytes, secureStream, type UpstreamTls } from './upstream-tls.ts';
import { whileOpen } from './while-open.ts';
import { Wire } from './wire.ts';

/** Questions of the tunnel's own to the database: what it is, and whom it lets in. One connection each, closed before the answer. */

export interface ProbeOptions {
  readonly dial: Dial;
  readonly clock: Clock;
  readonly access: UpstreamAccess;
  readonly database: string;
}

export interface ServerFacts {
  /** A replica. */
  readonly inRecovery: boolean;
  /** Not the database answers but something that shares its connections among clients. */
  readonly pooler: boolean;
  readonly serverVersion: string | undefined;
  /** The role that the gateway logs in as may do anything. */
  readonly superuser: boolean;
}

const probeTimeoutMs = 10_000;
const maxMessageBytes = 16 * 1024;

const facts = `SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.pg_backend_pid(),
  pg_catalog.current_setting('is_superuser')`;

/** Logs in with the first credential. Rejects with an AppError where that fails. */
export function probeServer(options: ProbeOptions): Promise<ServerFacts> {
  const { access, database } = options;
  return within(options, async (signal) => {
    const [credential] = await access.credentials({ fresh: false });
    if (!credential) throw new AppError('SP-DB-NO-CREDENTIALS');
    const session = { database, settings: new Map([['application_name', 'sallyport']]) };
    // What is not wanted is to be found, not to be refused.
    const { forbids: _, serverRole: __, ...rest } = access;
    const attempt = { access: { ...rest, readOnly: false }, tls: await access.tls(), credential, session };
    const { stream, pod } = await options.dial({ head: () => headOf(attempt), signal });
    return probed(stream, signal, async () => {
      const login = await enter(attempt, { stream, pod, keyCache: new ScramKeyCache() });
      if (login.kind === 'refused')
        throw classifyRefusal({ error: login.error, user: credential.user, pod: pod.name });
      const [recovery, processId, superuser] = await askRow(login.wire, facts);
      return {
        inRecovery: recovery === 't',
        pooler: processId !== String(login.cancelKey?.processId),
        serverVersion: login.parameters.get('server_version'),
        superuser: superuser === 'on',
      };
    });
  });
}

/**
 * Whether the server lets one in without asking for anything, as the official image does for whoever comes from 127.0.0.1, which is where
 * everything that is forwarded comes from. No password is tried: what the server asks for first says it, and its log shows no failure.
 */
export function probeTrust(options: ProbeOptions): Promise<boolean> {
  const { access, database } = options;
  return within(options, async (signal) => {
    const [credential] = await access.credentials({ fresh: false });
    const startup = startupMessage(
      new Map([
        ['user', credential?.user ?? 'postgres'],
        ['database', database],
      ]),
    );
    // With the certificate it would be no question.
    const tls = withoutCertificate(await access.tls());
    const { stream } = await options.dial({ head: () => openingBytes(tls, startup), signal });
    return probed(stream, signal, async () => {
      const secured = await secureStream(stream, tls, startup);
      const { type, body } = await new Wire(secured.stream, secured.ahead).readMessage(maxMessageBytes);
      return type === 'R' && body.length >= 4 && body.readInt32BE(0) === 0;
    });
  });
}

function withoutCertificate(tls: UpstreamTls): UpstreamTls {
  if (tls.mode === 'disable') return tls;
  const { certificate: _, ...others } = tls;
  return others;
}

async function within<T>({ clock }: ProbeOptions, probe: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const timer = clock.after(probeTimeoutMs, () => abort.abort(new AppError('SP-STREAM-TIMEOUT')));
  try {
    return await probe(abort.signal);
  } catch (error) {
    abort.signal.throwIfAborted();
    throw error;
  } finally {
    timer.cancel();
  }
}

async function probed<T>(stream: Duplex, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await whileOpen(stream, signal, work);
  } finally {
    stream.destroy();
  }
}
