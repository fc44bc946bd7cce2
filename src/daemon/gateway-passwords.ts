import { createHash, randomBytes } from 'node:crypto';
import { AppError } from '../base/app-error.ts';
import type { Log } from '../base/log.ts';
import { Secret } from '../base/secret.ts';
import { makeVerifier, type ScramVerifier } from '../postgres/scram.ts';
import type { KeptSecret, Keychain, KeychainEntry } from '../secret/keychain.ts';
import type { TunnelDefinition } from './tunnel-definition.ts';

/** 144 bits, 24 characters that need no quoting anywhere. */
const passwordBytes = 18;
const service = 'sallyport tunnel';
const maxAccountLength = 200;

interface Known extends KeptSecret {
  readonly verifier: ScramVerifier;
}

/**
 * The passwords by which local programs log in at gateways: one a tunnel, made when it is first needed. Each is good on this machine, for this user and
 * this tunnel alone. What is checked against at a login is in memory, so that a login never waits for the keychain.
 */
export class GatewayPasswords {
  readonly #keychain: Keychain;
  readonly #log: Log;
  readonly #known = new Map<string, Promise<Known>>();

  constructor({ keychain, log }: { readonly keychain: Keychain; readonly log: Log }) {
    this.#keychain = keychain;
    this.#log = log;
  }

  /** Rejects with SP-KEYCHAIN and SP-PASSPHRASE-REQUIRED. */
  async of(definition: Pick<TunnelDefinition, 'id' | 'name'>): Promise<Known> {
    const before = this.#known.get(definition.id);
    return before ?? this.#remember(definition.id, this.#keptOrNew(definition));
  }

  /** A new one in place of the one before, which lets nobody in any more. */
  async rotate(definition: Pick<TunnelDefinition, 'id' | 'name'>): Promise<Known> {
    // What begins meanwhile is to be replaced as well.
    await this.#known.get(definition.id)?.catch(() => {});
    return this.#remember(definition.id, this.#make(definition));
  }

  #remember(id: string, made: Promise<Known>): Promise<Known> {
    const before = this.#known.get(id);
    this.#known.set(id, made);
    made.catch(() => {
      // What was good stays good.
      if (this.#known.get(id) !== made) return;
      if (before) this.#known.set(id, before);
      else this.#known.delete(id);
    });
    return made;
  }

  async #keptOrNew(definition: Pick<TunnelDefinition, 'id' | 'name'>): Promise<Known> {
    const found = await this.#keychain.get(entryOf(definition));
    if (!found) return this.#make(definition);
    return { ...found, verifier: await makeVerifier(found.secret) };
  }

  async #make(definition: Pick<TunnelDefinition, 'id' | 'name'>): Promise<Known> {
    const secret = new Secret(randomBytes(passwordBytes).toString('base64url'));
    const kept = await this.#keychain.set(entryOf(definition), secret);
    this.#log.info('password of the tunnel made', { tunnel: definition.id, ...kept });
    return { secret, kept, verifier: await makeVerifier(secret) };
  }
}

/** The hash keeps long paths of projects within what keychains take. */
function entryOf({ id, name }: Pick<TunnelDefinition, 'id' | 'name'>): KeychainEntry {
  const account =
    id.length <= maxAccountLength ? id : `${name} ${createHash('sha256').update(id).digest('hex')}`;
  return { service, account };
}

/** Throws SP-USAGE for a tunnel that passes bytes on. */
export function refuseRotation({ name }: Pick<TunnelDefinition, 'name'>): never {
  throw new AppError('SP-USAGE', {
    message: `${name} has no password of its own: its bytes are passed on`,
    next: `sallyport profile edit ${name} --password keychain  lets it have one, where it is of kind postgres`,
  });
}
