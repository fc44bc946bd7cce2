import { newSigningKey, type Signer, signerOf } from '../audit/checkpoint.ts';
import { rememberKey } from '../audit/known-keys.ts';
import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Kept, Keychain, KeychainEntry } from '../secret/keychain.ts';

const entry: KeychainEntry = { service: 'sallyport', account: 'audit-signing-key' };

export interface AuditKeyOptions {
  /** Where the key is kept; undefined: nowhere, as the settings have it. */
  readonly keychain: Keychain | undefined;
  /** Holds the folders of all logs. */
  readonly folder: string;
  readonly clock: Clock;
}

/**
 * The key that signs the audit logs of this user. It comes from the keychain, which may ask its user, so that nobody waits for it: until it
 * is there signing fails, and lines stand unsigned. Where no keychain takes one it lasts for this run.
 */
export class AuditKey implements Signer {
  readonly #options: AuditKeyOptions;
  #loaded: { readonly signer: Signer; readonly kept: Kept } | undefined;
  #loading: Promise<void> | undefined;

  constructor(options: AuditKeyOptions) {
    this.#options = options;
  }

  get key(): string {
    return this.#signer.key;
  }

  /** Where it is kept; undefined until it is there. */
  get kept(): Kept | undefined {
    return this.#loaded?.kept;
  }

  sign(text: string): Promise<string> {
    return this.#signer.sign(text);
  }

  /** Gets or makes it, and remembers it as one of this machine. Rejects as the file system does. */
  load(): Promise<void> {
    this.#loading ??= this.#load().catch((error) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  async #load(): Promise<void> {
    const { keychain, folder, clock } = this.#options;
    const loaded = await signingKey(keychain);
    await rememberKey(folder, loaded.signer.key, { kept: loaded.kept, clock });
    this.#loaded = loaded;
  }

  get #signer(): Signer {
    if (!this.#loaded) throw new Error('the keychain has not given the signing key yet');
    return this.#loaded.signer;
  }
}

async function signingKey(keychain: Keychain | undefined): Promise<{ signer: Signer; kept: Kept }> {
  if (!keychain) return { signer: signerOf(newSigningKey()), kept: { in: 'memory' } };
  try {
    const found = await keychain.get(entry);
    if (found) return { signer: signerOf(found.secret), kept: found.kept };
    const secret = newSigningKey();
    return { signer: signerOf(secret), kept: await keychain.set(entry, secret) };
  } catch (error) {
    // What is there, and cannot be read now, must not be replaced.
    const { details, message } = AppError.from(error);
    const why = String(details.message ?? message);
    return { signer: signerOf(newSigningKey()), kept: { in: 'memory', why } };
  }
}
