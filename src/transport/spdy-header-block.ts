/**
 * SPDY/3.1 header blocks, the writing side. All blocks of a session form one zlib stream. Kubernetes' peer accepts a stream that names no
 * dictionary and holds only stored blocks (measured, port-forward-protocol section 1), so no compressor and no dictionary is needed.
 * The reading side needs none either: a SYN_REPLY is skipped by its length.
 */

/** CMF and FLG of a zlib stream: deflate, 32 KiB window, no preset dictionary. */
const zlibHeader = Buffer.from([0x78, 0x01]);
/** An empty stored block: what a sync flush ends with. */
const syncFlush = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff]);

export class HeaderBlockWriter {
  #started = false;

  /** One header block. Names must be lower case; the whole must stay under 64 KiB (the length of a stored block). */
  encode(headers: Readonly<Record<string, string>>): Buffer {
    const pairs = Object.entries(headers);
    const parts: Buffer[] = [uint32(pairs.length)];
    for (const [name, value] of pairs) {
      for (const text of [name, value]) {
        const bytes = Buffer.from(text, 'utf8');
        parts.push(uint32(bytes.length), bytes);
      }
    }
    const plain = Buffer.concat(parts);
    const stored = Buffer.alloc(5);
    stored.writeUInt16LE(plain.length, 1);
    stored.writeUInt16LE(~plain.length & 0xffff, 3);
    const block = [stored, plain, syncFlush];
    if (!this.#started) block.unshift(zlibHeader);
    this.#started = true;
    return Buffer.concat(block);
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
