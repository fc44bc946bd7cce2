import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { LoopbackGate } from './loopback-gate.ts';

export interface LoopbackPageOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** A folder with index.html; without one the page says what is missing. */
  readonly pageFolder: string | undefined;
  readonly createServer: (
    guard: (request: FastifyRequest, reply: FastifyReply) => Promise<boolean>,
  ) => Promise<FastifyInstance>;
  /** Default 15 minutes. */
  readonly idleMs?: number;
}

const host = '127.0.0.1';

/** The page on a free loopback port, from the first request for it until nobody has used it for a while. */
export class LoopbackPage implements AsyncDisposable {
  readonly #options: LoopbackPageOptions;
  #open: Promise<Opened> | undefined;
  #idle: Timer | undefined;
  /** WebSockets: whoever looks at the page uses it. */
  #viewers = 0;

  constructor(options: LoopbackPageOptions) {
    this.#options = options;
  }

  /** An address that opens the page once. */
  async invite(): Promise<{ readonly url: string; readonly expiresAtMs: number }> {
    this.#open ??= this.#listen();
    const { gate } = await this.#open;
    this.#used();
    return gate.invite();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#idle?.cancel();
    const opened = await this.#open?.catch(() => undefined);
    this.#open = undefined;
    await opened?.server.close();
  }

  async #listen(): Promise<Opened> {
    const { clock, log, createServer, pageFolder } = this.#options;
    let gate: LoopbackGate | undefined;
    const server = await createServer(async (request, reply) => {
      const verdict = gate?.judge({ method: request.method, url: request.url, headers: request.headers });
      if (verdict?.kind === 'in') {
        this.#used();
        this.#countViewer(request);
        setHeaders(reply);
        return true;
      }
      if (verdict?.kind === 'entered') {
        setHeaders(reply);
        await reply.header('set-cookie', verdict.cookie).redirect('/', 303);
      } else {
        log.warn('page request refused', { why: verdict?.why, path: request.url.split('?')[0] });
        await reply.code(403).send('');
      }
      return false;
    });
    if (pageFolder === undefined)
      server.get('/', (_request, reply) => reply.type('text/html').send(placeholder));
    else {
      const { default: files } = await import('@fastify/static');
      await server.register(files, { root: pageFolder, cacheControl: false, dotfiles: 'deny' });
    }
    await server.listen({ host, port: 0 });
    const address = server.server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    gate = new LoopbackGate(clock, `http://${host}:${port}`);
    log.info('page open', { port });
    return { server, gate };
  }

  #used(): void {
    this.#idle?.cancel();
    this.#idle = this.#options.clock.after(this.#options.idleMs ?? 900_000, () => {
      if (this.#viewers > 0) return this.#used();
      this.#options.log.info('page closed, idle');
      void this[Symbol.asyncDispose]();
    });
  }

  #countViewer({ headers, raw }: FastifyRequest): void {
    if (headers.upgrade === undefined) return;
    this.#viewers++;
    raw.socket.once('close', () => this.#viewers--);
  }
}

interface Opened {
  readonly server: FastifyInstance;
  readonly gate: LoopbackGate;
}

function setHeaders(reply: FastifyReply): void {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  reply.headers({
    'content-security-policy': policy.join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  });
}

const placeholder = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Sallyport</title>
<h1>Sallyport</h1><p>The daemon runs. This build has no page; use <code>sallyport status</code>.</p></html>
`;
