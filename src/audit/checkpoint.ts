/**
 * Checkpoints: lines that are signed. A signature covers its line up to `,"signature":"`, so with it the hash of the line before, so all
 * lines before. Who has the key can write any past; the key is in the keychain, and heads that are known elsewhere (the cluster's audit
 * log, a shipper's receiver) hold against its holder too.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { Secret } from '../base/secret.ts';

/** Signs with one Ed25519 key, wherever it is kept. */
export interface Signer {
  /** Raw public key, base64url, 43 characters. */
  readonly key: string;
  /** Signature over the text's bytes, base64url. */
  sign(text: string): Promise<string>;
}

const signatureField = ',"signature":"';
const keyField = ',"key":"';
const keyLength = 43;
const signatureLength = 86;

/** A new key to keep in the keychain: PKCS #8, PEM. */
export function newSigningKey(): Secret {
  const { privateKey } = generateKeyPairSync('ed25519');
  return new Secret(privateKey.export({ format: 'pem', type: 'pkcs8' }) as string);
}

/** Throws what node:crypto throws where it is no Ed25519 key. */
export function signerOf(secret: Secret): Signer {
  const privateKey = createPrivateKey(secret.reveal());
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  if (privateKey.asymmetricKeyType !== 'ed25519' || x === undefined)
    throw new TypeError('not an Ed25519 key');
  return {
    key: x,
    sign: async (text) => sign(null, Buffer.from(text), privateKey).toString('base64url'),
  };
}

/** What is signed of a checkpoint with this seq, prev and time; the rest of its line follows. */
export async function signedBody(
  signer: Signer,
  at: string,
  chain: (body: string) => string,
): Promise<string> {
  const unsigned = `{"event":"checkpoint","at":"${at}"${keyField}${signer.key}"`;
  const signature = await signer.sign(chain(unsigned));
  return `${unsigned}${signatureField}${signature}"}`;
}

/** Checks checkpoints' signatures; keeps each key's object, of which a log has few. */
export class CheckpointReader {
  readonly #keys = new Map<string, KeyObject | undefined>();

  /** The key that signed the line; undefined where no key did. */
  signedBy(line: string): string | undefined {
    const at = line.length - '"}'.length - signatureLength - signatureField.length;
    const keyAt = at - 1 - keyLength;
    if (!line.startsWith(signatureField, at) || !line.startsWith(keyField, keyAt - keyField.length))
      return undefined;
    const key = line.slice(keyAt, keyAt + keyLength);
    const publicKey = this.#publicKey(key);
    const text = line.slice(at + signatureField.length, -'"}'.length);
    const signature = Buffer.from(text, 'base64url');
    // Several texts decode to one signature; one of them is what was written.
    if (!publicKey || signature.toString('base64url') !== text) return undefined;
    return verify(null, Buffer.from(line.slice(0, at), 'latin1'), publicKey, signature) ? key : undefined;
  }

  #publicKey(x: string): KeyObject | undefined {
    if (!this.#keys.has(x)) {
      // Keys come from what is checked: it may name any number.
      if (this.#keys.size >= 64) this.#keys.clear();
      this.#keys.set(x, readKey(x));
    }
    return this.#keys.get(x);
  }
}

function readKey(x: string): KeyObject | undefined {
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  } catch {
    return undefined;
  }
}
