/**
 * Whom a credential belongs to, as far as it says so itself: what was renewed for the same user is told apart from what is another
 * user's. Nothing is verified, as nothing is granted by it; the API server decides who somebody is.
 */
import { X509Certificate } from 'node:crypto';
import type { Credential } from './credentials.ts';
import type { AuthProviderEntry } from './kubeconfig-file.ts';

/** Equal for two credentials of the same user. It may hold a secret, where only that tells users apart. */
export function credentialHolder({ authorization, clientCertificate }: Credential): unknown {
  return [
    authorization && tokenHolder(authorization.reveal()),
    clientCertificate && subject(clientCertificate.cert),
  ];
}

/** As credentialHolder, for an auth-provider, which renews its tokens and writes them back. */
export function providerHolder({ name, config }: AuthProviderEntry): unknown {
  const {
    'id-token': idToken,
    'refresh-token': _renewed,
    'access-token': _too,
    expiry: _end,
    ...lasting
  } = config;
  return [name, lasting, idToken && tokenHolder(idToken.reveal())];
}

/** Issuer and subject of a JWT, else the token itself. */
function tokenHolder(token: string): unknown {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    const { iss, sub } = payload as { readonly iss?: unknown; readonly sub?: unknown };
    return typeof iss === 'string' && typeof sub === 'string' ? [iss, sub] : token;
  } catch {
    return token;
  }
}

/** Kubernetes takes user and groups from a certificate's subject. */
function subject(cert: string): string {
  try {
    return new X509Certificate(cert).subject;
  } catch {
    return cert;
  }
}
