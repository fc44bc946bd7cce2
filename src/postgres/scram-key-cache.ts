import type { Secret } from '../base/secret.ts';
import { type ScramKeys, scramKeys, sha256 } from './scram.ts';

/** A role's salt changes with its password alone, so that one entry a credential is enough. */
const maxEntries = 8;

/** Derived keys of the last few passwords and salts: a login then costs three hashes instead of thousands. Holds what the password itself would tell. */
export class ScramKeyCache {
  readonly #entries = new Map<string, Promise<ScramKeys>>();

  keys(password: Secret, parameters: { salt: Buffer; iterations: number }): Promise<ScramKeys> {
    const { salt, iterations } = parameters;
    const name = `${iterations} ${salt.toString('hex')} ${sha256(Buffer.from(password.reveal())).toString('hex')}`;
    let keys = this.#entries.get(name);
    if (!keys) {
      keys = scramKeys(password, parameters);
      keys.catch(() => this.#entries.delete(name));
      this.#entries.set(name, keys);
      const [oldest] = this.#entries.keys();
      if (this.#entries.size > maxEntries && oldest !== undefined) this.#entries.delete(oldest);
    }
    return keys;
  }
}
