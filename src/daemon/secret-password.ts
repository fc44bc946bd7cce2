import { type CredentialText, named, readCredentialText } from '../credential/credential-text.ts';
import type { KubeApi } from '../kube/kube-api.ts';
import { type ObjectPlace, readSecret, type SecretData } from './secret-data.ts';

export interface SecretKey extends ObjectPlace {
  readonly key: string;
}

export const maxPasswordBytes = 4_096;
export const maxCertificatesBytes = 256 * 1024;
/** As operators name it: CloudNativePG, Zalando and Percona `username`, Crunchy `user`. */
const userKeys = ['username', 'user'];

/**
 * Reads one key of a Secret or ConfigMap: a password to the byte as a pod gets it, or a text with one in it. The user is the text's, else what
 * the Secret says beside it in the usual way. Rejects as `readSecret`, and with SP-SECRET-KEY.
 */
export async function readSecretPassword(
  api: Pick<KubeApi, 'request'>,
  { key, ...at }: SecretKey,
  signal: AbortSignal,
): Promise<CredentialText> {
  const data = await readSecret(api, at, signal);
  const read = readCredentialText(data.text(key, { maxBytes: maxPasswordBytes, what: 'a password' }));
  if (read === 'no-password') throw data.refused(key, 'a connection string without a password');
  return { ...read, user: read.user ?? userOf(data) };
}

/** The same of certificates, PEM. */
export async function readSecretCertificates(
  api: Pick<KubeApi, 'request'>,
  { key, ...at }: SecretKey,
  signal: AbortSignal,
): Promise<string> {
  const data = await readSecret(api, at, signal);
  return data.text(key, { maxBytes: maxCertificatesBytes, what: 'certificates' });
}

function userOf(data: SecretData): string | undefined {
  return named(
    userKeys.map((key) => data.shortText(key, maxPasswordBytes)).find((text) => text !== undefined),
  );
}
