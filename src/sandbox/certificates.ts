import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import * as der from './der.ts';

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

const oid = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  ecPublicKeySha256: '1.2.840.10045.4.3.2',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  subjectAltName: '2.5.29.17',
  subjectKeyId: '2.5.29.14',
  authorityKeyId: '2.5.29.35',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
};

const dayMs = 86_400_000;

/**
 * A new certificate authority with a server certificate for the given DNS names and IP addresses. EC P-256, valid for a day.
 * Made at run time and held in memory, so that no key is ever shipped.
 */
export function issueCertificates(serverNames: readonly string[]): Certificates {
  const authority = newKey();
  const issuer = distinguishedName('sallyport-sandbox-ca', []);
  const ca = certificate({
    subject: issuer,
    issuer,
    key: authority,
    signer: authority,
    validMs: dayMs,
    extensions: [
      extension(oid.basicConstraints, der.sequence(der.boolean(true)), true),
      extension(oid.keyUsage, der.namedBits(0, 5, 6), true),
    ],
  });

  const leaf = (subject: Buffer, purpose: string, validMs: number, more: Buffer[]): KeyedCertificate => {
    const key = newKey();
    const cert = certificate({
      subject,
      issuer,
      key,
      signer: authority,
      validMs,
      extensions: [
        extension(oid.keyUsage, der.namedBits(0), true),
        extension(oid.extendedKeyUsage, der.sequence(der.objectIdentifier(purpose))),
        ...more,
      ],
    });
    return { cert, key: key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
  };

  return {
    ca,
    server: leaf(distinguishedName(serverNames[0] ?? 'localhost', []), oid.serverAuth, dayMs, [
      extension(oid.subjectAltName, der.sequence(...serverNames.map(generalName))),
    ]),
    issueClient: ({ user, groups = [], validMs = dayMs }) =>
      leaf(distinguishedName(user, groups), oid.clientAuth, validMs, []),
  };
}

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const newKey = (): KeyPair => generateKeyPairSync('ec', { namedCurve: 'P-256' });

interface CertificateFields {
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly key: KeyPair;
  readonly signer: KeyPair;
  readonly validMs: number;
  readonly extensions: readonly Buffer[];
}

/** RFC 5280, 4.1: the signed certificate as PEM. */
function certificate({ subject, issuer, key, signer, validMs, extensions }: CertificateFields): string {
  const algorithm = der.sequence(der.objectIdentifier(oid.ecPublicKeySha256));
  const now = Date.now();
  const validity = der.sequence(
    // An hour and more before now, so that a clock set back a little still finds it valid.
    der.utcTime(new Date(Math.min(now, now + validMs) - 3_600_000)),
    der.utcTime(new Date(now + validMs)),
  );
  const keyIds = [
    extension(oid.subjectKeyId, der.octetString(keyId(key.publicKey))),
    extension(oid.authorityKeyId, der.sequence(der.contextPrimitive(0, keyId(signer.publicKey)))),
  ];
  const body = der.sequence(
    der.context(0, der.integer(2)),
    der.integer(Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
    algorithm,
    issuer,
    validity,
    subject,
    key.publicKey.export({ type: 'spki', format: 'der' }),
    der.context(3, der.sequence(...extensions, ...keyIds)),
  );
  const signature = sign('sha256', body, signer.privateKey);
  const bytes = der.sequence(body, algorithm, der.bitString(signature));
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

const keyId = (key: KeyObject) =>
  createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();

function distinguishedName(commonName: string, organizations: readonly string[]): Buffer {
  const attribute = (type: string, value: string) =>
    der.set(der.sequence(der.objectIdentifier(type), der.utf8String(value)));
  return der.sequence(
    ...organizations.map((name) => attribute(oid.organization, name)),
    attribute(oid.commonName, commonName),
  );
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return der.sequence(
    der.objectIdentifier(id),
    ...(critical ? [der.boolean(true)] : []),
    der.octetString(value),
  );
}

/** RFC 5280, 4.2.1.6: iPAddress [7] or dNSName [2]. */
function generalName(name: string): Buffer {
  const version = isIP(name);
  if (version === 0) return der.contextPrimitive(2, Buffer.from(name));
  if (version === 4) return der.contextPrimitive(7, Buffer.from(name.split('.').map(Number)));
  return der.contextPrimitive(7, ipv6Bytes(name));
}

function ipv6Bytes(address: string): Buffer {
  const [head = '', tail] = address.split('::');
  const groups = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const all = [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}
