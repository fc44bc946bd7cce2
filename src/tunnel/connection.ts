import type { Socket } from 'node:net';
import { AppError } from '../base/app-error.ts';
import { backoffMs } from '../base/backoff.ts';
import type { Timer } from '../base/clock.ts';
import { finishLocal } from '../base/finish-local.ts';
import { resetSocket } from '../base/reset-socket.ts';
import type { PodIdentity } from '../contract/pod.ts';
import { Bridge, ignore } from './bridge.ts';
import type { LocalPeer, Traffic } from './connection-event.ts';
import type { ConnectionHost, LocalConnection, Route } from './connection-host.ts';
import { ConnectionRecord, type Opened } from './connection-record.ts';
import { EarlyBytes } from './early-bytes.ts';
import type { PodStream } from './upstream.ts';
import { provesNothingArrived, verdict } from './verdict.ts';

interface ConnectionOptions {
  readonly id: number;
  readonly socket: Socket;
  readonly peer: LocalPeer | undefined;
  readonly host: ConnectionHost;
}

interface Attempt {
  readonly route: Route;
  readonly abort: AbortController;
  readonly startedMs: number;
}

/** Pauses of one connection whose transport fails again and again; the first failure costs none. */
const firstRestMs = 100;
const maxRestMs = 1_000;

/**
 * One local client from accept to close. It is waiting, in an attempt (a stream is being opened), or bridged to a stream; an attempt or a
 * bridge that fails before the pod's first byte may lead back to waiting.
 */
export class Connection implements LocalConnection {
  readonly id: number;
  /** Since when it waits for a pod; kept while it tries in vain, forgotten once it got through. */
  heldSinceMs: number | undefined;
  readonly #socket: Socket;
  readonly #host: ConnectionHost;
  readonly #record: ConnectionRecord;
  readonly #early = new EarlyBytes();
  #attempt: Attempt | undefined;
  #bridge: Bridge | undefined;
  /** A stream is open of which it is not known yet whether it gets through. */
  #undecided = false;
  #through: Timer | undefined;
  #rest: Timer | undefined;
  #rests = 0;
  #closes = { container: '', count: 0 };
  #clientEnded = false;
  /** Nothing is tried any more; the socket takes what is left for it. */
  #isEnding = false;

  constructor({ id, socket, peer, host }: ConnectionOptions) {
    this.id = id;
    this.#socket = socket;
    this.#host = host;
    this.#record = new ConnectionRecord({ connection: this, peer, host });
    socket.on('data', this.#onData);
    socket.on('drain', () => this.#bridge?.clientDrained());
    socket.on('end', this.#onEnd);
    socket.on('error', ignore);
    socket.on('close', this.#onClose);
  }

  /** Bytes from the pod to the client, and back, so far. */
  get traffic(): Traffic {
    return { receivedBytes: this.#socket.bytesWritten, sentBytes: this.#socket.bytesRead };
  }

  start(): void {
    this.#host.submit(this);
  }

  /** Opens a stream on `route` with the bytes there are. */
  attempt(route: Route): void {
    this.#rest?.cancel();
    const attempt = { route, abort: new AbortController(), startedMs: this.#host.clock.nowMs() };
    this.#attempt = attempt;
    const head = [...this.#early.chunks];
    route.link.open({ port: route.port, head, signal: attempt.abort.signal }).then(
      (stream) => this.#opened(attempt, stream, head.length),
      (error) => {
        if (attempt === this.#attempt) this.#failed(attempt, AppError.from(error), false);
      },
    );
  }

  /** Ends it at once, whatever it is doing; without an error where that is what was asked for. */
  cutOff(error: AppError): void {
    this.stop(error);
  }

  stop(why?: AppError): void {
    this.#record.error ??= why?.toData();
    this.#giveUp();
    this.#bridge?.cancel();
    resetSocket(this.#socket);
  }

  #opened(attempt: Attempt, stream: PodStream, sentChunks: number): void {
    if (attempt !== this.#attempt) {
      stream.on('error', ignore);
      stream.destroy();
      return;
    }
    const { clock } = this.#host;
    const { route } = attempt;
    this.#record.pod = route.pod;
    const openedMs = clock.nowMs();
    const { startedMs } = attempt;
    const opened: Opened = { route, stream, startedMs, openedMs, answeredMs: undefined };
    const bridge = new Bridge({
      socket: this.#socket,
      stream,
      clock,
      onFirstByte: () => {
        this.#early.forget();
        this.#gotThrough(opened);
      },
      onEarlyFailure: (error) => this.#failed(attempt, error, true),
      onOver: (error) => this.#bridgeOver(error),
    });
    this.#bridge = bridge;
    // From the answer on: before it, silence is only the distance.
    const awaitRefusal = () => {
      opened.answeredMs = clock.nowMs();
      if (bridge !== this.#bridge || !this.#undecided) return;
      this.#through = clock.after(route.throughAfterMs, () => this.#gotThrough(opened));
    };
    this.#undecided = true;
    if (stream.answered) awaitRefusal();
    else stream.once('answered', awaitRefusal);
    const early = this.#early.chunks;
    bridge.start();
    for (let at = sentChunks; at < early.length && bridge === this.#bridge; at++)
      bridge.fromClient(early[at] as Buffer);
    if (bridge !== this.#bridge) return;
    if (!stream.writableNeedDrain) this.#socket.resume();
    if (this.#clientEnded) bridge.clientEnded();
  }

  #gotThrough(opened: Opened): void {
    if (!this.#undecided) return;
    this.#undecided = false;
    this.#through?.cancel();
    this.#rests = 0;
    this.#record.gotThrough(opened);
  }

  /** The attempt ended before the pod's first byte, with an error or as a clean close. */
  #failed({ route, startedMs }: Attempt, error: AppError | undefined, opened: boolean): void {
    this.#stopTrying();
    this.#bridge = undefined;
    const code = error?.code;
    const isClose = code === undefined || code === 'SP-STREAM-RESET';
    const early = this.#early.kind();
    const closes = this.#closesSoFar(route.pod, isClose);
    const what = verdict({ code, opened, early, closes, refusalEnds: route.refusalEnds });
    if (error && what !== 'rest' && provesNothingArrived({ code, opened }))
      this.#host.refused(route, error.toData(), this.#host.clock.nowMs() - startedMs);
    // A server whose way it is to close without a word does serve.
    else if (isClose && what === 'end') this.#host.served(route);
    else this.#host.inconclusive(route);
    if (this.#socket.destroyed) return;
    switch (this.#clientEnded ? 'end' : what) {
      case 'hold':
      case 'again':
        this.#readOn();
        return this.#host.submit(this);
      case 'rest':
        this.#readOn();
        return this.#restThenSubmit();
      case 'end':
        this.#record.error = error?.toData();
        this.#isEnding = true;
        return finishLocal({ socket: this.#socket, clock: this.#host.clock, how: error ? 'reset' : 'end' });
    }
  }

  /** Closes met before this one in the same container of the same pod. */
  #closesSoFar({ uid, restarts }: PodIdentity, isClose: boolean): number {
    const container = `${uid}/${restarts}`;
    if (this.#closes.container !== container) this.#closes = { container, count: 0 };
    return isClose ? this.#closes.count++ : this.#closes.count;
  }

  #restThenSubmit(): void {
    const rests = this.#rests++;
    if (rests === 0) return this.#host.submit(this);
    const restMs = backoffMs(rests - 1, { firstMs: firstRestMs, maxMs: maxRestMs, jitter: 0 });
    this.#rest = this.#host.clock.after(restMs, () => this.#host.submit(this));
    this.#host.hold(this);
  }

  #readOn(): void {
    if (!this.#early.full) this.#socket.resume();
  }

  #stopTrying(): void {
    this.#rest?.cancel();
    this.#through?.cancel();
    this.#undecided = false;
    if (!this.#bridge) this.#attempt?.abort.abort();
    this.#attempt = undefined;
  }

  /** The attempt ends unfinished: whoever counts on it has to know. */
  #giveUp(): void {
    const attempt = this.#attempt;
    const undecided = !this.#bridge || this.#undecided;
    this.#stopTrying();
    if (attempt && undecided) this.#host.inconclusive(attempt.route);
  }

  #bridgeOver(error: AppError | undefined): void {
    this.#record.error ??= error?.toData();
    this.#isEnding = true;
    this.#giveUp();
    this.#bridge = undefined;
    if (this.#socket.closed) this.#record.over();
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#isEnding) return;
    this.#early.add(chunk);
    if (this.#bridge) this.#bridge.fromClient(chunk);
    else if (this.#early.full) this.#socket.pause();
  };

  /**
   * A client's end is its close, or only the end of what it sends. From one that waits it is taken for a close, or clients that give up would
   * fill the places of those that do not.
   */
  readonly #onEnd = (): void => {
    this.#clientEnded = true;
    if (this.#bridge) this.#bridge.clientEnded();
    else if (!this.#attempt && !this.#isEnding) this.#socket.destroy();
  };

  readonly #onClose = (): void => {
    this.#giveUp();
    this.#bridge?.cancel();
    if (!this.#bridge) this.#record.over();
  };
}
