import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import * as der from './der.ts';

/**
 * X.509 certificates (RFC 5280), EC P-256 with SHA-256: the few kinds that are made here, and no more. They are made, never read: what
 * comes from outside is parsed by the runtime's own X509Certificate.
 */

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export const newKeyPair = (): KeyPair => generateKeyPairSync('ec', { namedCurve: 'P-256' });

export interface CertificateFields {
  /** Of `distinguishedName`. */
  readonly subject: Buffer;
  readonly issuer: Buffer;
  /** Of the subject. */
  readonly key: KeyObject;
  /** Of the issuer. */
  readonly signer: KeyPair;
  /** Ms since the epoch; whole seconds count. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly extensions: readonly Buffer[];
}

const oid = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  ecdsaSha256: '1.2.840.10045.4.3.2',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  subjectAltName: '2.5.29.17',
  nameConstraints: '2.5.29.30',
  subjectKeyId: '2.5.29.14',
  authorityKeyId: '2.5.29.35',
  server: '1.3.6.1.5.5.7.3.1',
  client: '1.3.6.1.5.5.7.3.2',
};

/** The signed certificate as PEM (RFC 5280, 4.1). */
export function signCertificate(fields: CertificateFields): string {
  const { subject, issuer, key, signer, fromMs, untilMs, extensions } = fields;
  const algorithm = der.sequence(der.objectIdentifier(oid.ecdsaSha256));
  const keyIds = [
    extension(oid.subjectKeyId, der.octetString(keyId(key))),
    extension(oid.authorityKeyId, der.sequence(der.contextPrimitive(0, keyId(signer.publicKey)))),
  ];
  const body = der.sequence(
    der.context(0, der.integer(2)),
    der.integer(Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
    algorithm,
    issuer,
    der.sequence(der.utcTime(new Date(fromMs)), der.utcTime(new Date(untilMs))),
    subject,
    key.export({ type: 'spki', format: 'der' }),
    der.context(3, der.sequence(...extensions, ...keyIds)),
  );
  const signature = sign('sha256', body, signer.privateKey);
  const bytes = der.sequence(body, algorithm, der.bitString(signature));
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

export function distinguishedName(commonName: string, organizations: readonly string[] = []): Buffer {
  const attribute = (type: string, value: string) =>
    der.set(der.sequence(der.objectIdentifier(type), der.utf8String(value)));
  return der.sequence(
    ...organizations.map((name) => attribute(oid.organization, name)),
    attribute(oid.commonName, commonName),
  );
}

/** Of an authority that signs leaves, and no other authority. */
export function authorityExtensions(): Buffer[] {
  return [
    extension(oid.basicConstraints, der.sequence(der.boolean(true), der.integer(0)), true),
    extension(oid.keyUsage, der.namedBits(0, 5, 6), true),
  ];
}

export function leafExtensions(purpose: 'server' | 'client'): Buffer[] {
  return [
    extension(oid.keyUsage, der.namedBits(0), true),
    extension(oid.extendedKeyUsage, der.sequence(der.objectIdentifier(oid[purpose]))),
  ];
}

/** DNS names and IP addresses. */
export function subjectAltName(names: readonly string[]): Buffer {
  return extension(oid.subjectAltName, der.sequence(...names.map(generalName)));
}

/** The only names that an authority may sign for: DNS names with all below them, and networks of IP addresses (RFC 5280, 4.2.1.10). */
export function permittedNames({
  dns,
  networks,
}: {
  readonly dns: readonly string[];
  readonly networks: readonly { readonly address: string; readonly prefixBits: number }[];
}): Buffer {
  const subtrees = [
    ...dns.map((name) => der.sequence(generalName(name))),
    ...networks.map(({ address, prefixBits }) => {
      const bytes = addressBytes(address);
      const mask = bytes.map((_byte, at) => 0xff00 >> Math.min(8, Math.max(0, prefixBits - at * 8)));
      return der.sequence(der.contextPrimitive(7, Buffer.concat([bytes, mask])));
    }),
  ];
  return extension(oid.nameConstraints, der.sequence(der.context(0, ...subtrees)), true);
}

const keyId = (key: KeyObject) =>
  createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();

function extension(id: string, value: Buffer, critical = false): Buffer {
  return der.sequence(
    der.objectIdentifier(id),
    ...(critical ? [der.boolean(true)] : []),
    der.octetString(value),
  );
}

/** iPAddress [7] or dNSName [2] (RFC 5280, 4.2.1.6). */
function generalName(name: string): Buffer {
  return isIP(name) === 0
    ? der.contextPrimitive(2, Buffer.from(name))
    : der.contextPrimitive(7, addressBytes(name));
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const groups = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const all = [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}
