import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib';

/**
 * Header blocks of SPDY/3 (draft 3, section 2.6.10): one zlib stream for a direction of a session, begun with the dictionary below
 * and flushed after each block.
 */

const words = [
  'options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow',
  'authorization cache-control connection content-base content-encoding content-language content-length content-location',
  'content-md5 content-range content-type date etag expect expires from host if-match if-modified-since if-none-match',
  'if-range if-unmodified-since last-modified location max-forwards pragma proxy-authenticate proxy-authorization range',
  'referer retry-after server te trailer transfer-encoding upgrade user-agent vary via warning www-authenticate method get',
  'status 200_OK version HTTP/1.1 url public set-cookie keep-alive origin',
]
  .join(' ')
  .split(' ')
  .map((word) => word.replace('_', ' '));

const tail = [
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505',
  '203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized',
  '403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable',
  'Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT',
  'chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,',
  'text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.',
];

/** 1,423 bytes: each word after its length, then text without lengths. Adler-32 e3c6a7c2. */
export const headerDictionary: Buffer = Buffer.concat([
  ...words.flatMap((word) => [uint32(word.length), Buffer.from(word)]),
  ...tail.map((text) => Buffer.from(text)),
]);

const blockLimitBytes = 64 << 10;

export class HeaderReader {
  readonly #inflate: Inflate = createInflate({ dictionary: headerDictionary });
  #output: Buffer[] = [];
  #outputBytes = 0;
  #failed: Error | undefined;

  constructor() {
    this.#inflate.on('data', (chunk: Buffer) => {
      this.#outputBytes += chunk.length;
      if (this.#outputBytes <= blockLimitBytes) this.#output.push(chunk);
    });
    this.#inflate.on('error', (error) => {
      this.#failed = error;
    });
    this.#inflate.on('close', () => {
      this.#failed ??= new Error('header stream closed');
    });
  }

  /** The headers of the next block. Throws where it is not zlib, not a header block, or inflates past 64 KiB. */
  async read(block: Buffer): Promise<Map<string, string>> {
    if (this.#failed) throw this.#failed;
    this.#output = [];
    this.#outputBytes = 0;
    await new Promise<void>((resolve) => {
      // A block that is not zlib closes the stream and never calls back.
      this.#inflate.once('close', resolve);
      this.#inflate.write(block, () => {
        this.#inflate.off('close', resolve);
        resolve();
      });
    });
    if (this.#failed) throw this.#failed;
    if (this.#outputBytes > blockLimitBytes) throw new Error('header block larger than 64 KiB');
    return parseBlock(Buffer.concat(this.#output));
  }

  close(): void {
    this.#inflate.destroy();
  }
}

export class HeaderWriter {
  readonly #deflate: Deflate = createDeflate({
    dictionary: headerDictionary,
    flush: constants.Z_SYNC_FLUSH,
  });
  #output: Buffer[] = [];

  constructor() {
    this.#deflate.on('data', (chunk: Buffer) => this.#output.push(chunk));
    this.#deflate.on('error', () => {});
  }

  /** The next block. Calls must not overlap: the zlib stream is one. */
  async write(headers: ReadonlyMap<string, string>): Promise<Buffer> {
    this.#output = [];
    await new Promise<void>((resolve) => this.#deflate.write(serializeBlock(headers), () => resolve()));
    return Buffer.concat(this.#output);
  }

  close(): void {
    this.#deflate.destroy();
  }
}

function serializeBlock(headers: ReadonlyMap<string, string>): Buffer {
  const parts = [uint32(headers.size)];
  for (const text of [...headers].flat()) {
    const bytes = Buffer.from(text);
    parts.push(uint32(bytes.length), bytes);
  }
  return Buffer.concat(parts);
}

function parseBlock(block: Buffer): Map<string, string> {
  let offset = 0;
  const number = () => {
    if (offset + 4 > block.length) throw new Error('truncated header block');
    offset += 4;
    return block.readUInt32BE(offset - 4);
  };
  const text = () => {
    const length = number();
    if (offset + length > block.length) throw new Error('truncated header block');
    offset += length;
    return block.toString('latin1', offset - length, offset);
  };
  const headers = new Map<string, string>();
  for (let count = number(); count > 0; count--) {
    const name = text();
    if (name !== name.toLowerCase() || headers.has(name)) throw new Error(`header name ${name} is not valid`);
    headers.set(name, text());
  }
  return headers;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
