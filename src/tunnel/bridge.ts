import type { Socket } from 'node:net';
import { AppError } from '../base/app-error.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { finishLocal } from './finish-local.ts';
import type { PodStream } from './upstream.ts';

/**
 * One local socket and one stream into the pod: moves bytes both ways with backpressure, until one side is over.
 *
 * Ends. Kubernetes has no usable half-close: a second after either side of a stream ended, containerd closes both. So an end that the client
 * sends while it waits for an answer is kept back until the pod has been silent for `halfClosedQuietMs`: answers that come without the end
 * arrive whole, and a server that needs the end to answer gets it, late; it then has containerd's second. An end after an answered client is passed on
 * at once. The pod's end is passed on when all its bytes are written.
 */
export interface BridgeOptions {
  readonly socket: Socket;
  readonly stream: PodStream;
  readonly clock: Clock;
  /** From here on the stream cannot be exchanged for another: the client sees it. */
  readonly onFirstByte: () => void;
  /** The stream failed (or, without an error, ended) before its first byte. The socket is untouched. */
  readonly onEarlyFailure: (error: AppError | undefined) => void;
  /** Nothing is left to do for the pod's side; the socket is closed or closing. */
  readonly onOver: (error: AppError | undefined) => void;
}

/** Silence of the pod after which a client's end is passed on although it waits for an answer. */
export const halfClosedQuietMs = 5_000;
/** After the end was passed on, the pod's silence that ends the connection: far above containerd's second. */
export const endedQuietMs = 30_000;
/** How long bytes of a client that has left may wait for the pod to take more of them. */
export const leftStallMs = 5_000;

/** left: the client is gone, what it sent is still being delivered. */
type Phase = 'early' | 'flowing' | 'left' | 'over';

export class Bridge {
  readonly #options: BridgeOptions;
  readonly #socket: Socket;
  readonly #stream: PodStream;
  #phase: Phase = 'early';
  /** Bytes went to the pod since it last said something: the client may wait for an answer. */
  #owed = false;
  #quiet: Timer | undefined;
  #lastPodByteMs = 0;

  constructor(options: BridgeOptions) {
    this.#options = options;
    this.#socket = options.socket;
    this.#stream = options.stream;
  }

  /** Takes over the stream. `sent` says that the client's bytes went out when it was opened. */
  start({ sent }: { readonly sent: boolean }): void {
    const stream = this.#stream;
    this.#owed = sent;
    stream.on('error', this.#onError);
    stream.on('close', this.#onClose);
    stream.on('end', this.#onEnd);
    stream.on('drain', this.#onDrain);
    stream.on('data', this.#onData);
    // What happened before anybody listened will not be told again.
    if (stream.errored) this.#onError(stream.errored);
    else if (stream.destroyed) this.#onClose();
    else if (stream.readableEnded) this.#onEnd();
  }

  fromClient(chunk: Buffer): void {
    if (this.#phase === 'over') return;
    this.#owed = true;
    if (!this.#stream.write(chunk)) this.#socket.pause();
  }

  clientDrained(): void {
    if (this.#phase !== 'over') this.#stream.resume();
  }

  /** The client has sent its end and may still read. */
  clientEnded(): void {
    if (this.#phase === 'over' || this.#stream.writableEnded) return;
    if (this.#owed) this.#waitForQuiet(halfClosedQuietMs, () => this.#passEnd());
    else this.#passEnd();
  }

  /** The client has closed its socket: what it sent is delivered, what comes is dropped. */
  clientLeft(): void {
    if (this.#phase === 'over') return;
    if (!this.#owed) return this.#finish(undefined);
    this.#phase = 'left';
    this.#stream.end();
    this.#stream.resume();
    this.#waitForDelivery(this.#stream.writableLength);
  }

  /** The socket is closed. Unless the client left in good order this was a reset: nothing more goes either way. */
  localClosed(): void {
    if (this.#phase !== 'left') this.cancel();
  }

  cancel(): void {
    if (this.#phase !== 'over') this.#finish(undefined);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#phase === 'early') {
      this.#phase = 'flowing';
      this.#options.onFirstByte();
    }
    this.#owed = false;
    if (this.#quiet) this.#lastPodByteMs = this.#options.clock.nowMs();
    // A socket that is gone never drains: waiting for it would freeze the session for the next connection.
    if (this.#socket.destroyed) return;
    if (!this.#socket.write(chunk)) this.#stream.pause();
  };

  readonly #onDrain = (): void => {
    this.#socket.resume();
  };

  readonly #onEnd = (): void => {
    if (this.#phase === 'early') return this.#failEarly(undefined);
    if (!this.#stream.writableEnded) this.#stream.end();
    this.#finishLocal('end');
    this.#over(undefined);
  };

  readonly #onError = (thrown: unknown): void => {
    const error = AppError.from(thrown);
    if (this.#phase === 'early') return this.#failEarly(error);
    this.#finishLocal('reset');
    this.#finish(error);
  };

  /** Closed with neither an end nor an error. */
  readonly #onClose = (): void => {
    this.#onError(new AppError('SP-STREAM-RESET', { message: 'closed before its end' }));
  };

  #failEarly(error: AppError | undefined): void {
    this.#release();
    this.#stream.destroy();
    this.#options.onEarlyFailure(error);
  }

  #passEnd(): void {
    this.#stream.end();
    this.#waitForQuiet(endedQuietMs, () => {
      this.#finishLocal('end');
      this.#finish(undefined);
    });
  }

  #waitForQuiet(quietMs: number, then: () => void): void {
    const { clock } = this.#options;
    const waitFrom = (fromMs: number) => {
      this.#quiet?.cancel();
      this.#quiet = clock.after(fromMs + quietMs - clock.nowMs(), () => {
        if (this.#lastPodByteMs > fromMs) waitFrom(this.#lastPodByteMs);
        else then();
      });
    };
    waitFrom(clock.nowMs());
  }

  #waitForDelivery(leftBytes: number): void {
    this.#quiet?.cancel();
    this.#quiet = this.#options.clock.after(leftStallMs, () => {
      const nowLeft = this.#stream.writableLength;
      if (nowLeft < leftBytes) this.#waitForDelivery(nowLeft);
      else this.#finish(undefined);
    });
  }

  #finishLocal(how: 'end' | 'reset'): void {
    finishLocal({ socket: this.#socket, clock: this.#options.clock, how });
  }

  #finish(error: AppError | undefined): void {
    this.#over(error);
    this.#stream.destroy();
  }

  #over(error: AppError | undefined): void {
    this.#release();
    this.#options.onOver(error);
  }

  /** Lets go of the stream; an error that it still has to tell belongs to nobody. */
  #release(): void {
    this.#phase = 'over';
    this.#quiet?.cancel();
    const stream = this.#stream;
    stream.off('data', this.#onData);
    stream.off('drain', this.#onDrain);
    stream.off('end', this.#onEnd);
    stream.off('close', this.#onClose);
    stream.off('error', this.#onError);
    stream.on('error', ignore);
  }
}

export function ignore(): void {}
