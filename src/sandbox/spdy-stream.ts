import { Channel } from './channel.ts';

/** What a stream needs of its session to write. */
export interface StreamSession {
  sendData(streamId: number, data: Uint8Array, fin: boolean): Promise<void>;
  sendReset(streamId: number): Promise<void>;
}

/** One stream as the server sees it. Reading is a rendezvous: the frame that nobody reads blocks the worker that brings it. */
export class SpdyStream {
  readonly id: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly #session: StreamSession;
  readonly #inbound = new Channel<Buffer>(0);
  /** Our direction has ended, or the client has reset the stream. */
  #finished = false;
  #remoteEnded = false;

  constructor(id: number, headers: ReadonlyMap<string, string>, session: StreamSession) {
    this.id = id;
    this.headers = headers;
    this.#session = session;
  }

  get ended(): boolean {
    return this.#finished && this.#remoteEnded;
  }

  /** Bytes from the client; undefined after its FIN, a reset, or the session's end. */
  read(): Promise<Buffer | undefined> {
    return this.#inbound.take();
  }

  /** Hands a data frame's bytes over; resolves when they are read. */
  async deliver(data: Buffer, fin: boolean): Promise<void> {
    if (data.length > 0 && !this.#remoteEnded) await this.#inbound.put(data);
    if (fin) this.endRemote();
  }

  endRemote(): void {
    this.#remoteEnded = true;
    this.#inbound.close();
  }

  /** The client has reset the stream: nothing may be written any more. */
  abandon(): void {
    this.#finished = true;
    this.endRemote();
  }

  async write(data: Uint8Array): Promise<void> {
    if (this.#finished) throw new Error('write on closed stream');
    await this.#session.sendData(this.id, data, false);
  }

  /** FIN, once. */
  async end(): Promise<void> {
    if (this.#finished) return;
    this.#finished = true;
    await this.#session.sendData(this.id, Buffer.alloc(0), true);
  }

  /** RST with CANCEL, unless our FIN is already out: then, as in spdystream, nothing. */
  async reset(): Promise<void> {
    this.endRemote();
    if (this.#finished) return;
    this.#finished = true;
    await this.#session.sendReset(this.id);
  }
}
