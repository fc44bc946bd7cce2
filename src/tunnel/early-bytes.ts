import { isHandshake } from './handshake.ts';

/** Beyond this a waiting client is read no further, and a served one can no longer be sent again. */
export const earlyLimitBytes = 64 * 1024;

/**
 * What a client sent before the first byte came back, by reference. At most `earlyLimitBytes` and the read that crossed it.
 */
export class EarlyBytes {
  #chunks: Buffer[] = [];
  #sizeBytes = 0;
  #lost = false;

  get chunks(): readonly Buffer[] {
    return this.#chunks;
  }

  /** True when the client should be paused while nothing takes its bytes. */
  get full(): boolean {
    return this.#sizeBytes >= earlyLimitBytes;
  }

  add(chunk: Buffer): void {
    if (this.#lost) return;
    if (this.full) return this.forget();
    this.#chunks.push(chunk);
    this.#sizeBytes += chunk.length;
  }

  forget(): void {
    this.#chunks = [];
    this.#sizeBytes = 0;
    this.#lost = true;
  }

  /** What may be proven about sending these bytes a second time. */
  kind(): 'nothing' | 'handshake' | 'request' | 'lost' {
    if (this.#lost) return 'lost';
    if (this.#sizeBytes === 0) return 'nothing';
    const [only] = this.#chunks;
    return isHandshake(this.#chunks.length === 1 && only ? only : Buffer.concat(this.#chunks))
      ? 'handshake'
      : 'request';
  }
}
