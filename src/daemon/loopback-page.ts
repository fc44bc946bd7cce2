/**
 * The page on loopback. Trust boundary: every program of every user of this machine can connect, so a connection is first asked whose it
 * is, as on tunnels: those of others end before a byte is answered. What the user's own programs and browsers send is the gate's to judge.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../base/app-error.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { PeerFinder } from '../peer/peer-owner.ts';
import { createPeerCheck, ownUids } from '../peer/peer-policy.ts';
import { LoopbackGate } from './loopback-gate.ts';
import { RefusalLog } from './refusal-log.ts';

export interface LoopbackPageOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly peers: PeerFinder;
  /** A folder with index.html; without one the page says what is missing. */
  readonly pageFolder: string | undefined;
  readonly createServer: (
    guard: (request: FastifyRequest, reply: FastifyReply) => Promise<boolean>,
  ) => Promise<FastifyInstance>;
  /** Default 15 minutes. */
  readonly idleMs?: number;
  /** Default: that of this process. */
  readonly platform?: NodeJS.Platform;
}

const addresses = { ipv4: '127.0.0.1', ipv6: '::1' } as const;
/** On each address. A browser opens six at a time, and one for each page's events. */
const maxConnections = 64;
const lasting = 'private, max-age=31536000, immutable';

/** The page on a free loopback port, from the first request for it until nobody has used it for a while. */
export class LoopbackPage implements AsyncDisposable {
  readonly #options: LoopbackPageOptions;
  #open: Promise<Opened> | undefined;
  #idle: Timer | undefined;
  /** WebSockets: whoever looks at the page uses it. */
  #viewers = 0;
  readonly #refusals: RefusalLog;
  /** Whether the other end is the user's own program. */
  readonly #own = new WeakMap<Socket, Promise<boolean>>();
  readonly #check: ReturnType<typeof createPeerCheck>;

  constructor(options: LoopbackPageOptions) {
    const { clock, log, peers } = options;
    this.#options = options;
    this.#refusals = new RefusalLog(clock, log);
    this.#check = createPeerCheck({ finder: peers, listen: 'tcp', uids: ownUids({}) });
  }

  /** An address that opens the page once. */
  async invite(): Promise<{ readonly url: string; readonly expiresAtMs: number }> {
    this.#open ??= this.#listen().catch((error) => {
      this.#open = undefined;
      throw error;
    });
    const { gate } = await this.#open;
    this.#used();
    return gate.invite();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#idle?.cancel();
    const opened = await this.#open?.catch(() => undefined);
    this.#open = undefined;
    await opened?.stack.disposeAsync();
  }

  async #listen(): Promise<Opened> {
    const { clock, log, createServer, pageFolder } = this.#options;
    await using opening = new AsyncDisposableStack();
    let gate: LoopbackGate | undefined;
    const server = await createServer(async (request, reply) => {
      if (!(await this.#own.get(request.raw.socket))) return false;
      const verdict = gate?.judge({ method: request.method, url: request.url, headers: request.headers });
      if (verdict?.kind === 'in') {
        this.#used();
        this.#countViewer(request);
        setHeaders(reply);
        return true;
      }
      if (verdict?.kind === 'entered') {
        setHeaders(reply);
        // No redirect: one that follows a link of another site, as the file that leads here is, carries no strict cookie.
        if (verdict.cookie !== undefined) reply.header('set-cookie', verdict.cookie);
        await reply.type('text/html').send(entered);
      } else {
        this.#refusals.warn('page request refused', { why: verdict?.why, path: request.url.split('?')[0] });
        const isLate = verdict?.kind === 'refused' && (verdict.why === 'token' || verdict.why === 'cookie');
        if (isLate && isLookedAt(request)) {
          setHeaders(reply);
          reply.header('content-security-policy', tooLatePolicy);
          await reply.code(403).type('text/html').send(tooLate);
        } else await reply.code(403).send('');
      }
      return false;
    });
    opening.defer(() => server.close());
    if (pageFolder === undefined)
      server.get('/', (_request, reply) => reply.type('text/html').send(placeholder));
    else {
      const { default: files } = await import('@fastify/static');
      await server.register(files, {
        root: pageFolder,
        cacheControl: false,
        dotfiles: 'deny',
        setHeaders(reply, path) {
          // Named by their content; all else says no-store, as every answer here.
          if (path.startsWith(join(pageFolder, 'assets'))) reply.header('cache-control', lasting);
        },
      });
    }
    server.server.maxConnections = maxConnections;
    server.server.on('connection', (socket) => this.#ask(socket));
    await server.listen({ host: addresses.ipv4, port: 0 });
    const address = server.server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const host = hostOf(this.#options.platform ?? process.platform);
    if (host !== addresses.ipv4) await listenOnIpv6(server.server, port, opening);
    gate = new LoopbackGate(clock, `http://${host}:${port}`);
    log.info('page open', { port });
    return { gate, stack: opening.move() };
  }

  #ask(socket: Socket): void {
    const own = this.#check(socket).then((verdict) => {
      if (verdict.kind === 'admitted') return true;
      socket.destroy();
      this.#refusals.warn('page connection refused', { ...verdict.error.details });
      return false;
    });
    this.#own.set(socket, own);
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
  readonly gate: LoopbackGate;
  readonly stack: AsyncDisposableStack;
}

/**
 * A name that nobody else can serve anything under: cookies are the same for all ports of a host, so that on 127.0.0.1 every http tunnel and
 * every server of others would be sent the page's. Browsers take *.localhost for loopback without asking a resolver (RFC 6761). Safari asks one,
 * which on macOS knows no such names; what a cookie is worth to others there, the question whose a connection is decides.
 */
function hostOf(platform: NodeJS.Platform): string {
  return platform === 'darwin' ? addresses.ipv4 : `sallyport-${randomBytes(16).toString('hex')}.localhost`;
}

/** Browsers try it first for such a name: where it were free, somebody else could answer there. Throws SP-LOCAL-PORT-IN-USE. */
async function listenOnIpv6(server: Server, port: number, stack: AsyncDisposableStack): Promise<void> {
  const address = addresses.ipv6;
  const front = createTcpServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    server.emit('connection', socket),
  );
  front.maxConnections = maxConnections;
  const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    front.on('error', resolve);
    front.listen({ host: address, port, ipv6Only: true }, () => resolve(undefined));
  });
  if (!error) stack.defer(() => void front.close());
  else if (error.code === 'EADDRINUSE') throw new AppError('SP-LOCAL-PORT-IN-USE', { address, port }, error);
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

/** With an icon of its own: a browser would ask for /favicon.ico, which is not there. */
const entered = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/"><link rel="icon" href="data:,"><title>Sallyport</title>
<a href="/">Sallyport</a></html>
`;

/** A browser of the user shows what is answered here, to whoever sits before it. */
function isLookedAt({ headers }: FastifyRequest): boolean {
  return headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
}

const tooLateStyle =
  'body{font:13px/1.5 system-ui,sans-serif;max-width:40em;margin:20vh auto;padding:0 24px}h1{font-size:22px}';
const tooLatePolicy = `default-src 'none'; img-src data:; style-src 'sha256-${createHash('sha256').update(tooLateStyle).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
const tooLate = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><title>Sallyport</title>
<style>${tooLateStyle}</style><h1>This address works no more</h1><p>Each works once, within a minute, in one browser. <code>sallyport ui</code> opens a new one; of a demo, stop it and start it again.</p></html>
`;

const placeholder = `<!doctype html>
<html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><title>Sallyport</title>
<h1>Sallyport</h1><p>The daemon runs. This build has no page; use <code>sallyport status</code>.</p></html>
`;
