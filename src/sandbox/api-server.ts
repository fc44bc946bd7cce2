import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { type AccessRequest, type Allow, forbidden, review } from './access.ts';
import type { ApiFaults } from './api-faults.ts';
import type { Certificates } from './certificates.ts';
import { discover } from './discovery.ts';
import { endUpgrade, readJson, retryAfter, send, sendStatus, toStatusError } from './http-answer.ts';
import { type Identity, identify, type Tokens } from './identity.ts';
import type { ObjectStore } from './object-store.ts';
import type { PlainAnswer } from './plain-answer.ts';
import { carrierOf, type PortForward } from './port-forward.ts';
import { parsePath, pluralIn, type ResourcePath, verbOf } from './request-path.ts';
import { Resources } from './resources.ts';
import { badRequest, expired, unauthorized, unknownPath } from './status-error.ts';
import { WatchResponse } from './watch-response.ts';

export interface ApiServerOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly certificates: Certificates;
  readonly tokens: Tokens;
  readonly faults: ApiFaults;
  readonly portForward: PortForward;
  /** Asked for every request, so that the rules can change while it runs. */
  readonly allow: Allow;
}

/** One request as the audit log has it. */
export interface AuditEntry {
  readonly auditId: string;
  readonly method: string;
  readonly path: string;
  readonly user: string;
  readonly userAgent: string;
}

const auditLimit = 10_000;
/** As Kubernetes keeps idle connections. */
const idleTimeoutMs = 90_000;

/**
 * The API server: HTTPS on a loopback port, client certificates or bearer tokens. Trust boundary: nothing is answered without a valid
 * identity, and nothing but what `allow` permits; any failure of a request is a Status for that request alone.
 */
export class ApiServer implements AsyncDisposable {
  readonly #options: ApiServerOptions;
  readonly #resources: Resources;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #watches = new Set<WatchResponse>();
  readonly #audit: AuditEntry[] = [];

  constructor(options: ApiServerOptions) {
    this.#options = options;
    this.#resources = new Resources(options);
    const { ca, server } = options.certificates;
    this.#server = createServer({
      ...server,
      ca,
      requestCert: true,
      // Who has no certificate may have a token.
      rejectUnauthorized: false,
      // Without it a client with a certificate cannot resume its TLS session.
      sessionIdContext: 'sallyport-sandbox',
      noDelay: true,
    });
    this.#server.keepAliveTimeout = idleTimeoutMs;
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('request', (request, response) => void this.#handle(request, response));
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket as Socket, head));
    this.#server.on('tlsClientError', () => {});
    this.#server.on('clientError', (_error, socket) => socket.destroy());
  }

  /** Listens on a free loopback port and returns it. */
  async listen(host: string): Promise<number> {
    this.#server.listen(0, host);
    await once(this.#server, 'listening');
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  /** The last 10,000 requests, oldest first. */
  get audit(): readonly AuditEntry[] {
    return this.#audit;
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  /** Ends every watch as if its version had been compacted, and forgets history. */
  expireWatches(): void {
    this.#options.store.compact();
    const version = Number(this.#options.store.resourceVersion);
    for (const watch of this.#watches) watch.fail(expired(version - 1, version));
  }

  closeWatches(): void {
    for (const watch of this.#watches) watch.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.closeWatches();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    try {
      const { url, path, verb, identity } = this.#admit(request, response);
      const discovered = discover(url.pathname);
      if (discovered && request.method === 'GET') return send(response, 200, discovered);
      if (!path) throw unknownPath();
      const plural = pluralIn(path);
      const body = await readJson(request);
      const answered =
        request.method === 'POST' ? review(path.resource, body, identity, this.#options.allow) : undefined;
      if (answered) return send(response, 201, answered);
      this.#authorize(identity, path, verb);
      if (path.subresource === 'portforward') throw badRequest('Upgrade request required');
      if (!plural || path.subresource !== '') throw unknownPath();
      const asTable = (request.headers.accept ?? '').includes('as=Table');
      if (verb === 'watch') return this.#watch(response, { plural, path, query: url.searchParams, asTable });
      const answer = this.#resources.answer({ plural, path, verb, query: url.searchParams, body, asTable });
      send(response, answer.httpCode, answer.body);
    } catch (error) {
      sendStatus(response, toStatusError(error));
    }
  }

  #watch(
    response: ServerResponse,
    request: Pick<Parameters<Resources['answer']>[0], 'plural' | 'path' | 'query' | 'asTable'>,
  ): void {
    const { store, clock } = this.#options;
    const { plural, path, query, asTable } = request;
    const watch = new WatchResponse(response);
    watch.start(
      {
        store,
        clock,
        plural,
        query,
        selection: this.#resources.selection(path, query),
        show: this.#resources.show(plural, asTable),
      },
      () => this.#watches.delete(watch),
    );
    this.#watches.add(watch);
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => {});
    let refused: PlainAnswer | undefined;
    try {
      const { path, identity } = this.#admit(request);
      if (path?.resource !== 'pods' || path.subresource !== 'portforward') throw unknownPath();
      // Since 1.35 the tunnel needs create as well as get.
      const verbs = carrierOf(request) === 'spdy' ? ['create'] : ['get', 'create'];
      for (const verb of verbs) this.#authorize(identity, path, verb);
      refused = this.#options.portForward.upgrade({
        request,
        socket,
        head,
        namespace: path.namespace,
        name: path.name,
      });
    } catch (error) {
      const status = toStatusError(error);
      return endUpgrade(socket, {
        httpCode: status.httpCode,
        text: JSON.stringify(status.toStatus()),
        headers: { 'Content-Type': 'application/json', ...retryAfter(status) },
      });
    }
    if (refused) {
      const { httpCode, text } = refused;
      endUpgrade(socket, {
        httpCode,
        text: `${text}\n`,
        headers: { 'Content-Type': 'text/plain; charset=utf-8' },
      });
    }
  }

  /** What every request goes through first: audit, faults, identity. Throws StatusErrors. */
  #admit(request: IncomingMessage, response?: ServerResponse) {
    const url = new URL(request.url ?? '/', 'https://sandbox');
    const method = request.method ?? 'GET';
    const auditId = [request.headers['audit-id']].flat()[0] || randomUUID();
    response?.setHeader('Audit-Id', auditId);
    const identity = identify(request, this.#options.tokens);
    const user = identity?.user ?? 'system:anonymous';
    const userAgent = request.headers['user-agent'] ?? '';
    this.#audit.push({ auditId, method, path: `${url.pathname}${url.search}`, user, userAgent });
    if (this.#audit.length > auditLimit) this.#audit.shift();
    const failure = this.#options.faults.intercept(url.pathname);
    if (failure) throw failure;
    if (!identity) throw unauthorized();
    const path = parsePath(url.pathname);
    return { url, path, identity, verb: path ? verbOf(method, path, url.searchParams) : 'get' };
  }

  #authorize(identity: Identity, path: ResourcePath, verb: string): void {
    const access: AccessRequest = { verb, ...path };
    if (!this.#options.allow(identity, access)) throw forbidden(identity, access);
  }
}
