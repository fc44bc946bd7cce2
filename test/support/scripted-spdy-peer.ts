import type { Carrier, CarrierReceiver } from '../../src/transport/carrier.ts';

/** The other end of a session, in memory. It reads and writes frames by hand, knowing nothing of the client's code. */
export class ScriptedSpdyPeer {
  receiver!: CarrierReceiver;
  sent = Buffer.alloc(0);
  writes = 0;
  paused = false;
  destroyed = false;
  full = false;

  readonly carrier: Carrier = {
    kind: 'spdy',
    send: (parts) => {
      this.writes++;
      this.sent = Buffer.concat([this.sent, ...parts]);
      return !this.full;
    },
    pause: () => {
      this.paused = true;
    },
    resume: () => {
      this.paused = false;
    },
    destroy: () => {
      this.destroyed = true;
      this.receiver.onClose(undefined);
    },
    attach: (receiver) => {
      this.receiver = receiver;
    },
  };

  /** Frames seen so far: "syn 1", "data 3 text", "fin 3", "rst 3", "ping 1". */
  frames(): string[] {
    const out: string[] = [];
    let at = 0;
    while (at < this.sent.length) {
      const length = this.sent.readUIntBE(at + 5, 3);
      const flags = this.sent[at + 4]!;
      const body = this.sent.subarray(at + 8, at + 8 + length);
      if (this.sent[at]! & 0x80) {
        const name = { 1: 'syn', 3: 'rst', 6: 'ping' }[this.sent.readUInt16BE(at + 2)];
        out.push(`${name} ${body.readUInt32BE(0)}${name === 'syn' && flags ? ' fin' : ''}`);
      } else {
        const id = this.sent.readUInt32BE(at);
        if (length > 0) out.push(`data ${id} ${body.length > 20 ? body.length : body.toString()}`);
        if (flags) out.push(`fin ${id}`);
      }
      at += 8 + length;
    }
    this.sent = Buffer.alloc(0);
    return out;
  }

  control(type: number, ...words: number[]): void {
    const frame = Buffer.alloc(8 + 4 * words.length);
    frame.writeUInt32BE(0x80030000 + type, 0);
    frame.writeUInt32BE(4 * words.length, 4);
    for (const [at, word] of words.entries()) frame.writeUInt32BE(word, 8 + 4 * at);
    this.#lend(frame);
  }

  reply(id: number): void {
    this.control(2, id, 0);
  }

  data(id: number, text: string | Buffer, fin = false): void {
    const body = Buffer.from(text as string);
    const head = Buffer.alloc(8);
    head.writeUInt32BE(id, 0);
    head.writeUInt32BE(body.length + (fin ? 0x01000000 : 0), 4);
    this.#lend(Buffer.concat([head, body]));
  }

  /** As carriers do: the bytes are others afterwards. */
  #lend(bytes: Buffer): void {
    this.receiver.onBytes(bytes);
    bytes.fill('?');
  }
}
