import type { Secret } from '../base/secret.ts';

/** What a secret is found by again. */
export interface KeychainEntry {
  /** The program or part of it that keeps it; what the system's own keychain shows people. */
  readonly service: string;
  /** At most 400 characters: Windows takes no more than 512. */
  readonly account: string;
}

/** memory: until the daemon ends. `why`: what kept it from being kept for good, where that was wanted. */
export type Kept =
  | { readonly in: 'keychain' | 'file' }
  | { readonly in: 'memory'; readonly why?: string | undefined };

export interface KeptSecret {
  readonly secret: Secret;
  readonly kept: Kept;
}

/** Secrets of this machine's user. Rejects with SP-KEYCHAIN where it cannot be used, SP-PASSPHRASE-REQUIRED where it is locked. */
export interface Keychain {
  /** Undefined where nothing is kept. */
  get(entry: KeychainEntry): Promise<KeptSecret | undefined>;
  /** Replaces what was kept. */
  set(entry: KeychainEntry, secret: Secret): Promise<Kept>;
  /** False where nothing was kept. */
  delete(entry: KeychainEntry): Promise<boolean>;
}
