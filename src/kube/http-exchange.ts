/** One HTTP/1.1 exchange over a pool, with its deadline and its bounds. Knows nothing of credentials or of what an answer means. */
import {
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
} from 'node:http';
import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import type { UpgradedSocket } from './kube-api.ts';

/** A list of 2,000 pods has about 20 MB. */
export const maxBodyBytes = 128 * 1024 * 1024;
/** What is read of an answer that is only to be classified. */
export const maxErrorBodyBytes = 64 * 1024;
/** etcd takes 1.5 MiB for an object; a watch line is an object and its wrapping. */
const maxLineBytes = 16 * 1024 * 1024;
/** Idle sockets that the server has closed meanwhile: after so many the next one is certainly new. */
const maxStaleSockets = 9;

export interface Exchange {
  readonly agent: Agent;
  readonly method: string;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string | undefined;
  /** Aborted when the caller gives up or the time is over; its reason is what the exchange rejects with. */
  readonly signal: AbortSignal;
}

export type Answer =
  | { readonly kind: 'response'; readonly response: IncomingMessage }
  | ({ readonly kind: 'upgraded' } & UpgradedSocket);

/**
 * Sends one request; resolves with the head of the answer. Where a kept-alive socket turns out to be closed, a request that
 * changes nothing is sent again on another. Rejects with Node's error, an AppError of the dial or the signal's reason.
 */
export async function send(exchange: Exchange): Promise<Answer> {
  for (let stale = 0; ; stale++) {
    const outcome = await sendOnce(exchange);
    if (outcome.kind !== 'stale') return outcome;
    if (stale === maxStaleSockets) throw outcome.error;
  }
}

type Outcome = Answer | { readonly kind: 'stale'; readonly error: Error };

function sendOnce({ agent, method, path, headers, body, signal }: Exchange): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const client: ClientRequest = request({ agent, method, path, headers, setHost: false });
    const repeatable = method === 'GET' || headers.Upgrade !== undefined;
    const aborted = () => {
      client.destroy(signal.reason);
      // Until it has a socket, a destroyed request says nothing.
      reject(signal.reason);
    };
    signal.addEventListener('abort', aborted, { once: true });
    client.once('response', (response) => {
      // Until the body has ended the signal still ends it.
      response.once('close', () => signal.removeEventListener('abort', aborted));
      resolve({ kind: 'response', response });
    });
    client.once('upgrade', (response, socket, head) => {
      signal.removeEventListener('abort', aborted);
      // The pool's idle limit is not the upgraded connection's.
      socket.setTimeout(0);
      resolve({ kind: 'upgraded', socket, head, headers: response.headers });
    });
    client.on('error', (error: NodeJS.ErrnoException) => {
      signal.removeEventListener('abort', aborted);
      const closedMeanwhile = error.code === 'ECONNRESET' || error.code === 'EPIPE';
      if (closedMeanwhile && client.reusedSocket && repeatable && !signal.aborted)
        resolve({ kind: 'stale', error });
      else reject(signal.aborted ? signal.reason : error);
    });
    client.end(body);
  });
}

/** The whole body as text. Rejects with SP-API-ERROR beyond `limitBytes`. */
export async function readBody(response: IncomingMessage, limitBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes) {
      response.destroy();
      throw new AppError('SP-API-ERROR', { message: `an answer of more than ${limitBytes} bytes` });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The first `maxErrorBodyBytes` of a body; what is behind them, or a broken end, does not matter. */
export async function readErrorBody(response: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes >= maxErrorBodyBytes) break;
    }
  } catch {
    // The status line alone classifies it.
  }
  return Buffer.concat(chunks).toString('utf8', 0, maxErrorBodyBytes);
}

/** The lines of a body as they come, without their newline. Rejects with SP-API-ERROR for a line beyond `maxLineBytes`. */
export async function* readLines(
  response: AsyncIterable<Buffer>,
  limitBytes = maxLineBytes,
): AsyncGenerator<string> {
  const newline = 0x0a;
  let begun: Buffer[] = [];
  let begunBytes = 0;
  for await (const chunk of response) {
    let from = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      const rest = chunk.subarray(from, at);
      const line = begun.length > 0 ? Buffer.concat([...begun, rest]) : rest;
      begun = [];
      begunBytes = 0;
      from = at + 1;
      if (line.length > 0) yield line.toString('utf8');
    }
    if (from === chunk.length) continue;
    begun.push(chunk.subarray(from));
    begunBytes += chunk.length - from;
    if (begunBytes > limitBytes) {
      throw new AppError('SP-API-ERROR', { message: `a line of more than ${limitBytes} bytes` });
    }
  }
  if (begunBytes > 0) yield Buffer.concat(begun).toString('utf8');
}

/** A signal that is aborted by the caller's, or with SP-API-UNREACHABLE after `timeoutMs`. Disposing ends the clock's timer. */
export class Deadline implements Disposable {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  readonly #server: string;
  #timer: { cancel(): void };

  constructor(options: { clock: Clock; server: string; timeoutMs: number; signal: AbortSignal }) {
    const { clock, server, timeoutMs, signal } = options;
    this.#clock = clock;
    this.#server = server;
    this.#timer = this.#after(timeoutMs);
    this.signal = AbortSignal.any([signal, this.#controller.signal]);
  }

  /** Starts the time anew. */
  extend(timeoutMs: number): void {
    this.#timer.cancel();
    this.#timer = this.#after(timeoutMs);
  }

  [Symbol.dispose](): void {
    this.#timer.cancel();
  }

  #after(timeoutMs: number): { cancel(): void } {
    return this.#clock.after(timeoutMs, () =>
      this.#controller.abort(
        new AppError('SP-API-UNREACHABLE', {
          server: this.#server,
          message: `no answer within ${timeoutMs / 1000} s`,
        }),
      ),
    );
  }
}
