import type { Clock, Timer } from '../base/clock.ts';
import { type ForwardTarget, forward } from './forwarding.ts';
import { SpdyPeer, type SpdyPeerOptions } from './spdy-peer.ts';
import type { SpdyStream } from './spdy-stream.ts';

export interface PortForwardSessionOptions
  extends Pick<SpdyPeerOptions, 'carrier' | 'maxWriteBytes' | 'endCarrier'> {
  readonly target: ForwardTarget;
  readonly clock: Clock;
}

/** An incomplete pair is told and forgotten after this long. */
const pairTimeoutMs = 30_000;

interface PendingPair {
  data?: SpdyStream;
  error?: SpdyStream;
  timer: Timer;
}

/**
 * One port-forward session to one pod: pairs the client's streams by `requestid`, in either order, and forwards each complete
 * pair. The pod is dialled when the pair is complete, not before.
 */
export class PortForwardSession {
  readonly #target: ForwardTarget;
  readonly #clock: Clock;
  readonly #peer: SpdyPeer;
  readonly #pending = new Map<string, PendingPair>();
  readonly #running = new Set<Promise<void>>();

  constructor({ target, clock, ...carriage }: PortForwardSessionOptions) {
    this.#target = target;
    this.#clock = clock;
    this.#peer = new SpdyPeer({
      ...carriage,
      accepts: isPortForwardStream,
      onStream: (stream) => this.#pair(stream),
    });
  }

  /** Forwarded connections that are open. */
  get connections(): number {
    return this.#running.size;
  }

  /** Serves until the client leaves and every forwarded connection has ended. Never rejects. */
  async serve(): Promise<void> {
    await this.#peer.serve();
    for (const { timer } of this.#pending.values()) timer.cancel();
    this.#pending.clear();
    await Promise.all(this.#running);
  }

  /** Sends bytes outside the protocol: a fault. */
  sendRaw(bytes: Uint8Array): Promise<void> {
    return this.#peer.sendRaw(bytes);
  }

  #pair(stream: SpdyStream): void {
    const type = stream.headers.get('streamtype') === 'error' ? 'error' : 'data';
    const id = requestIdOf(stream, type);
    let pair = this.#pending.get(id);
    if (!pair) {
      const timer = this.#clock.after(pairTimeoutMs, () => this.#giveUp(id));
      pair = { timer };
      this.#pending.set(id, pair);
    }
    if (pair[type]) {
      const text = `error processing stream for request ${id}: error stream already assigned`;
      void pair.error?.write(Buffer.from(text)).catch(() => {});
      return;
    }
    pair[type] = stream;
    if (pair.data && pair.error) {
      pair.timer.cancel();
      this.#pending.delete(id);
      this.#start(pair.data, pair.error, Number(stream.headers.get('port')));
    }
  }

  #start(data: SpdyStream, error: SpdyStream, port: number): void {
    const running = forward({ data, error, port }, this.#target).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  #giveUp(id: string): void {
    const error = this.#pending.get(id)?.error;
    this.#pending.delete(id);
    const text = `(conn=sandbox, request=${id}) timed out waiting for streams`;
    void error?.write(Buffer.from(text)).catch(() => {});
  }
}

function isPortForwardStream({ headers }: SpdyStream): boolean {
  const type = headers.get('streamtype');
  const port = Number(headers.get('port'));
  return (type === 'error' || type === 'data') && Number.isInteger(port) && port > 0 && port <= 65_535;
}

/** Clients before 1.4 send no request id: their data stream follows its error stream directly. */
function requestIdOf(stream: SpdyStream, type: 'error' | 'data'): string {
  return stream.headers.get('requestid') ?? String(type === 'error' ? stream.id : stream.id - 2);
}
