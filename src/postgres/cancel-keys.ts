import { randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { CancelKey } from './message.ts';

/** Keys of one tunnel, one a connection: more connections than this get none, and cannot be cancelled. */
const maxKeys = 10_000;
const maxProcessId = 0x7fff_ffff;
const longKeyBytes = 32;
const shortKeyBytes = 4;

/**
 * The cancel keys that local clients get: made here, because those of two pods may be equal, and because the database's own are better not known
 * outside. What a key leads to is the caller's.
 */
export class CancelKeys<Target> {
  readonly #entries = new Map<number, { readonly key: Buffer; readonly target: Target }>();

  /** A key for one connection, as long as its protocol allows (3.2: 32 bytes); undefined at the limit. */
  issue(target: Target, minor: number): CancelKey | undefined {
    if (this.#entries.size >= maxKeys) return undefined;
    let processId = randomInt(1, maxProcessId);
    while (this.#entries.has(processId)) processId = randomInt(1, maxProcessId);
    const key = randomBytes(minor >= 2 ? longKeyBytes : shortKeyBytes);
    this.#entries.set(processId, { key, target });
    return { processId, key };
  }

  find({ processId, key }: CancelKey): Target | undefined {
    const entry = this.#entries.get(processId);
    if (!entry || entry.key.length !== key.length) return undefined;
    return timingSafeEqual(entry.key, key) ? entry.target : undefined;
  }

  revoke({ processId }: Pick<CancelKey, 'processId'>): void {
    this.#entries.delete(processId);
  }
}
