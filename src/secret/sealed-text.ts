/**
 * A text sealed under a passphrase: scrypt makes the key (RFC 7914), AES-256-GCM seals (NIST SP 800-38D). The parameters stand beside
 * the text and are authenticated with it.
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import * as z from 'zod';
import type { Secret } from '../base/secret.ts';

const saltBytes = 16;
/** Of GCM; drawn anew for each text, far below the 2^32 of them that one key may see. */
const nonceBytes = 12;
const keyBytes = 32;
/** What OWASP asks for: 128 MiB and about 0.4 s a guess. */
const cost = { N: 2 ** 17, r: 8, p: 1 } as const;
/** A file that asks for more is not one of ours, and would cost its reader as much memory as it likes. */
const maxN = 2 ** 20;

const base64 = (bytes: { readonly least: number; readonly most: number }) =>
  z.base64().refine((text) => {
    const { length } = Buffer.from(text, 'base64');
    return length >= bytes.least && length <= bytes.most;
  });
const exactly = (bytes: number) => base64({ least: bytes, most: bytes });

export const maxSealedBytes = 8 * 1024 * 1024;

const parametersSchema = z.strictObject({
  version: z.literal(1),
  kdf: z.strictObject({
    name: z.literal('scrypt'),
    N: z.int().min(2).max(maxN),
    r: z.literal(8),
    p: z.literal(1),
    salt: exactly(saltBytes),
  }),
  cipher: z.literal('aes-256-gcm'),
});

export const sealedTextSchema = parametersSchema.extend({
  nonce: exactly(nonceBytes),
  /** The sealed bytes with the tag behind them. */
  sealed: base64({ least: 16, most: maxSealedBytes }),
});

type Parameters = z.infer<typeof parametersSchema>;
export type SealedText = z.infer<typeof sealedTextSchema>;

/** A key and the parameters that it was made with. */
export class SealKey {
  readonly #parameters: Parameters;
  readonly #key: Buffer;

  private constructor(parameters: Parameters, key: Buffer) {
    this.#parameters = parameters;
    this.#key = key;
  }

  static ofNew(passphrase: Secret): Promise<SealKey> {
    const salt = randomBytes(saltBytes).toString('base64');
    return SealKey.#derived(passphrase, {
      version: 1,
      kdf: { name: 'scrypt', ...cost, salt },
      cipher: 'aes-256-gcm',
    });
  }

  static of(passphrase: Secret, { version, kdf, cipher }: SealedText): Promise<SealKey> {
    return SealKey.#derived(passphrase, { version, kdf, cipher });
  }

  static #derived(passphrase: Secret, parameters: Parameters): Promise<SealKey> {
    const { N, r, p, salt } = parameters.kdf;
    // One passphrase has one form, however a keyboard composed its letters.
    const text = passphrase.reveal().normalize('NFKC');
    const maxmem = 256 * N * r;
    return new Promise((resolve, reject) => {
      scrypt(text, Buffer.from(salt, 'base64'), keyBytes, { N, r, p, maxmem }, (error, key) =>
        error ? reject(error) : resolve(new SealKey(parameters, key)),
      );
    });
  }

  seal(text: string): SealedText {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce);
    cipher.setAAD(this.#authenticated());
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return { ...this.#parameters, nonce: nonce.toString('base64'), sealed: sealed.toString('base64') };
  }

  /** Undefined where the key is another, or a byte was changed: the two cannot be told apart. */
  open({ nonce, sealed }: SealedText): string | undefined {
    const bytes = Buffer.from(sealed, 'base64');
    const tagAt = bytes.length - 16;
    const decipher = createDecipheriv('aes-256-gcm', this.#key, Buffer.from(nonce, 'base64'), {
      authTagLength: 16,
    });
    decipher.setAAD(this.#authenticated());
    decipher.setAuthTag(bytes.subarray(tagAt));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(0, tagAt)), decipher.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  }

  #authenticated(): Buffer {
    const { version, kdf, cipher } = this.#parameters;
    return Buffer.from(JSON.stringify([version, kdf.name, kdf.N, kdf.r, kdf.p, kdf.salt, cipher]));
  }
}
