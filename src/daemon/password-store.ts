import { join } from 'node:path';
import type { Secret } from '../base/secret.ts';
import type { Keychain } from '../secret/keychain.ts';
import { MemoryKeychain } from '../secret/memory-keychain.ts';
import { PasswordFile } from '../secret/password-file.ts';
import { passwordsKeptIn, type Settings } from './settings.ts';

interface PasswordStore {
  readonly keychain: Keychain;
  /** Absent where nothing has to be opened. Rejects with SP-PASSPHRASE-REFUSED. */
  readonly unlock?: (passphrase: Secret) => Promise<void>;
}

/** Where passwords are kept that were asked for, and what opens it where it has to be opened. */
export function passwordStore(
  settings: Settings,
  { folder, keychain }: { readonly folder: string; readonly keychain: Keychain },
): PasswordStore {
  switch (passwordsKeptIn(settings)) {
    case 'keychain':
      return { keychain: new MemoryKeychain({ before: keychain }) };
    case 'memory':
      return { keychain: new MemoryKeychain() };
    case 'file': {
      const file = new PasswordFile({ path: join(folder, 'passwords.json') });
      return { keychain: file, unlock: (passphrase) => file.unlock(passphrase) };
    }
  }
}
