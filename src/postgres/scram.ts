import { createHash, createHmac, pbkdf2, randomBytes, type X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import type { Secret } from '../base/secret.ts';

/** SCRAM-SHA-256 (RFC 5802, RFC 7677), what both sides of it share. */

export const scram = 'SCRAM-SHA-256';
/** With the TLS channel bound into the proof, so that nobody in between can pass it on. */
export const scramPlus = 'SCRAM-SHA-256-PLUS';
export type ScramMechanism = typeof scram | typeof scramPlus;

/** The one binding that PostgreSQL knows (RFC 5929, section 4). */
export const bindingType = 'tls-server-end-point';

/** What a server keeps: enough to check a password, too little to use it elsewhere. */
export interface ScramVerifier {
  readonly salt: Buffer;
  readonly iterations: number;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

export interface ScramKeys {
  readonly clientKey: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** PostgreSQL's default; JDBC's driver refuses fewer. */
const defaultIterations = 4096;
const saltBytes = 16;
export const keyBytes = 32;

const derive = promisify(pbkdf2);

/** Off the main thread: about 0.6 ms for 4,096 iterations. */
export async function scramKeys(
  password: Secret,
  { salt, iterations }: { salt: Buffer; iterations: number },
): Promise<ScramKeys> {
  const prepared = await prepare(password.reveal());
  const salted = await derive(prepared, salt, iterations, keyBytes, 'sha256');
  const clientKey = hmac(salted, 'Client Key');
  return { clientKey, storedKey: sha256(clientKey), serverKey: hmac(salted, 'Server Key') };
}

export async function makeVerifier(
  password: Secret,
  { salt = randomBytes(saltBytes), iterations = defaultIterations } = {},
): Promise<ScramVerifier> {
  const { storedKey, serverKey } = await scramKeys(password, { salt, iterations });
  return { salt, iterations, storedKey, serverKey };
}

/** One that no password fits, the same for the same name, so that names that exist cannot be told from others. */
export function mockVerifier(seed: Buffer, name: string): ScramVerifier {
  return {
    salt: hmac(seed, `salt ${name}`).subarray(0, saltBytes),
    iterations: defaultIterations,
    storedKey: randomBytes(keyBytes),
    serverKey: randomBytes(keyBytes),
  };
}

/** As PostgreSQL: where the profile forbids a character, the bytes are taken as they are. The tables are loaded for such passwords alone. */
async function prepare(password: string): Promise<string> {
  if (/^[\x20-\x7e]*$/.test(password)) return password;
  const { saslprep } = await import('@mongodb-js/saslprep');
  try {
    return saslprep(password);
  } catch {
    return password;
  }
}

export function hmac(key: Buffer, text: string | Buffer): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

export function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

export function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, at) => byte ^ (b[at] ?? 0)));
}

/**
 * The binding data of a server's certificate: its hash by the hash of its own signature, SHA-256 where that is MD5 or SHA-1. Undefined where
 * the signature has no such hash (Ed25519) or is not known to this runtime: then there is no binding.
 */
export function serverEndPoint(certificate: X509Certificate): Buffer | undefined {
  const [, digits] = /sha-?(1|224|256|384|512)/i.exec(certificate.signatureAlgorithm ?? '') ?? [];
  const hash =
    digits === undefined
      ? /md5/i.test(certificate.signatureAlgorithm ?? '')
        ? 'sha256'
        : undefined
      : `sha${digits === '1' ? '256' : digits}`;
  return hash === undefined ? undefined : createHash(hash).update(certificate.raw).digest();
}

/** `a=1,b=2` as pairs in order; undefined where it is nothing of the kind. Values may hold '='. */
export function attributes(text: string): readonly (readonly [string, string])[] | undefined {
  const pairs = text.split(',').map((part) => [part.slice(0, 1), part.slice(2), part[1]] as const);
  if (!pairs.every(([name, , equals]) => /^[a-z]$/i.test(name) && equals === '=')) return undefined;
  return pairs.map(([name, value]) => [name, value] as const);
}

/** Base64 in its one canonical form; undefined for anything else. */
export function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

/** Printable ASCII without a comma. */
export function isNonce(text: string): boolean {
  return /^[\x21-\x2b\x2d-\x7e]+$/.test(text);
}

export function newNonce(): string {
  return randomBytes(18).toString('base64');
}
