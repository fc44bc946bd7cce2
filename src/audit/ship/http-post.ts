import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Secret } from '../../base/secret.ts';
import type { Sent } from './destination.ts';

export interface HttpTarget {
  /** https, or http to this machine. */
  readonly url: URL;
  /** Names and values beside those of the format: tokens. */
  readonly headers?: Readonly<Record<string, Secret>>;
  /** Certificates of authorities to trust instead of the usual ones, PEM. */
  readonly ca?: string;
  /** The client's own certificate, where the receiver asks for one, PEM. */
  readonly certificate?: { readonly cert: string; readonly key: Secret };
  /** For the whole exchange. Default 10,000. */
  readonly timeoutMs?: number;
}

export type Posted =
  | { readonly kind: 'answer'; readonly body: string }
  | Exclude<Sent, { readonly kind: 'taken' }>;

const maxAnswerBytes = 64 * 1024;
const defaultTimeoutMs = 10_000;
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);
const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Posts a body. An answer of 2xx comes back, all else as what to do about it. Rejects only when aborted. */
export async function post(
  target: HttpTarget,
  { body, headers, signal }: { body: string; headers: Record<string, string>; signal: AbortSignal },
): Promise<Posted> {
  const { url, timeoutMs = defaultTimeoutMs } = target;
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback.test(url.hostname)))
    return {
      kind: 'refused',
      why: `${url.protocol}//${url.hostname} is not sent to: only https, or http on this machine`,
    };
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    return await exchange(target, body, headers, AbortSignal.any([signal, timeout]));
  } catch (error) {
    signal.throwIfAborted();
    if (timeout.aborted) return { kind: 'later', why: `no answer within ${timeoutMs} ms` };
    return { kind: 'later', why: (error as Error).message };
  }
}

function exchange(
  { url, headers: own = {}, ca, certificate }: HttpTarget,
  body: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Posted> {
  const bytes = Buffer.from(body);
  const secrets = Object.entries(own).map(([name, value]) => [name, value.reveal()]);
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const sending = request(url, {
      method: 'POST',
      headers: { ...headers, ...Object.fromEntries(secrets), 'content-length': bytes.length },
      signal,
      // A connection that waits in a pool may be dead when it is needed; a batch is worth a new one.
      agent: false,
      ...(ca !== undefined && { ca }),
      ...(certificate && { cert: certificate.cert, key: certificate.key.reveal() }),
    });
    sending.on('error', reject);
    sending.on('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= maxAnswerBytes) chunks.push(chunk);
        else sending.destroy(new Error('the answer is too long'));
      });
      response.on('end', () => {
        const { statusCode: status = 0, headers: answered } = response;
        if (status >= 200 && status < 300)
          resolve({ kind: 'answer', body: Buffer.concat(chunks).toString() });
        else if (passing.has(status)) resolve(later(status, answered['retry-after']));
        else resolve({ kind: 'refused', why: `it answered ${status}` });
      });
    });
    sending.end(bytes);
  });
}

/** An hour at most: a receiver may ask for patience, not for ever. */
const maxAfterMs = 3_600_000;

function later(status: number, retryAfter: string | undefined): Posted {
  const why = `it answered ${status}`;
  if (retryAfter === undefined) return { kind: 'later', why };
  const seconds = Number(retryAfter);
  const afterMs = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(retryAfter) - Date.now();
  return afterMs > 0
    ? { kind: 'later', why, afterMs: Math.min(afterMs, maxAfterMs) }
    : { kind: 'later', why };
}
