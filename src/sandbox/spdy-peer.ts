import type { Duplex } from 'node:stream';
import { Channel } from './channel.ts';
import {
  controlFrame,
  dataFrame,
  type Frame,
  finFlag,
  frameType,
  readFrames,
  resetStatus,
  uint32s,
} from './spdy-frames.ts';
import { HeaderReader, HeaderWriter } from './spdy-headers.ts';
import { SpdyStream } from './spdy-stream.ts';

export interface SpdyPeerOptions {
  readonly carrier: Duplex;
  /** Whether a new stream's headers are good; false refuses it with a reset. */
  readonly accepts: (stream: SpdyStream) => boolean;
  /** Called once the stream's reply is on its way: clients drop data that comes before it. */
  readonly onStream: (stream: SpdyStream) => void;
  /** Bytes for one write to the carrier at most: a WebSocket message. Default unlimited. */
  readonly maxWriteBytes?: number;
  /** How the carrier is told that nothing more comes. Default: its end, then it is destroyed. */
  readonly endCarrier?: () => void;
}

/** spdystream's constants: frames are spread over workers by stream id, each with a bounded queue. */
const workerCount = 5;
const workerQueueFrames = 50;
const maxStreamId = 0x7fffffff;

/**
 * The server side of one SPDY/3.1 session as Kubernetes' port-forward endpoint has it, limits included: no flow control, and a
 * reader that stalls blocks its worker, then, when that worker's queue is full, the session. Trust boundary: bytes come from any
 * client with a valid identity; what is not the protocol ends the session.
 */
export class SpdyPeer {
  readonly #carrier: Duplex;
  readonly #accepts: SpdyPeerOptions['accepts'];
  readonly #onStream: SpdyPeerOptions['onStream'];
  readonly #maxWriteBytes: number;
  readonly #endCarrier: () => void;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #queues = Array.from(
    { length: workerCount },
    () => new Channel<() => Promise<void>>(workerQueueFrames),
  );
  readonly #headerReader = new HeaderReader();
  readonly #headerWriter = new HeaderWriter();
  /** The replies' header blocks are one zlib stream: they are written in turn. */
  #replies: Promise<void> = Promise.resolve();
  #nextStreamId = 1;
  #roundRobin = 0;

  constructor(options: SpdyPeerOptions) {
    const { carrier, accepts, onStream, maxWriteBytes = Number.POSITIVE_INFINITY, endCarrier } = options;
    this.#carrier = carrier;
    this.#accepts = accepts;
    this.#onStream = onStream;
    this.#maxWriteBytes = maxWriteBytes;
    this.#endCarrier = endCarrier ?? (() => carrier.end(() => carrier.destroy()));
  }

  /** Serves until the client leaves or breaks the protocol; then every stream has ended and the carrier is closed. Never rejects. */
  async serve(): Promise<void> {
    this.#carrier.on('error', () => {});
    // A read loop that waits for a full queue would not notice that the carrier has gone.
    this.#carrier.once('close', () => this.#closeQueues());
    const workers = this.#queues.map(work);
    try {
      for await (const frame of readFrames(this.#carrier.iterator({ destroyOnReturn: false }))) {
        // GOAWAY is not graceful here: its receiver stops reading at once.
        if (frame.kind === 'control' && frame.type === frameType.goAway) break;
        const { worker, handle } = await this.#dispatch(frame);
        await this.#queues[worker]?.put(handle);
      }
    } catch {
      // The carrier broke, or the client did not speak SPDY: both end the session and nothing else.
    }
    this.#closeQueues();
    for (const stream of this.#streams.values()) stream.abandon();
    this.#streams.clear();
    this.#headerReader.close();
    this.#headerWriter.close();
    this.#endCarrier();
    await Promise.all(workers);
  }

  /** Writes bytes that need not be SPDY: a fault. */
  async sendRaw(bytes: Uint8Array): Promise<void> {
    await this.#send(bytes);
  }

  async sendData(streamId: number, data: Uint8Array, fin: boolean): Promise<void> {
    await this.#send(dataFrame(streamId, data, fin));
  }

  async sendReset(streamId: number, status: number = resetStatus.cancel): Promise<void> {
    this.#streams.delete(streamId);
    await this.#send(controlFrame(frameType.rstStream, uint32s(streamId, status)));
  }

  #closeQueues(): void {
    for (const queue of this.#queues) queue.close();
    for (const stream of this.#streams.values()) stream.endRemote();
  }

  /** Which worker handles a frame, and how. Runs in the read loop: header blocks must be read in their order. */
  async #dispatch(frame: Frame): Promise<{ worker: number; handle: () => Promise<void> }> {
    if (frame.kind === 'data') {
      const { streamId, data, fin } = frame;
      if (streamId === 0) throw new Error('data for stream 0');
      return this.#onWorker(streamId, async () => {
        const stream = this.#streams.get(streamId);
        await stream?.deliver(data, fin);
        if (stream?.ended) this.#streams.delete(streamId);
      });
    }
    const { type, flags, body } = frame;
    switch (type) {
      case frameType.synStream: {
        const streamId = idIn(body);
        const headers = await this.#headerReader.read(body.subarray(10));
        if (streamId % 2 === 0 || streamId < this.#nextStreamId) {
          return this.#onWorker(streamId, () => this.sendReset(streamId, resetStatus.protocolError));
        }
        this.#nextStreamId = streamId + 2;
        const stream = new SpdyStream(streamId, headers, this);
        this.#streams.set(streamId, stream);
        if ((flags & finFlag) !== 0) stream.endRemote();
        return this.#onWorker(streamId, () => this.#open(stream));
      }
      case frameType.synReply:
      case frameType.headers: {
        const streamId = idIn(body);
        await this.#headerReader.read(body.subarray(4));
        return this.#onWorker(streamId, async () => {});
      }
      case frameType.rstStream: {
        const streamId = idIn(body);
        if (body.readUInt32BE(4) === 0) throw new Error('reset with status 0');
        return this.#onWorker(streamId, async () => {
          this.#streams.get(streamId)?.abandon();
          this.#streams.delete(streamId);
        });
      }
      case frameType.ping: {
        const id = idIn(body);
        // Even ids would be answers to PINGs of ours, and there are none.
        return this.#onNextWorker(
          id % 2 === 1 ? () => this.#send(controlFrame(frameType.ping, body)) : undefined,
        );
      }
      case frameType.settings:
      case frameType.windowUpdate:
        return this.#onNextWorker();
      default:
        throw new Error(`unknown frame type ${type}`);
    }
  }

  #onWorker(streamId: number, handle: () => Promise<void>) {
    return { worker: streamId % workerCount, handle };
  }

  #onNextWorker(handle: () => Promise<void> = async () => {}) {
    const worker = this.#roundRobin;
    this.#roundRobin = (this.#roundRobin + 1) % workerCount;
    return { worker, handle };
  }

  async #open(stream: SpdyStream): Promise<void> {
    if (!this.#accepts(stream)) return stream.reset();
    this.#replies = this.#replies.then(async () => {
      const block = await this.#headerWriter.write(new Map());
      await this.#send(controlFrame(frameType.synReply, Buffer.concat([uint32s(stream.id), block])));
    });
    await this.#replies;
    this.#onStream(stream);
  }

  /** Resolves when the carrier takes more: a client that does not read holds every writer here, as in Kubernetes. */
  async #send(bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.length; offset += this.#maxWriteBytes) {
      if (this.#carrier.destroyed || this.#carrier.writableEnded) throw new Error('session closed');
      const slice =
        bytes.length <= this.#maxWriteBytes ? bytes : bytes.subarray(offset, offset + this.#maxWriteBytes);
      if (!this.#carrier.write(slice)) await drained(this.#carrier);
    }
  }
}

async function work(queue: Channel<() => Promise<void>>): Promise<void> {
  for (;;) {
    const handle = await queue.take();
    if (!handle) return;
    // A frame that cannot be handled (the carrier has gone) concerns its stream alone.
    await handle().catch(() => {});
  }
}

/** The id a control frame begins with. Zero is no id and ends the session. */
function idIn(body: Buffer): number {
  const id = body.readUInt32BE(0) & maxStreamId;
  if (id === 0) throw new Error('frame with id 0');
  return id;
}

function drained(carrier: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      carrier.off('drain', done);
      carrier.off('close', done);
      resolve();
    };
    carrier.on('drain', done);
    carrier.on('close', done);
  });
}
