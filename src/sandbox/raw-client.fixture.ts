import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import type { Sandbox } from './sandbox.ts';

/** A client of the sandbox for its own tests, written byte by byte so that it shares nothing with what it tests. */

export interface Answer {
  readonly httpCode: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface RawRequest {
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** Instead of the admin's certificate. */
  readonly token?: string;
}

/** The open response; its body is not read yet. */
export async function open(sandbox: Sandbox, raw: RawRequest): Promise<IncomingMessage> {
  const request = await begin(sandbox, raw);
  request.end(raw.body === undefined ? undefined : JSON.stringify(raw.body));
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

export async function call(sandbox: Sandbox, raw: RawRequest): Promise<Answer> {
  const response = await open(sandbox, raw);
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk;
  return { httpCode: response.statusCode ?? 0, headers: response.headers, body };
}

/** An upgrade: the socket after a 101, else the answer. */
export async function upgrade(sandbox: Sandbox, raw: RawRequest): Promise<Duplex | Answer> {
  const request = await begin(sandbox, raw);
  request.end();
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('upgrade', (_response, socket) => resolve(socket));
    request.on('response', async (response: IncomingMessage) => {
      let body = '';
      for await (const chunk of response.setEncoding('utf8')) body += chunk;
      resolve({ httpCode: response.statusCode ?? 0, headers: response.headers, body });
    });
  });
}

export const portForwardPath = (pod: string) => {
  const [namespace, name] = pod.split('/');
  return `/api/v1/namespaces/${namespace}/pods/${name}/portforward`;
};

export const spdyHeaders = {
  connection: 'Upgrade',
  upgrade: 'SPDY/3.1',
  'x-stream-protocol-version': 'portforward.k8s.io',
};

async function begin(sandbox: Sandbox, { method = 'GET', path, headers = {}, token }: RawRequest) {
  const config = JSON.parse(await readFile(sandbox.kubeconfigPath, 'utf8'));
  const user = config.users[0].user;
  const login = token
    ? {}
    : {
        cert: Buffer.from(user['client-certificate-data'], 'base64'),
        key: Buffer.from(user['client-key-data'], 'base64'),
      };
  return httpsRequest(new URL(path, sandbox.server), {
    method,
    ca: sandbox.ca,
    ...login,
    agent: false,
    headers: { ...headers, ...(token ? { authorization: `Bearer ${token}` } : {}) },
  });
}

// Frames, by hand.

const u32 = (...values: number[]) =>
  Buffer.from(values.flatMap((v) => [v >>> 24, v >>> 16, v >>> 8, v].map((b) => b & 0xff)));

/** A header block in one stored deflate block; `first` begins the zlib stream (RFC 1950 without a dictionary). */
export function storedBlock(headers: Record<string, string>, first: boolean): Buffer {
  const texts = Object.entries(headers).flat();
  const plain = Buffer.concat([
    u32(texts.length / 2),
    ...texts.flatMap((text) => [u32(text.length), Buffer.from(text)]),
  ]);
  const length = plain.length;
  return Buffer.concat([
    Buffer.from(first ? [0x78, 0x01] : []),
    Buffer.from([0, length & 0xff, length >> 8, ~length & 0xff, (~length >> 8) & 0xff]),
    plain,
    Buffer.from('000000ffff', 'hex'),
  ]);
}

export function synStream(streamId: number, block: Buffer, flags = 0): Buffer {
  const body = Buffer.concat([u32(streamId, 0), Buffer.from([0, 0]), block]);
  return Buffer.concat([Buffer.from('80030001', 'hex'), u32((flags << 24) | body.length), body]);
}

export const data = (streamId: number, text: string | Buffer, flags = 0) => {
  const bytes = Buffer.from(text);
  return Buffer.concat([u32(streamId, (flags << 24) | bytes.length), bytes]);
};

export const ping = (id: number) => Buffer.concat([Buffer.from('8003000600000004', 'hex'), u32(id)]);
export const rst = (streamId: number, status = 5) =>
  Buffer.concat([Buffer.from('8003000300000008', 'hex'), u32(streamId, status)]);

/** SYNs of one connection: the error stream (already ended) and the data stream after it. */
export function openPair(streamId: number, port: number): Buffer {
  const common = { port: String(port), requestid: String(streamId) };
  return Buffer.concat([
    synStream(streamId, storedBlock({ streamtype: 'error', ...common }, streamId === 1), 1),
    synStream(streamId + 2, storedBlock({ streamtype: 'data', ...common }, false)),
  ]);
}

export type SeenFrame =
  | {
      readonly type: 'data';
      readonly id: number;
      readonly fin: boolean;
      readonly text: string;
      readonly sizeBytes: number;
    }
  | { readonly type: 'reply' | 'rst' | 'ping' | 'other'; readonly id: number };

/** Reads frames one by one; undefined at the end of the session. */
export class SeenFrames {
  readonly #chunks: AsyncIterator<Buffer>;
  #pending = Buffer.alloc(0);

  constructor(carrier: Duplex) {
    carrier.on('error', () => {});
    this.#chunks = carrier[Symbol.asyncIterator]();
  }

  async next(): Promise<SeenFrame | undefined> {
    for (;;) {
      const frame = this.#cut();
      if (frame) return frame;
      const chunk = await this.#chunks.next().catch(() => ({ done: true, value: undefined }) as const);
      if (chunk.done) return undefined;
      this.#pending = Buffer.concat([this.#pending, chunk.value]);
    }
  }

  /** Frames up to and with the first that is wanted. Rejects where the session ends before. */
  async until(isWanted: (frame: SeenFrame) => boolean): Promise<SeenFrame[]> {
    const seen: SeenFrame[] = [];
    for (;;) {
      const frame = await this.next();
      if (!frame) throw new Error(`the session ended after ${JSON.stringify(seen)}`);
      seen.push(frame);
      if (isWanted(frame)) return seen;
    }
  }

  #cut(): SeenFrame | undefined {
    const bytes = this.#pending;
    if (bytes.length < 8) return undefined;
    const end = 8 + bytes.readUIntBE(5, 3);
    if (bytes.length < end) return undefined;
    this.#pending = bytes.subarray(end);
    const isData = (bytes[0]! & 0x80) === 0;
    const id = isData ? bytes.readUInt32BE(0) : end >= 12 ? bytes.readUInt32BE(8) & 0x7fffffff : 0;
    if (isData) {
      const text = bytes.toString('latin1', 8, end);
      return { type: 'data', id, fin: bytes[4] === 1, text, sizeBytes: end - 8 };
    }
    const names = { 2: 'reply', 3: 'rst', 6: 'ping' } as const;
    return { type: names[bytes.readUInt16BE(2) as 2 | 3 | 6] ?? 'other', id };
  }
}
