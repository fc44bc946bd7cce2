/** Who we are to the API server: one interface over everything a kubeconfig user may hold. */
import { createHash } from 'node:crypto';
import { AppError } from '../base/app-error.ts';
import { Secret } from '../base/secret.ts';
import type { DataOrFile, UserEntry } from './kubeconfig-file.ts';

/** What one request or one dial is made with. Replaced as a whole, never changed: its identity tells which one a 401 rejected. */
export interface Credential {
  /** Value of the Authorization header. */
  readonly authorization?: Secret | undefined;
  readonly clientCertificate?: ClientCertificate | undefined;
}

export interface ClientCertificate {
  readonly cert: string;
  readonly key: Secret;
  /** Tells pools and TLS sessions of different certificates apart. */
  readonly fingerprint: string;
}

export interface Credentials {
  /** What a person can do to log in again; names the plugin's command. */
  readonly loginHint: string | undefined;
  /** False where current() has to run a plugin or ask an identity provider before it answers. */
  readonly atHand: boolean;
  /** The credential of this moment. May run a plugin or ask an identity provider, once for all who wait. Throws SP-CREDENTIAL-PLUGIN, SP-LOGIN-REQUIRED. */
  current(): Promise<Credential>;
  /** `rejected` got a 401: the next current() must not answer with it where another can be had. */
  discard(rejected: Credential): void;
}

export function clientCertificate(cert: string, key: Secret): ClientCertificate {
  const fingerprint = createHash('sha256').update(cert).update(key.reveal()).digest('hex');
  return { cert, key, fingerprint };
}

/** A bearer token as a header. Refuses what no header can hold, without quoting it. */
export function bearer(token: string): Secret {
  const trimmed = token.trim();
  if (!/^[\x21-\x7e]+$/.test(trimmed)) {
    throw new AppError('SP-KUBECONFIG-INVALID', {
      message: 'the token is empty or has characters that no token has',
    });
  }
  return new Secret(`Bearer ${trimmed}`);
}

export function basic(username: string, password: string): Secret {
  return new Secret(`Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`);
}

/** Credentials that are as they are until a file changes, which makes new ones. */
export function fixedCredentials(credential: Credential): Credentials {
  return { loginHint: undefined, atHand: true, current: async () => credential, discard() {} };
}

/** Reads a file that the kubeconfig names; rejects where it is missing or too large. */
export type ReadNamedFile = (path: string) => Promise<string>;

/**
 * The part of a user that needs neither plugin nor provider: certificate, token, tokenFile, user and password. Files are read now.
 * undefined where the user has none of them. Throws SP-KUBECONFIG-INVALID for what kubectl refuses as well.
 */
export async function storedCredential(
  user: UserEntry,
  read: ReadNamedFile,
): Promise<Credential | undefined> {
  const invalid = (message: string) => new AppError('SP-KUBECONFIG-INVALID', { path: user.path, message });
  const hasToken = user.token !== undefined || user.tokenFile !== undefined;
  const hasPassword = user.username !== undefined || user.password !== undefined;
  if (hasToken && hasPassword) throw invalid('a user has both a token and a password');

  const cert = await dataOrFile(user.clientCertificate, read);
  const key = await dataOrFile({ data: user.clientKey.data?.reveal(), file: user.clientKey.file }, read);
  if ((cert === undefined) !== (key === undefined)) {
    throw invalid(
      `a user has a client ${cert === undefined ? 'key but no certificate' : 'certificate but no key'}`,
    );
  }
  // The file wins over the inline token, because it is the one that is renewed.
  const token = user.tokenFile ? await read(user.tokenFile) : user.token?.reveal();
  if (cert === undefined && !hasToken && !hasPassword) return undefined;
  return {
    authorization:
      token !== undefined
        ? bearer(token)
        : hasPassword
          ? basic(user.username ?? '', user.password?.reveal() ?? '')
          : undefined,
    clientCertificate:
      cert !== undefined && key !== undefined ? clientCertificate(cert, new Secret(key)) : undefined,
  };
}

export async function dataOrFile(
  source: DataOrFile<string>,
  read: ReadNamedFile,
): Promise<string | undefined> {
  if (source.data !== undefined) return source.data;
  return source.file === undefined ? undefined : read(source.file);
}
