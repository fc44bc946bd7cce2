/**
 * One SPDY/3.1 session with the port-forward endpoint of one pod, from the client's side. Trust boundary: the bytes come from the API
 * server and whatever stands between. A protocol error, a lost carrier or a dead peer ends the session, and with it its streams, each
 * with a typed error; nothing else is touched.
 */
import { AppError } from '../base/app-error.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { Listeners } from '../base/listeners.ts';
import type { PodIdentity } from '../contract/pod.ts';
import type { Carrier } from './carrier.ts';
import { PortForwardStream } from './port-forward-stream.ts';
import {
  dataHeader,
  FrameReader,
  flagFin,
  frameType,
  maxDataBytes,
  ping,
  rstStream,
  statusCancel,
  synStream,
} from './spdy-frame.ts';
import { HeaderBlockWriter } from './spdy-header-block.ts';

/** Time without an inbound byte after which an idle session is asked for a sign of life. */
const pingAfterMs = 10_000;
/** Time without an inbound byte after which a session that serves nobody is dead. One lost PING is not death. */
const idleDeadAfterMs = 25_000;
/** Time without an inbound byte after an opening: whoever opens waits now, and a living peer answers at once. */
const openDeadAfterMs = 10_000;
/** The same for a session in the middle of a connection: a network that is only silent may come back. */
const busyDeadAfterMs = 75_000;
/** After a wake from sleep: how soon the peer must answer. */
const wakeDeadAfterMs = 4_000;
/** Largest payload of one DATA frame: the peer's queues count frames, so frames are large. */
const frameBytes = 256 * 1024;

export interface SpdySessionOptions {
  readonly carrier: Carrier;
  readonly pod: PodIdentity;
  /** The Audit-ID that its request carried. */
  readonly auditId: string;
  readonly clock: Clock;
}

export class SpdySession {
  readonly pod: PodIdentity;
  readonly auditId: string;
  /** Set once: why the session ended. */
  closed: AppError | undefined;
  /** Emits once when the session has ended. */
  readonly onClosed = new Listeners<AppError>();
  /** Emits when a stream let go of the session: it may be able to carry the next connection. */
  readonly onFreed = new Listeners<void>();

  readonly #carrier: Carrier;
  readonly #clock: Clock;
  readonly #reader: FrameReader;
  readonly #headers = new HeaderBlockWriter();
  /** Streams by their data stream's id. The error stream's id is two lower. */
  readonly #streams = new Map<number, PortForwardStream>();
  /** Streams that wait for room in the carrier. */
  readonly #waiting = new Set<() => void>();
  /** Streams whose reader is slow: while there is one, the carrier is paused. */
  readonly #slow = new Set<PortForwardStream>();
  #nextStreamId = 1;
  #served = 0;
  #nextPingId = 1;
  #lastInboundMs: number;
  #check: Timer | undefined;
  #checkDueMs = 0;
  #wakeDeadlineMs: number | undefined;

  constructor({ carrier, pod, auditId, clock }: SpdySessionOptions) {
    this.#carrier = carrier;
    this.pod = pod;
    this.auditId = auditId;
    this.#clock = clock;
    this.#lastInboundMs = clock.nowMs();
    this.#reader = new FrameReader({
      onData: (streamId, payload, fin) => this.#receiveData(streamId, payload, fin),
      onControl: (type, _flags, payload) => this.#receiveControl(type, payload),
    });
    carrier.attach({
      onBytes: (chunk) => {
        this.#lastInboundMs = clock.nowMs();
        this.#wakeDeadlineMs = undefined;
        if (this.closed) return;
        try {
          this.#reader.read(chunk);
        } catch (error) {
          this.close(AppError.from(error));
        }
      },
      onDrain: () => {
        const waiting = [...this.#waiting];
        this.#waiting.clear();
        for (const go of waiting) go();
      },
      onClose: (error) => this.close(this.#lost(error?.message ?? 'closed by the API server', error)),
    });
    this.#watch(pingAfterMs);
  }

  /** Whether a new connection may use this session: nobody does, and what went before cannot hold it up. */
  get free(): boolean {
    if (this.closed || this.#slow.size > 0) return false;
    for (const stream of this.#streams.values()) if (!stream.harmless) return false;
    return true;
  }

  /** Streams that still live on this session, those that only linger included. */
  get streamCount(): number {
    return this.#streams.size;
  }

  /** Connections that it has carried or carries. */
  get served(): number {
    return this.#served;
  }

  /**
   * Opens one connection to `port` of the pod. Both streams and `head`, the client's first bytes, leave in one write, so that opening
   * costs no round trip; the pod is dialled once the pair is complete (port-forward-protocol section 1).
   */
  open(port: number, head: readonly Uint8Array[]): PortForwardStream {
    if (this.closed) throw this.closed;
    const errorId = this.#nextStreamId;
    const dataId = errorId + 2;
    this.#nextStreamId += 4;
    this.#served++;
    const common = { port: String(port), requestid: String(errorId) };
    const stream: PortForwardStream = new PortForwardStream(
      {
        pod: this.pod,
        auditId: this.auditId,
        port,
        clock: this.#clock,
        send: (payload, fin, done) => this.#sendData(dataId, payload, fin, done),
        cancel: () => this.#send([rstStream(dataId, statusCancel)]),
        slow: (isSlow) => this.#setSlow(stream, isSlow),
        gone: () => {
          this.#streams.delete(dataId);
          // What is buffered is still read, but no longer by way of the carrier.
          this.#setSlow(stream, false);
          this.onFreed.emit();
        },
        freed: () => this.onFreed.emit(),
        stuck: (error) => this.close(error),
      },
      head,
    );
    this.#streams.set(dataId, stream);
    const parts = [
      synStream(errorId, flagFin, this.#headers.encode({ streamtype: 'error', ...common })),
      synStream(dataId, 0, this.#headers.encode({ streamtype: 'data', ...common })),
    ];
    for (const bytes of head) {
      if (bytes.length > 0) parts.push(dataHeader(dataId, bytes.length, 0), asBuffer(bytes));
    }
    this.#send(parts);
    this.#watch(openDeadAfterMs);
    return stream;
  }

  /** After a wake from sleep or a change of network: the peer must answer soon, or the session is dead. */
  probe(): void {
    if (this.closed || this.#slow.size > 0) return;
    this.#wakeDeadlineMs = this.#clock.nowMs() + wakeDeadAfterMs;
    this.#ping();
    this.#watch(wakeDeadAfterMs);
  }

  /**
   * Asks for a sign of life without setting a deadline. An API server that carries the session in a WebSocket notices the loss of the
   * kubelet only when it has something to pass on (measured).
   */
  nudge(): void {
    if (!this.closed && this.#slow.size === 0) this.#ping();
  }

  /** Ends the session and all its streams with `reason`. Idempotent. */
  close(reason: AppError): void {
    if (this.closed) return;
    this.closed = reason;
    this.#check?.cancel();
    this.#carrier.destroy();
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    this.#slow.clear();
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const stream of streams) stream.sessionClosed(reason);
    for (const go of waiting) go();
    this.onClosed.emit(reason);
  }

  #lost(message: string, cause?: unknown): AppError {
    return new AppError('SP-SESSION-LOST', { pod: this.pod.name, message }, cause);
  }

  #send(parts: readonly Buffer[]): boolean {
    return this.closed ? true : this.#carrier.send(parts);
  }

  /** Sends a payload as frames of at most frameBytes; calls `done` when the carrier has room for more. */
  #sendData(streamId: number, payload: readonly Buffer[], fin: boolean, done: () => void): void {
    const parts: Buffer[] = [];
    let frame: Buffer[] = [];
    let lengthBytes = 0;
    const flush = (flags: number) => {
      parts.push(dataHeader(streamId, lengthBytes, flags), ...frame);
      frame = [];
      lengthBytes = 0;
    };
    for (const chunk of payload) {
      if (lengthBytes > 0 && lengthBytes + chunk.length > frameBytes) flush(0);
      for (let at = 0; at < chunk.length; at += maxDataBytes) {
        if (lengthBytes > 0 && at > 0) flush(0);
        const piece = chunk.length <= maxDataBytes ? chunk : chunk.subarray(at, at + maxDataBytes);
        frame.push(piece);
        lengthBytes += piece.length;
      }
    }
    if (lengthBytes > 0 || fin) flush(fin ? flagFin : 0);
    if (parts.length === 0 || this.#send(parts)) done();
    else this.#waiting.add(done);
  }

  /** Pauses the carrier for a slow reader, unless that would hold up the connection that the session was lent to meanwhile. */
  #setSlow(stream: PortForwardStream, isSlow: boolean): boolean {
    if (this.closed) return false;
    if (isSlow) {
      if (stream.lingers && this.#streams.size > 1) return false;
      this.#slow.add(stream);
      if (this.#slow.size === 1) this.#carrier.pause();
      return true;
    }
    if (this.#slow.delete(stream) && this.#slow.size === 0) {
      // While paused nothing could come in: silence counts from now.
      this.#lastInboundMs = this.#clock.nowMs();
      this.#carrier.resume();
    }
    return false;
  }

  #receiveData(streamId: number, payload: Buffer, fin: boolean): void {
    const onData = this.#streams.get(streamId);
    if (onData) return onData.receiveData(payload, fin);
    // Late frames of a stream that was cancelled belong to nobody.
    this.#streams.get(streamId + 2)?.receiveErrorText(payload, fin);
  }

  #receiveControl(type: number, payload: Buffer): void {
    switch (type) {
      case frameType.synReply:
        return this.#stream(payload)?.receiveReply();
      case frameType.rstStream:
        return this.#stream(payload)?.receiveReset();
      case frameType.ping: {
        if (payload.length < 4) throw new AppError('SP-PROTOCOL', { message: 'short PING' });
        const id = payload.readUInt32BE(0);
        if (id % 2 === 0) this.#send([ping(id)]);
        return;
      }
      case frameType.goaway:
        return this.close(this.#lost('the API server is going away'));
      case frameType.synStream:
        throw new AppError('SP-PROTOCOL', { message: 'the server opened a stream' });
      default:
        // SETTINGS, WINDOW_UPDATE and HEADERS say nothing that port-forward uses.
        return;
    }
  }

  /** The stream of a control frame that begins with a stream id: of its data stream, or of its error stream. */
  #stream(payload: Buffer): PortForwardStream | undefined {
    if (payload.length < 4)
      throw new AppError('SP-PROTOCOL', { message: 'control frame without a stream id' });
    const id = payload.readUInt32BE(0) & 0x7fffffff;
    return this.#streams.get(id) ?? this.#streams.get(id + 2);
  }

  /** In the middle of a connection: what was never answered, or has ended on this side, is none. */
  #isBusy(): boolean {
    for (const stream of this.#streams.values()) if (stream.answered && !stream.lingers) return true;
    return false;
  }

  #openingIsDead(nowMs: number): boolean {
    for (const { unansweredSinceMs } of this.#streams.values()) {
      if (unansweredSinceMs === undefined) continue;
      if (nowMs - Math.max(unansweredSinceMs, this.#lastInboundMs) >= openDeadAfterMs) return true;
    }
    return false;
  }

  #ping(): void {
    this.#send([ping(this.#nextPingId)]);
    this.#nextPingId = (this.#nextPingId + 2) % 0x7fffffff;
  }

  /** Only ever moves the check earlier: who opens again and again must not put it off. */
  #watch(delayMs: number): void {
    const dueMs = this.#clock.nowMs() + delayMs;
    if (this.#check && dueMs >= this.#checkDueMs) return;
    this.#check?.cancel();
    this.#checkDueMs = dueMs;
    this.#check = this.#clock.after(delayMs, () => {
      this.#check = undefined;
      this.#checkLife();
    });
  }

  #checkLife(): void {
    const nowMs = this.#clock.nowMs();
    // A paused carrier delivers nothing, so silence proves nothing.
    if (this.#slow.size === 0) {
      const silentMs = nowMs - this.#lastInboundMs;
      const limitMs = this.#isBusy() ? busyDeadAfterMs : idleDeadAfterMs;
      const woke = this.#wakeDeadlineMs !== undefined && nowMs >= this.#wakeDeadlineMs;
      if (silentMs >= limitMs || woke || this.#openingIsDead(nowMs)) {
        return this.close(this.#lost(`no answer for ${Math.round(silentMs / 1000)} s`));
      }
      if (silentMs >= pingAfterMs / 2) this.#ping();
    }
    this.#watch(pingAfterMs);
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
