import { createHmac } from 'node:crypto';
import type { Secret } from '../../base/secret.ts';
import type { Destination } from './destination.ts';
import { type HttpTarget, post } from './http-post.ts';

export interface WebhookOptions extends HttpTarget {
  /** Signs each body: `Sallyport-Signature: sha256=HMAC`, hex. */
  readonly hmacKey?: Secret;
}

/**
 * Posts lines as they are (application/x-ndjson): whoever appends the bodies to a file, in the order of their numbers and each once, has
 * the log, and can verify it. `Idempotency-Key` is the same for a body that is sent again.
 */
export function webhook(options: WebhookOptions): Destination {
  return {
    async send({ log, lines }, signal) {
      const body = lines.map(({ line }) => `${line}\n`).join('');
      const [first, last] = [lines[0]!.record.seq, lines.at(-1)!.record.seq];
      const signature =
        options.hmacKey && createHmac('sha256', options.hmacKey.reveal()).update(body).digest('hex');
      const headers = {
        'content-type': 'application/x-ndjson',
        'idempotency-key': `${log}.${first}-${last}`,
        'sallyport-log': log,
        ...(signature !== undefined && { 'sallyport-signature': `sha256=${signature}` }),
      };
      const posted = await post(options, { body, headers, signal });
      return posted.kind === 'answer' ? { kind: 'taken' } : posted;
    },
  };
}
