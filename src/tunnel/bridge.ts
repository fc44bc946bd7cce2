import type { Socket } from 'node:net';
import { AppError } from '../base/app-error.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { finishLocal } from '../base/finish-local.ts';
import { BlockPool, Copier } from './block-pool.ts';
import { prepareForBulk } from './bulk-memory.ts';
import type { PodStream } from './upstream.ts';

/**
 * One local socket and one stream into the pod: moves bytes both ways with backpressure, until one side is over.
 *
 * Ends. A client's end may be its close or only the end of its request; the socket does not tell. So stream.end() is called at once,
 * and the stream keeps that back from the pod until the pod was quiet for a while, because Kubernetes has no usable half-close (see upstream.ts);
 * the pod's bytes flow on to the client, whose reset tells that it has gone. The pod's end is passed on when all its bytes are written.
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

/** After the client's end, the silence of the pod that ends the connection: well above what the stream and containerd take. */
const endedQuietMs = 30_000;

/** For all bridges of the process: what one has no use for any more serves the next. */
const blocks = new BlockPool();

type Phase = 'early' | 'flowing' | 'over';

export class Bridge {
  readonly #options: BridgeOptions;
  readonly #socket: Socket;
  readonly #stream: PodStream;
  readonly #copier = new Copier(blocks);
  #phase: Phase = 'early';
  /** Runs once the client has ended. */
  #quiet: Timer | undefined;
  #lastPodByteMs = 0;
  #gathering = false;

  constructor(options: BridgeOptions) {
    this.#options = options;
    this.#socket = options.socket;
    this.#stream = options.stream;
  }

  /** Takes over the stream. */
  start(): void {
    const stream = this.#stream;
    stream.lend();
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
    if (this.#stream.write(chunk)) return;
    this.#socket.pause();
    prepareForBulk();
  }

  clientDrained(): void {
    if (this.#phase !== 'over') this.#stream.resume();
  }

  /** The client will send no more. */
  clientEnded(): void {
    if (this.#phase === 'over' || this.#stream.writableEnded) return;
    this.#stream.end();
    this.#waitForQuiet(this.#options.clock.nowMs());
  }

  /** The client is gone, or the tunnel stops: nothing more goes either way. */
  cancel(): void {
    if (this.#phase !== 'over') this.#finish(undefined);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#phase === 'early') {
      this.#phase = 'flowing';
      this.#options.onFirstByte();
    }
    if (this.#quiet) this.#lastPodByteMs = this.#options.clock.nowMs();
    // A socket that is gone never drains: waiting for it would freeze the session for the next connection.
    if (this.#socket.destroyed) return;
    const { bytes, release } = this.#copier.copy(chunk);
    if (!this.#socket.write(bytes, release)) this.#stream.pause();
    this.#gather();
  };

  /** A first chunk leaves at once; those that come in the same turn of the loop follow in one system call. */
  #gather(): void {
    if (this.#gathering) return;
    this.#gathering = true;
    this.#socket.cork();
    setImmediate(() => {
      this.#gathering = false;
      this.#socket.uncork();
    });
  }

  readonly #onDrain = (): void => {
    this.#socket.resume();
  };

  readonly #onEnd = (): void => {
    if (this.#phase === 'early') return this.#failEarly(undefined);
    this.#finishLocal('end');
    this.#finish(undefined);
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

  #waitForQuiet(fromMs: number): void {
    const { clock } = this.#options;
    this.#quiet = clock.after(fromMs + endedQuietMs - clock.nowMs(), () => {
      if (this.#lastPodByteMs > fromMs) return this.#waitForQuiet(this.#lastPodByteMs);
      this.#finishLocal('end');
      this.#finish(undefined);
    });
  }

  #finishLocal(how: 'end' | 'reset'): void {
    finishLocal({ socket: this.#socket, clock: this.#options.clock, how });
  }

  #finish(error: AppError | undefined): void {
    this.#release();
    this.#stream.destroy();
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
