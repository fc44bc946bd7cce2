import { connect, type Socket } from 'node:net';

export interface Reply {
  /** What came before the end or the first line break, without it. */
  readonly text: string;
  /** From connect() to the line, ms. */
  readonly tookMs: number;
}

const replyTimeoutMs = 90_000;
const maxLineBytes = 64 * 1024;

/** Connects, says nothing (or `send`), and waits for one line. Rejects when the connection ends without one. */
export function readLine(
  port: number,
  options: { host?: string; send?: string; timeoutMs?: number } = {},
): Promise<Reply> {
  const { host = '127.0.0.1', send, timeoutMs = replyTimeoutMs } = options;
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    const chunks: Buffer[] = [];
    let received = 0;
    const socket = connect({ host, port, noDelay: true });
    const fail = (error: Error) => {
      socket.destroy();
      clearTimeout(deadline);
      reject(error);
    };
    const deadline = setTimeout(() => fail(new Error(`no line came in ${timeoutMs} ms`)), timeoutMs);
    if (send !== undefined) socket.write(send);
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      received += chunk.length;
      const end = chunk.indexOf(10);
      if (end < 0) return received > maxLineBytes ? fail(new Error('the line is too long')) : undefined;
      clearTimeout(deadline);
      const text = Buffer.concat(chunks).toString('utf8', 0, received - chunk.length + end);
      resolve({ text, tookMs: performance.now() - startedMs });
      socket.destroy();
    });
    socket.on('end', () => fail(new Error(`the connection ended after ${received} bytes without a line`)));
    socket.on('error', fail);
  });
}

/** A connection that sends and reads by turns, for a test that follows one stream through a fault. */
export class Conversation implements Disposable {
  readonly #socket: Socket;
  /** Settles when the other side is gone: undefined after a clean end, else the error. */
  readonly closed: Promise<Error | undefined>;
  #received = Buffer.alloc(0);
  #over = false;
  #wake = () => {};

  constructor(port: number, host = '127.0.0.1') {
    this.#socket = connect({ host, port, noDelay: true });
    let failure: Error | undefined;
    this.#socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    this.#socket.on('error', (error) => {
      failure = error;
    });
    this.closed = new Promise((resolve) => {
      this.#socket.on('close', () => {
        this.#over = true;
        this.#wake();
        resolve(failure);
      });
    });
  }

  /** Sends a text to an echoing port and waits until all of it is back. */
  async echo(text: string): Promise<void> {
    this.#socket.write(text);
    const wanted = Buffer.from(text);
    while (this.#received.length < wanted.length) {
      if (this.#over) throw new Error('the connection ended before the echo was whole');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const got = this.#received.subarray(0, wanted.length);
    this.#received = this.#received.subarray(wanted.length);
    if (!got.equals(wanted))
      throw new Error(`sent ${JSON.stringify(text)}, got ${JSON.stringify(got.toString())}`);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
