import type { Duplex } from 'node:stream';
import { AppError } from '../base/app-error.ts';
import { headerBytes } from './message.ts';
import { type Opening, readOpening } from './startup-packet.ts';

export interface WireMessage {
  readonly type: string;
  readonly body: Buffer;
}

/** What one side may have sent ahead of what is read. */
const bufferLimitBytes = 64 * 1024;

/**
 * One side of a connection while both ends take turns: before the splice. Reads whole packets and messages within stated limits. The stream
 * is read on while nobody asks, so that its end is noticed; at `bufferLimitBytes` it is paused. Reads reject with the stream's own AppError, or
 * with SP-STREAM-RESET at its end; SP-DB-PROTOCOL where the peer breaks the framing.
 */
export class Wire {
  readonly stream: Duplex;
  #chunks: Buffer[] = [];
  #sizeBytes = 0;
  #end: AppError | undefined;
  #wake: (() => void) | undefined;
  readonly #gone = Promise.withResolvers<AppError>();

  constructor(stream: Duplex, ahead: Buffer = Buffer.alloc(0)) {
    this.stream = stream;
    if (ahead.length > 0) this.#add(ahead);
    stream.on('data', this.#onData);
    stream.on('end', this.#onEnd);
    stream.on('error', this.#onError);
    stream.on('close', this.#onEnd);
    if (stream.errored) this.#onError(stream.errored);
    else if (stream.destroyed || stream.readableEnded) this.#onEnd();
    else stream.resume();
  }

  /** Resolves when the peer has ended or failed. */
  get gone(): Promise<AppError> {
    return this.#gone.promise;
  }

  /** There are bytes that nobody has read yet. */
  get hasMore(): boolean {
    return this.#sizeBytes > 0;
  }

  write(bytes: Buffer): void {
    if (!this.stream.destroyed && this.stream.writable) this.stream.write(bytes);
  }

  async readByte(): Promise<number> {
    await this.#until(1);
    return this.#take(1)[0]!;
  }

  async readOpening(): Promise<Opening> {
    for (;;) {
      const opening = readOpening(this.#joined());
      if (opening) {
        if (opening.kind !== 'invalid') this.#take(opening.sizeBytes);
        return opening;
      }
      await this.#until(this.#sizeBytes + 1);
    }
  }

  /** `limitBytes` is of the body. */
  async readMessage(limitBytes: number): Promise<WireMessage> {
    await this.#until(headerBytes);
    const header = this.#joined();
    const lengthBytes = header.readUInt32BE(1);
    if (lengthBytes < 4 || lengthBytes - 4 > limitBytes)
      throw new AppError('SP-DB-PROTOCOL', { message: `a message of ${lengthBytes} bytes is not expected` });
    await this.#until(1 + lengthBytes);
    const bytes = this.#take(1 + lengthBytes);
    return { type: String.fromCharCode(bytes[0]!), body: bytes.subarray(headerBytes) };
  }

  /** Lets go of the stream, which is left paused; returns what was read ahead. Nothing may be being read. */
  release(): Buffer {
    const { stream } = this;
    if (!stream.destroyed) stream.pause();
    stream.off('data', this.#onData);
    stream.off('end', this.#onEnd);
    stream.off('close', this.#onEnd);
    stream.off('error', this.#onError);
    return this.#take(this.#sizeBytes);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#add(chunk);
    this.#wake?.();
  };

  readonly #onEnd = (): void => {
    this.#ended(new AppError('SP-STREAM-RESET', { message: 'closed before its end' }));
  };

  readonly #onError = (error: Error): void => {
    this.#ended(AppError.from(error));
  };

  #ended(error: AppError): void {
    this.#end ??= error;
    this.#gone.resolve(this.#end);
    this.#wake?.();
  }

  #add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes >= bufferLimitBytes) this.stream.pause();
  }

  #joined(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0]!;
  }

  #take(count: number): Buffer {
    const all = this.#joined();
    const rest = all.subarray(count);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#sizeBytes = rest.length;
    return all.subarray(0, count);
  }

  /** What came before the end is read, even after it. */
  async #until(sizeBytes: number): Promise<void> {
    while (this.#sizeBytes < sizeBytes) {
      if (this.#end) throw this.#end;
      this.stream.resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
