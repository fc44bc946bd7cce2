import { Duplex } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { AppError } from '../base/app-error.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { PodIdentity } from '../contract/pod.ts';
import { classifyForwardText } from '../kube/status-error.ts';

/** How long the opening may stay unanswered; the server's own limit is 30 s. */
const replyTimeoutMs = 30_000;
/** The error stream's verdict follows the end of the data within this time, else the end is taken as clean. */
const verdictTimeoutMs = 2_000;
/** After the client's end: how long the pod must be quiet before the end is passed on, since passing it cuts replies 1 s later. */
const quietBeforeFinMs = 1_000;
/** After a cancel or a passed-on end: how long the peer may take to end its side (containerd's copy takes up to 1 s). */
const endTimeoutMs = 5_000;
/** Bytes the pod may have left unread, at the most, for its session to be lent out again: the kernel's buffers always hold them. */
const harmlessUnreadBytes = 64 * 1024;
/** What a lingering stream may buffer while its session carries another connection, which it must not hold up. */
const lingerBufferBytes = 8 * 1024 * 1024;
/** Room each way before it pushes back: some chunks of a socket (64 KiB), or each one would stop and start the client. */
const bufferBytes = 256 * 1024;
const maxErrorTextBytes = 16 * 1024;

/** What a stream asks of its session. */
export interface StreamSession {
  readonly pod: PodIdentity;
  /** The Audit-ID that its request carried. */
  readonly auditId: string;
  readonly port: number;
  readonly clock: Clock;
  /** Sends DATA frames; calls `done` when there is room for more. */
  send(payload: readonly Buffer[], fin: boolean, done: () => void): void;
  cancel(): void;
  /** The reader is too slow, or no more. Returns whether the session stopped delivering. */
  slow(isSlow: boolean): boolean;
  /** Both ids belong to nobody any more. */
  gone(): void;
  /** The stream became harmless: the session may be lent out again. */
  freed(): void;
  /** The peer does not serve this session any more. */
  stuck(error: AppError): void;
}

/**
 * One connection into the pod, a Duplex of its bytes. 'end' is the pod's close. A failure is an AppError in 'error':
 * SP-PORT-REFUSED and SP-SANDBOX-GONE prove that no byte reached the application; SP-STREAM-* and SP-SESSION-LOST prove nothing.
 *
 * end() means that the client will send no more. Kubernetes has no usable half-close (both sides are closed one second after either
 * ends), so the end is passed on only when the pod was quiet for a while; until then the stream lingers, and its session is free for
 * the next connection. destroy() cancels at once; frames that still come are dropped.
 */
export class PortForwardStream extends Duplex {
  /** When it was opened, in the clock's ms, until the peer answers the opening. */
  unansweredSinceMs: number | undefined;

  readonly #session: StreamSession;
  #unreadBytes = 0;
  /** Chunks are lent to who listens to 'data', as the session's reads are lent to this stream. */
  #lends = false;
  /** What is pushed now is kept even where it flows: before the first _read, and within one. */
  #keeps = true;
  /** Writes that the carrier has not taken yet. */
  #writing = 0;
  #lastReceiveMs: number;
  /** Bytes came after the client's end: it was a half-close, and its answer must not share the session. */
  #answersAfterEnd = false;
  /** Told once what came before it is read. */
  #failure: AppError | undefined;
  /** Who has said the last word: the client (end), this side (cancel); and the peer on each of its two streams. */
  #clientEnded = false;
  #cancelled = false;
  #dataEnded = false;
  #errorEnded = false;
  #errorText = '';
  /** A frame may end within a character. */
  readonly #errorDecoder = new StringDecoder('utf8');
  #finSent = false;
  #isGone = false;
  #timer: Timer | undefined;

  constructor(session: StreamSession, head: readonly Uint8Array[]) {
    super({ allowHalfOpen: true, highWaterMark: bufferBytes });
    // A stream may fail in the tick of its opening, before anybody can listen; `errored` tells of it.
    this.on('error', () => {});
    this.#session = session;
    for (const bytes of head) this.#unreadBytes += bytes.length;
    this.#lastReceiveMs = session.clock.nowMs();
    this.unansweredSinceMs = this.#lastReceiveMs;
    this.#wait(replyTimeoutMs, () =>
      session.stuck(new AppError('SP-STREAM-TIMEOUT', { pod: session.pod.name, port: session.port })),
    );
  }

  /** The client has ended: what is left is for a half-closed one, or for nobody. */
  get lingers(): boolean {
    return this.#clientEnded || this.#cancelled;
  }

  /**
   * Whether the session may carry another connection beside what is left of this one. A client's end is mostly its close; what
   * comes in spite of it is known too late only where the session was lent out in the moment before.
   */
  get harmless(): boolean {
    if (this.#unreadBytes > harmlessUnreadBytes) return false;
    return this.#cancelled || (this.#clientEnded && !this.#answersAfterEnd);
  }

  get auditId(): string {
    return this.#session.auditId;
  }

  /** The peer has taken the opening; a refusal comes after this. Told by 'answered'. */
  get answered(): boolean {
    return this.unansweredSinceMs === undefined;
  }

  lend(): void {
    this.#lends = true;
  }

  /** SYN_REPLY of either stream, or whatever else proves that the peer took the opening. */
  receiveReply(): void {
    if (this.unansweredSinceMs === undefined) return;
    this.unansweredSinceMs = undefined;
    if (!this.lingers) this.#timer?.cancel();
    this.emit('answered');
  }

  receiveData(payload: Buffer, fin: boolean): void {
    this.receiveReply();
    if (this.#writing === 0) this.#unreadBytes = 0;
    if (payload.length > 0 && !this.#cancelled) {
      this.#lastReceiveMs = this.#session.clock.nowMs();
      this.#answersAfterEnd = this.#clientEnded;
      if (
        !this.push(this.#ownOf(payload)) &&
        !this.#session.slow(true) &&
        this.readableLength > lingerBufferBytes
      ) {
        this.destroy();
      }
    }
    if (fin) {
      this.#dataEnded = true;
      this.#settle();
    }
  }

  receiveErrorText(payload: Buffer, fin: boolean): void {
    this.receiveReply();
    if (this.#errorText.length < maxErrorTextBytes)
      this.#errorText += fin ? this.#errorDecoder.end(payload) : this.#errorDecoder.write(payload);
    if (fin) {
      this.#errorEnded = true;
      this.#settle();
    }
  }

  /** RST of either stream: the peer is done with both. */
  receiveReset(): void {
    if (this.#errorText === '' && !(this.#dataEnded && this.#errorEnded))
      this.#errorText = 'stream reset by the peer';
    this.#dataEnded = true;
    this.#errorEnded = true;
    this.#settle();
  }

  sessionClosed(reason: AppError): void {
    this.#isGone = true;
    this.#timer?.cancel();
    this.destroy(reason);
  }

  override _read(): void {
    this.#keeps = true;
    this.#session.slow(false);
    this.#keeps = false;
  }

  /** Whatever a Readable would keep has to be a copy. It keeps nothing where it can hand on at once (addChunk in Node's readable.js). */
  #ownOf(payload: Buffer): Buffer {
    const handsOn = this.#lends && this.readableFlowing && this.readableLength === 0 && !this.#keeps;
    return handsOn ? payload : Buffer.from(payload);
  }

  override read(size?: number): Buffer | null {
    const chunk: Buffer | null = super.read(size);
    if (this.#failure && this.readableLength === 0) this.destroy(this.#failure);
    return chunk;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#send([chunk], callback);
  }

  override _writev(chunks: { chunk: Buffer }[], callback: () => void): void {
    this.#send(
      chunks.map(({ chunk }) => chunk),
      callback,
    );
  }

  override _final(callback: () => void): void {
    callback();
    this.#clientEnded = true;
    if (this.#isGone) return;
    this.#awaitQuiet(quietBeforeFinMs);
    this.#session.freed();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    callback(error);
    if (this.#isGone) return;
    this.#cancelled = true;
    this.#session.slow(false);
    this.#session.cancel();
    this.#awaitPeersEnd();
    this.#session.freed();
  }

  #send(payload: readonly Buffer[], done: () => void): void {
    // What is written after the pod closed has nowhere to go, as with a socket whose peer is gone.
    if (this.#isGone || this.#dataEnded) return done();
    for (const chunk of payload) this.#unreadBytes += chunk.length;
    this.#writing++;
    this.#session.send(payload, false, () => {
      this.#writing--;
      done();
    });
  }

  #sendFin(): void {
    if (this.#finSent) return;
    this.#finSent = true;
    this.#session.send([], true, () => {});
  }

  #awaitQuiet(delayMs: number): void {
    this.#wait(delayMs, () => {
      const quietMs = this.#session.clock.nowMs() - this.#lastReceiveMs;
      if (quietMs < quietBeforeFinMs) return this.#awaitQuiet(quietBeforeFinMs - quietMs);
      this.#answersAfterEnd = false;
      this.#sendFin();
      this.#session.freed();
    });
  }

  #awaitPeersEnd(): void {
    this.#wait(endTimeoutMs, () => {
      if (this.harmless) return this.#leave();
      const { pod } = this.#session;
      this.#session.stuck(
        new AppError('SP-SESSION-LOST', { pod: pod.name, message: 'a cancelled stream did not end' }),
      );
    });
  }

  /** Decides how the connection ended. The end of the data comes first; only the error stream tells success from failure. */
  #settle(): void {
    if (this.#isGone) return;
    if (!this.#errorEnded) {
      this.#wait(verdictTimeoutMs, () => {
        this.#errorEnded = true;
        this.#settle();
      });
      return;
    }
    const failed = this.#errorText !== '';
    if (!this.#dataEnded && !failed) return;
    // An own end lets the peer forget the data stream.
    this.#sendFin();
    this.#leave();
    if (this.#cancelled) return;
    const { pod, port } = this.#session;
    if (failed) this.#fail(classifyForwardText(this.#errorText, { pod: pod.name, port }));
    else this.push(null);
  }

  /** What the pod had sent before is still read; the failure comes after it. */
  #fail(error: AppError): void {
    // Every stream of this session leads to the same sandbox.
    if (error.code === 'SP-SANDBOX-GONE') this.#session.stuck(error);
    if (this.readableLength > 0) this.#failure = error;
    else this.destroy(error);
  }

  #leave(): void {
    this.#isGone = true;
    this.#timer?.cancel();
    this.#session.gone();
  }

  #wait(delayMs: number, callback: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#session.clock.after(delayMs, callback);
  }
}
