/**
 * SPDY/3.1 frames as Kubernetes' port-forward uses them. Trust boundary: every byte that enters the reader comes from the network;
 * whatever it is, the reader either delivers frames or throws one AppError(SP-PROTOCOL), and holds at most maxControlBytes.
 */
import { AppError } from '../base/app-error.ts';

export const frameType = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  headers: 8,
} as const;

export const flagFin = 0x01;
/** RST_STREAM status: the client no longer wants the stream. Status 0 would end the peer's whole session. */
export const statusCancel = 5;

const headerBytes = 8;
const maxControlBytes = 64 * 1024;
/** The length field has 24 bits. */
export const maxDataBytes = 0xffffff;

export interface FrameHandler {
  /** A piece of a DATA frame's payload, in order; `fin` comes with the last piece only. Payloads are lent, as what is read is. */
  onData(streamId: number, payload: Buffer, fin: boolean): void;
  onControl(type: number, flags: number, payload: Buffer): void;
}

/** Splits a byte stream into frames. DATA payloads are passed on as they come, without being gathered or copied. */
export class FrameReader {
  readonly #handler: FrameHandler;
  /** The beginning of a frame header, or of a control frame, that was cut by the end of a chunk. */
  #partial: Buffer | undefined;
  #dataStreamId = 0;
  #dataLeft = 0;
  #dataFin = false;

  constructor(handler: FrameHandler) {
    this.#handler = handler;
  }

  /** Takes the next bytes, of which it keeps nothing but a copy. Throws AppError SP-PROTOCOL for what cannot be SPDY; the reader is of no use afterwards. */
  read(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#partial) {
      bytes = Buffer.concat([this.#partial, chunk]);
      this.#partial = undefined;
    }
    let at = 0;
    while (at < bytes.length) {
      if (this.#dataLeft > 0) {
        const end = Math.min(bytes.length, at + this.#dataLeft);
        this.#dataLeft -= end - at;
        this.#handler.onData(
          this.#dataStreamId,
          bytes.subarray(at, end),
          this.#dataLeft === 0 && this.#dataFin,
        );
        at = end;
        continue;
      }
      if (bytes.length - at < headerBytes) break;
      const flags = bytes[at + 4]!;
      const length = bytes.readUIntBE(at + 5, 3);
      if (bytes[at]! & 0x80) {
        const version = bytes.readUInt16BE(at) & 0x7fff;
        if (version !== 3) throw new AppError('SP-PROTOCOL', { message: `frame of SPDY version ${version}` });
        if (length > maxControlBytes) {
          throw new AppError('SP-PROTOCOL', { message: `control frame of ${length} bytes` });
        }
        if (bytes.length - at < headerBytes + length) break;
        const type = bytes.readUInt16BE(at + 2);
        const payload = bytes.subarray(at + headerBytes, at + headerBytes + length);
        at += headerBytes + length;
        this.#handler.onControl(type, flags, payload);
        continue;
      }
      this.#dataStreamId = bytes.readUInt32BE(at);
      this.#dataFin = (flags & flagFin) !== 0;
      this.#dataLeft = length;
      at += headerBytes;
      if (length === 0) this.#handler.onData(this.#dataStreamId, bytes.subarray(at, at), this.#dataFin);
    }
    if (at < bytes.length) this.#partial = Buffer.from(bytes.subarray(at));
  }
}

/** The 8 bytes before a DATA payload of `lengthBytes`. */
export function dataHeader(streamId: number, lengthBytes: number, flags: number): Buffer {
  const header = Buffer.allocUnsafe(headerBytes);
  header.writeUInt32BE(streamId, 0);
  header.writeUInt32BE(((flags << 24) | lengthBytes) >>> 0, 4);
  return header;
}

/** A whole control frame. */
export function controlFrame(type: number, flags: number, payload: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(headerBytes + payload.length);
  frame.writeUInt16BE(0x8003, 0);
  frame.writeUInt16BE(type, 2);
  frame.writeUInt32BE(((flags << 24) | payload.length) >>> 0, 4);
  payload.copy(frame, headerBytes);
  return frame;
}

/** SYN_STREAM without associated stream, priority 0. */
export function synStream(streamId: number, flags: number, headerBlock: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt32BE(streamId, 0);
  return controlFrame(frameType.synStream, flags, Buffer.concat([fixed, headerBlock]));
}

export function rstStream(streamId: number, status: number): Buffer {
  const payload = Buffer.allocUnsafe(8);
  payload.writeUInt32BE(streamId, 0);
  payload.writeUInt32BE(status, 4);
  return controlFrame(frameType.rstStream, 0, payload);
}

/** Ids of a client are odd; id 0 would end the peer's session. */
export function ping(id: number): Buffer {
  const payload = Buffer.allocUnsafe(4);
  payload.writeUInt32BE(id, 0);
  return controlFrame(frameType.ping, 0, payload);
}
