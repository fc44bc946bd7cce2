import { AppError } from '../base/app-error.ts';
import type { Secret } from '../base/secret.ts';
import type { ConnectionKind } from '../contract/connection-format.ts';
import type { Sslmode } from '../contract/connection-string.ts';

/** Where a client dials: the tunnel's local end. */
export type LocalEnd =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** What is known about one tunnel's local end and what answers behind it. */
export interface Endpoint {
  /** The tunnel's name: of a pg_service.conf entry, of an IDE's data source, of prefixed variables. */
  readonly tunnel: string;
  readonly kind: ConnectionKind;
  readonly local: LocalEnd;
  /** For Redis the number of the database. */
  readonly database?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: Secret | undefined;
  readonly sslmode?: Sslmode | undefined;
  /** A pooler in transaction mode (PgBouncer) answers. One in session mode needs nothing. */
  readonly pooler?: 'transaction' | undefined;
  /** The name that the server's certificate carries, for sslmode=verify-full: usually the Service. */
  readonly serverName?: string | undefined;
  /** Absolute path of the CA certificates, PEM, where the server's certificate is to be checked. */
  readonly caFile?: string | undefined;
  /** MongoDB: the database that knows the user, where that is not the one to use. */
  readonly authSource?: string | undefined;
}

/** An endpoint that is fit to be written. The password is here in plain only where it was asked for: a format cannot leak what it is not given. */
export interface Login extends Omit<Endpoint, 'password'> {
  readonly password: string | undefined;
}

/**
 * Checks an endpoint and opens it for writing. Throws SP-USAGE for what no format can carry: NUL ends a string in every client, and half
 * a surrogate pair is no character, so that no server knows such a name.
 */
export function openEndpoint(endpoint: Endpoint, withPassword: boolean): Login {
  const { tunnel } = endpoint;
  // Every client takes an empty hint for one that is not there.
  const password = (withPassword && endpoint.password?.reveal()) || undefined;
  const database = endpoint.database || undefined;
  const user = endpoint.user || undefined;
  const serverName = endpoint.serverName || undefined;
  // Where nothing is checked, there is nothing to check it by.
  const caFile = checksCertificate(endpoint.sslmode) ? endpoint.caFile : undefined;
  for (const [what, value] of Object.entries({
    tunnel,
    database,
    user,
    password,
    caFile,
    authSource: endpoint.authSource,
  })) {
    if (value === undefined) continue;
    if (value.includes('\0')) throw unfit(`the ${what} holds a NUL character`);
    if (!value.isWellFormed()) throw unfit(`the ${what} is not valid Unicode`);
  }
  if (!/^[^\p{Cc}[\]]+$/u.test(tunnel)) throw unfit("the tunnel's name has brackets or control characters");
  if (serverName !== undefined && !/^[\w.-]+$/.test(serverName)) {
    throw unfit(`the server's name ${JSON.stringify(serverName)} is no host name`);
  }
  return { ...endpoint, database, user, serverName, caFile, password, local: dialled(endpoint.local) };
}

function checksCertificate(sslmode: Sslmode | undefined): boolean {
  return sslmode === 'verify-ca' || sslmode === 'verify-full';
}

/** One cannot dial "all addresses", and a client that resolves "localhost" itself may try an address that is not bound. */
function dialled(local: LocalEnd): LocalEnd {
  if (local.kind === 'unix') {
    if (!local.path.startsWith('/') || /\p{Cc}/u.test(local.path)) {
      throw unfit(`the socket ${JSON.stringify(local.path)} is no absolute path without control characters`);
    }
    return local;
  }
  const replaced = { localhost: '127.0.0.1', '0.0.0.0': '127.0.0.1', '::': '::1' }[local.host];
  const host = replaced ?? local.host;
  // Zones of link-local addresses (%eth0) are written differently by every client, where they can be at all.
  if (!/^[\w.:-]+$/.test(host))
    throw unfit(`${JSON.stringify(host)} is no address that clients can be given`);
  return { ...local, host };
}

function unfit(why: string): AppError {
  return new AppError('SP-USAGE', {
    message: `no connection string can be written: ${why}`,
    next: 'correct the connection hints of the profile',
  });
}
