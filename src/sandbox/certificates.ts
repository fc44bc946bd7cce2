import {
  authorityExtensions,
  distinguishedName,
  type KeyPair,
  leafExtensions,
  newKeyPair,
  signCertificate,
  subjectAltName,
} from '../certificate/certificate.ts';

/** PEM texts. */
export interface KeyedCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  readonly ca: string;
  readonly server: KeyedCertificate;
  /** A certificate for a user of the cluster: common name is the user, organizations are the groups. */
  issueClient(client: ClientSubject): KeyedCertificate;
}

export interface ClientSubject {
  readonly user: string;
  readonly groups?: readonly string[];
  /** How long it is valid from now, ms. Default one day. May be negative: an expired certificate. */
  readonly validMs?: number;
}

const dayMs = 86_400_000;

/**
 * A new certificate authority with a server certificate for the given DNS names and IP addresses. EC P-256, valid for a day.
 * Made at run time and held in memory, so that no key is ever shipped.
 */
export function issueCertificates(serverNames: readonly string[]): Certificates {
  const authority = newKeyPair();
  const issuer = distinguishedName('sallyport-sandbox-ca');
  const ca = signCertificate({
    subject: issuer,
    issuer,
    key: authority.publicKey,
    signer: authority,
    ...validFor(dayMs),
    extensions: authorityExtensions(),
  });

  const leaf = (
    subject: Buffer,
    purpose: 'server' | 'client',
    { validMs, more = [] }: { validMs: number; more?: readonly Buffer[] },
  ): KeyedCertificate => {
    const { publicKey, privateKey }: KeyPair = newKeyPair();
    const cert = signCertificate({
      subject,
      issuer,
      key: publicKey,
      signer: authority,
      ...validFor(validMs),
      extensions: [...leafExtensions(purpose), ...more],
    });
    return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
  };

  return {
    ca,
    server: leaf(distinguishedName(serverNames[0] ?? 'localhost'), 'server', {
      validMs: dayMs,
      more: [subjectAltName(serverNames)],
    }),
    issueClient: ({ user, groups = [], validMs = dayMs }) =>
      leaf(distinguishedName(user, groups), 'client', { validMs }),
  };
}

/** From an hour and more before now, so that a clock set back a little still finds it valid. */
function validFor(validMs: number) {
  const nowMs = Date.now();
  return { fromMs: Math.min(nowMs, nowMs + validMs) - 3_600_000, untilMs: nowMs + validMs };
}
