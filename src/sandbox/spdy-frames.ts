/** Frames of SPDY/3.1 (draft 3.1, section 2.2) as the port-forward server reads and writes them. Big-endian. */

export const frameType = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

export const finFlag = 0x01;
export const resetStatus = { protocolError: 1, cancel: 5 } as const;

export type Frame =
  | { readonly kind: 'data'; readonly streamId: number; readonly fin: boolean; readonly data: Buffer }
  | { readonly kind: 'control'; readonly type: number; readonly flags: number; readonly body: Buffer };

/** Control frames carry headers and numbers only: none of an honest client comes near this. */
const controlLimitBytes = 64 << 10;

/** Cuts a byte stream into frames. Throws for what ends a session: another SPDY version, an oversized control frame. */
export async function* readFrames(chunks: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  const pending = new ByteQueue();
  for await (const chunk of chunks) {
    pending.push(chunk);
    for (;;) {
      const head = pending.peek(8);
      if (!head) break;
      const lengthBytes = head.readUIntBE(5, 3);
      const isControl = (head[0]! & 0x80) !== 0;
      if (isControl && head.readUInt16BE(0) !== 0x8003) throw new Error('not SPDY version 3');
      if (isControl && lengthBytes > controlLimitBytes) throw new Error('control frame larger than 64 KiB');
      if (pending.sizeBytes < 8 + lengthBytes) break;
      pending.take(8);
      const body = pending.take(lengthBytes);
      yield isControl
        ? { kind: 'control', type: head.readUInt16BE(2), flags: head[4]!, body }
        : { kind: 'data', streamId: head.readUInt32BE(0), fin: (head[4]! & finFlag) !== 0, data: body };
    }
  }
}

export function controlFrame(type: number, body: Uint8Array, flags = 0): Buffer {
  const frame = Buffer.alloc(8 + body.length);
  frame.writeUInt16BE(0x8003, 0);
  frame.writeUInt16BE(type, 2);
  frame.writeUInt32BE((flags << 24) | body.length, 4);
  frame.set(body, 8);
  return frame;
}

export function dataFrame(streamId: number, data: Uint8Array, fin = false): Buffer {
  const frame = Buffer.allocUnsafe(8 + data.length);
  frame.writeUInt32BE(streamId, 0);
  frame.writeUInt32BE(data.length, 4);
  frame[4] = fin ? finFlag : 0;
  frame.set(data, 8);
  return frame;
}

export function uint32s(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index);
  return bytes;
}

/** Chunks as one sequence of bytes; copies only what crosses a chunk's end. */
class ByteQueue {
  #chunks: Buffer[] = [];
  sizeBytes = 0;

  push(chunk: Buffer): void {
    if (chunk.length > 0) this.#chunks.push(chunk);
    this.sizeBytes += chunk.length;
  }

  /** The first bytes without taking them; undefined where there are fewer. */
  peek(sizeBytes: number): Buffer | undefined {
    if (this.sizeBytes < sizeBytes) return undefined;
    if (sizeBytes > 0 && this.#chunks[0]!.length < sizeBytes) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0]?.subarray(0, sizeBytes) ?? Buffer.alloc(0);
  }

  take(sizeBytes: number): Buffer {
    const bytes = this.peek(sizeBytes)!;
    this.sizeBytes -= sizeBytes;
    if (sizeBytes > 0) {
      const rest = this.#chunks[0]!.subarray(sizeBytes);
      if (rest.length > 0) this.#chunks[0] = rest;
      else this.#chunks.shift();
    }
    return bytes;
  }
}
