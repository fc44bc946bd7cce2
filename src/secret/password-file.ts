/**
 * Passwords in a file under a passphrase, for machines without a keychain. Trust boundary: who has the file and not the passphrase learns
 * how many bytes it holds, and can take it away or put back an older one; nothing else.
 */
import pLimit from 'p-limit';
import * as z from 'zod';
import { AppError } from '../base/app-error.ts';
import { readBounded } from '../base/read-bounded.ts';
import { replaceFile } from '../base/replace-file.ts';
import { Secret } from '../base/secret.ts';
import type { Kept, KeptSecret, Keychain, KeychainEntry } from './keychain.ts';
import { maxSealedBytes, type SealedText, SealKey, sealedTextSchema } from './sealed-text.ts';

const maxEntries = 1_000;
const minPassphraseLength = 8;
/** Sealed bytes grow by a third in base64; the rest is the head. */
const maxFileBytes = 2 * maxSealedBytes;
const kept: Kept = { in: 'file' };

const entriesSchema = z.array(
  z.strictObject({ service: z.string(), account: z.string(), secret: z.string() }),
);

interface Opened {
  readonly key: SealKey;
  readonly entries: ReadonlyMap<string, { readonly entry: KeychainEntry; readonly secret: Secret }>;
}

export class PasswordFile implements Keychain {
  readonly #path: string;
  readonly #oneAtATime = pLimit(1);
  #opened: Opened | undefined;

  constructor({ path }: { readonly path: string }) {
    this.#path = path;
  }

  /**
   * Opens it for this run; where there is no file yet, makes one under this passphrase. Rejects with SP-PASSPHRASE-REFUSED where it is
   * another or too short, SP-STATE-UNREADABLE where the file is none of ours.
   */
  unlock(passphrase: Secret): Promise<void> {
    return this.#oneAtATime(async () => {
      const sealed = await this.#read();
      if (!sealed) {
        if (passphrase.reveal().length < minPassphraseLength) throw tooShort();
        return this.#write({ key: await SealKey.ofNew(passphrase), entries: new Map() });
      }
      const key = await SealKey.of(passphrase, sealed);
      const text = key.open(sealed);
      if (text === undefined) throw new AppError('SP-PASSPHRASE-REFUSED');
      const entries = entriesSchema.parse(JSON.parse(text)).map(({ secret, ...entry }) => {
        return [keyOf(entry), { entry, secret: new Secret(secret) }] as const;
      });
      this.#opened = { key, entries: new Map(entries) };
    });
  }

  async get(entry: KeychainEntry): Promise<KeptSecret | undefined> {
    const { entries } = await this.#mustBeOpen();
    const found = entries.get(keyOf(entry));
    return found && { secret: found.secret, kept };
  }

  set(entry: KeychainEntry, secret: Secret): Promise<Kept> {
    return this.#oneAtATime(async () => {
      const { key, entries } = await this.#mustBeOpen();
      const next = new Map(entries).set(keyOf(entry), { entry, secret });
      if (next.size > maxEntries) {
        throw new AppError('SP-KEYCHAIN', {
          message: `it holds ${maxEntries} passwords`,
          next: 'forget some',
        });
      }
      await this.#write({ key, entries: next });
      return kept;
    });
  }

  delete(entry: KeychainEntry): Promise<boolean> {
    return this.#oneAtATime(async () => {
      const { key, entries } = await this.#mustBeOpen();
      const next = new Map(entries);
      if (!next.delete(keyOf(entry))) return false;
      await this.#write({ key, entries: next });
      return true;
    });
  }

  async #mustBeOpen(): Promise<Opened> {
    if (this.#opened) return this.#opened;
    throw new AppError('SP-PASSPHRASE-REQUIRED', { isNew: (await this.#read()) === undefined });
  }

  async #read(): Promise<SealedText | undefined> {
    const file = await readBounded(this.#path, maxFileBytes);
    if (file.kind === 'absent') return undefined;
    const unreadable = (message: string, cause?: unknown) =>
      new AppError(
        'SP-STATE-UNREADABLE',
        { path: this.#path, message, next: 'move it away; passwords are asked for anew then' },
        cause,
      );
    if (file.kind === 'refused') throw unreadable(`it ${file.why}`);
    try {
      return sealedTextSchema.parse(JSON.parse(file.text));
    } catch (error) {
      throw unreadable('it is damaged, or of a later version', error);
    }
  }

  /** What is remembered is what the disk has. */
  async #write(opened: Opened): Promise<void> {
    const entries = [...opened.entries.values()].map(({ entry: { service, account }, secret }) => {
      return { service, account, secret: secret.reveal() };
    });
    const sealed = opened.key.seal(JSON.stringify(entries));
    try {
      await replaceFile(this.#path, `${JSON.stringify(sealed)}\n`, { mode: 0o600 });
    } catch (error) {
      const { message } = error as Error;
      throw new AppError('SP-STATE-UNWRITABLE', { path: this.#path, message }, error);
    }
    this.#opened = opened;
  }
}

function keyOf({ service, account }: KeychainEntry): string {
  return JSON.stringify([service, account]);
}

function tooShort(): AppError {
  return new AppError('SP-PASSPHRASE-REFUSED', {
    message: `a passphrase has at least ${minPassphraseLength} characters`,
    next: 'choose a longer one: what it guards can be tried offline',
  });
}
