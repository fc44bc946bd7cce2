import { AppError } from '../base/app-error.ts';
import type { Secret } from '../base/secret.ts';
import type { Kept, KeptSecret, Keychain, KeychainEntry } from './keychain.ts';

const maxHeld = 1_000;

/**
 * Keeps secrets until this process ends. Before another keychain it holds only what that one cannot take, and says why: who has none can
 * still work, and is told that they will be asked again.
 */
export class MemoryKeychain implements Keychain {
  readonly #before: Keychain | undefined;
  readonly #held = new Map<string, KeptSecret>();

  constructor({ before }: { readonly before?: Keychain } = {}) {
    this.#before = before;
  }

  async get(entry: KeychainEntry): Promise<KeptSecret | undefined> {
    const held = this.#held.get(keyOf(entry));
    if (held || !this.#before) return held;
    return this.#before.get(entry).catch((error) => void whyUnusable(error));
  }

  async set(entry: KeychainEntry, secret: Secret): Promise<Kept> {
    const key = keyOf(entry);
    let why: string | undefined;
    try {
      const kept = await this.#before?.set(entry, secret);
      if (kept) {
        this.#held.delete(key);
        return kept;
      }
    } catch (error) {
      why = whyUnusable(error);
    }
    if (this.#held.size >= maxHeld && !this.#held.has(key)) {
      throw new AppError('SP-KEYCHAIN', { message: `more than ${maxHeld} passwords are held`, next: why });
    }
    const kept: Kept = { in: 'memory', why };
    this.#held.set(key, { secret, kept });
    return kept;
  }

  async delete(entry: KeychainEntry): Promise<boolean> {
    const wasHeld = this.#held.delete(keyOf(entry));
    if (!this.#before) return wasHeld;
    try {
      return (await this.#before.delete(entry)) || wasHeld;
    } catch (error) {
      whyUnusable(error);
      // What it may have can only be forgotten by itself.
      if (!wasHeld) throw error;
      return true;
    }
  }
}

/** Throws what is not about the keychain. */
function whyUnusable(error: unknown): string {
  if (error instanceof AppError && error.code === 'SP-KEYCHAIN') return String(error.details.message);
  throw error;
}

function keyOf({ service, account }: KeychainEntry): string {
  return JSON.stringify([service, account]);
}
