import type { Socket } from 'node:net';
import { AppError } from '../base/app-error.ts';
import { resetSocket } from '../base/reset-socket.ts';
import { ignore } from './bridge.ts';
import type { LocalPeer, Traffic } from './connection-event.ts';
import type { ConnectionHost, LocalConnection, Route } from './connection-host.ts';
import { ConnectionRecord, type Opened } from './connection-record.ts';
import type { DialledStream, Intermediary, PodDial, PodDialOptions, Served } from './intermediary.ts';
import type { PodStream } from './upstream.ts';
import { provesNothingArrived, verdict } from './verdict.ts';

export interface ServedConnectionOptions {
  readonly id: number;
  readonly socket: Socket;
  readonly peer: LocalPeer | undefined;
  readonly host: ConnectionHost;
  readonly intermediary: Intermediary;
}

/** A client that is told that the tunnel stops has this long to take it. */
const endGraceMs = 250;

interface Pending {
  readonly head: PodDialOptions['head'];
  readonly signal: AbortSignal;
  resolve(dialled: DialledStream): void;
  reject(error: unknown): void;
}

/**
 * One local client whom an intermediary answers. No byte of the client is sent on by the tunnel itself, so an attempt may be made again whatever became
 * of the one before: the intermediary dials, and the tunnel says when.
 */
export class ServedConnection implements LocalConnection {
  readonly id: number;
  heldSinceMs: number | undefined;
  readonly #socket: Socket;
  readonly #peer: LocalPeer | undefined;
  readonly #host: ConnectionHost;
  readonly #intermediary: Intermediary;
  readonly #record: ConnectionRecord;
  #served: Served | undefined;
  #pending: Pending | undefined;
  #isOver = false;

  constructor({ id, socket, peer, host, intermediary }: ServedConnectionOptions) {
    this.id = id;
    this.#socket = socket;
    this.#peer = peer;
    this.#host = host;
    this.#intermediary = intermediary;
    this.#record = new ConnectionRecord({ connection: this, peer, host });
    socket.on('error', ignore);
    socket.on('close', () => this.#endOnceDone());
  }

  get traffic(): Traffic {
    return { receivedBytes: this.#socket.bytesWritten, sentBytes: this.#socket.bytesRead };
  }

  start(): void {
    const served = this.#intermediary.serve(this.#socket, {
      connection: this.id,
      dial: this.#dial,
      peer: this.#peer,
    });
    this.#served = served;
    served.over.then(
      (error) => this.#over(error),
      (thrown) => this.#over(AppError.from(thrown)),
    );
  }

  attempt(route: Route): void {
    const pending = this.#pending;
    // It has gone meanwhile.
    if (!pending) return this.#host.inconclusive(route);
    const startedMs = this.#host.clock.nowMs();
    const { head, signal } = pending;
    route.link.open({ port: route.port, head: head(route.pod), signal }).then(
      (stream) => this.#opened(pending, stream, { route, startedMs }),
      (thrown) => this.#notOpened(pending, AppError.from(thrown), { route, startedMs }),
    );
  }

  cutOff(error: AppError): void {
    this.#record.error ??= error.toData();
    this.#served?.end(error);
  }

  stop(why?: AppError): void {
    this.#record.error ??= why?.toData();
    this.#served?.end(why);
    const socket = this.#socket;
    const timer = this.#host.clock.after(endGraceMs, () =>
      socket.writableFinished ? socket.destroy() : resetSocket(socket),
    );
    if (socket.closed) timer.cancel();
    else socket.once('close', () => timer.cancel());
  }

  readonly #dial: PodDial = ({ head, signal }) => {
    if (signal.aborted) return Promise.reject(signal.reason);
    const { promise, resolve, reject } = Promise.withResolvers<DialledStream>();
    const abort = () => {
      this.#pending = undefined;
      this.#host.withdraw(this);
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    const settled = () => signal.removeEventListener('abort', abort);
    promise.then(settled, settled);
    this.#pending = { head, signal, resolve, reject };
    this.#host.submit(this);
    return promise;
  };

  #opened(pending: Pending, stream: PodStream, at: { route: Route; startedMs: number }): void {
    const { route } = at;
    if (pending !== this.#pending) {
      stream.on('error', ignore);
      stream.destroy();
      return this.#host.inconclusive(route);
    }
    this.#pending = undefined;
    this.#record.pod = route.pod;
    const { clock } = this.#host;
    const openedMs = clock.nowMs();
    const answeredMs = stream.answered ? openedMs : undefined;
    const opened: Opened = { route, stream, startedMs: at.startedMs, openedMs, answeredMs };
    stream.once('answered', () => {
      opened.answeredMs ??= clock.nowMs();
    });
    let isTold = false;
    // Whoever waits for the outcome of this attempt must not wait for ever. What it was may be told later: a stream is closed before it is read out.
    stream.once('close', () => {
      if (!isTold) this.#host.inconclusive(route);
    });
    pending.resolve({
      stream,
      pod: route.pod,
      served: () => {
        isTold = true;
        this.#record.gotThrough(opened);
      },
      failed: (error) => {
        const isOutage =
          error.code === 'SP-DB-STARTING' || provesNothingArrived({ code: error.code, opened: true });
        if (!isOutage) return false;
        isTold = true;
        this.#refused(error, at);
        return true;
      },
      again: (options) => route.link.open({ port: route.port, ...options }),
    });
  }

  #notOpened(pending: Pending, error: AppError, at: { route: Route; startedMs: number }): void {
    const what = verdict({ code: error.code, opened: false, early: 'nothing', closes: 0 });
    if (what === 'rest') this.#host.inconclusive(at.route);
    else this.#refused(error, at);
    if (pending !== this.#pending) return;
    if (what !== 'rest') return this.#host.submit(this);
    this.#pending = undefined;
    // The transport's own queue is full, which is not what a full hold means to who dials: it is tried again.
    const isBusy = error.code === 'SP-HOLD-FULL';
    pending.reject(isBusy ? new AppError('SP-SESSION-LOST', error.details, error) : error);
  }

  #refused(error: AppError, { route, startedMs }: { route: Route; startedMs: number }): void {
    this.#host.refused(route, error.toData(), this.#host.clock.nowMs() - startedMs);
    if (route.refusalEnds && error.code === 'SP-PORT-REFUSED') this.#served?.end(error);
  }

  #over(error: AppError | undefined): void {
    this.#record.error ??= error?.toData();
    this.#isOver = true;
    this.#endOnceDone();
  }

  #endOnceDone(): void {
    if (this.#isOver && this.#socket.closed) this.#record.over();
  }
}
