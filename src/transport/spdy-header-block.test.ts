import { constants, createInflate } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { HeaderBlockWriter } from './spdy-header-block.ts';

/** Inflates the blocks as one zlib stream, as the peer does, and splits them by the lengths that they declare. */
async function inflate(blocks: readonly Buffer[]): Promise<Buffer> {
  const inflater = createInflate({ finishFlush: constants.Z_SYNC_FLUSH });
  const out: Buffer[] = [];
  inflater.on('data', (chunk: Buffer) => out.push(chunk));
  const ended = new Promise((resolve, reject) => inflater.on('end', resolve).on('error', reject));
  for (const block of blocks) inflater.write(block);
  inflater.end();
  await ended;
  return Buffer.concat(out);
}

describe('HeaderBlockWriter', () => {
  it('writes blocks that zlib reads as one stream', async () => {
    const writer = new HeaderBlockWriter();
    const blocks = [
      writer.encode({ streamtype: 'error', port: '5432', requestid: '1' }),
      writer.encode({ a: 'é' }),
      writer.encode({}),
    ];
    const text = (value: string) => {
      const bytes = Buffer.from(value);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return Buffer.concat([length, bytes]);
    };
    expect(await inflate(blocks)).toEqual(
      Buffer.concat([
        Buffer.from([0, 0, 0, 3]),
        ...['streamtype', 'error', 'port', '5432', 'requestid', '1'].map(text),
        Buffer.from([0, 0, 0, 1]),
        ...['a', 'é'].map(text),
        Buffer.from([0, 0, 0, 0]),
      ]),
    );
  });
});
