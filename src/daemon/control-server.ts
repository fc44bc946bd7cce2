/**
 * The control API over HTTP. Trust boundary: on the socket everybody who can open it is the user (0600 in a 0700 folder); on loopback
 * the guard has to tell. What comes in is bounded and passes through the contract before anything sees it.
 */
import type { Socket } from 'node:net';
import websocket from '@fastify/websocket';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { prettifyError } from 'zod';
import { AppError } from '../base/app-error.ts';
import type { Log } from '../base/log.ts';
import {
  type ControlHandlers,
  type HandledInput,
  type OperationName,
  operations,
} from '../contract/control.ts';
import {
  closeSlow,
  closeVersion,
  eventsPath,
  everlastingOperations,
  maxRequestBytes,
  metricsPath,
  openApiPath,
  operationPath,
  pageHeader,
  protocolHeader,
  protocolVersion,
  versionHeader,
} from '../contract/control-protocol.ts';
import { type ErrorData, errorTable } from '../contract/error-codes.ts';
import type { EventHub } from './event-hub.ts';
import { refuseFromPage } from './page-limits.ts';

export interface ControlServerOptions {
  readonly handlers: ControlHandlers;
  readonly events: EventHub;
  readonly metrics: () => Promise<string>;
  readonly version: string;
  readonly log: Log;
  /** Operations that are not offered here. */
  readonly without?: readonly OperationName[];
  /** Whether callers here are pages, even where they do not say so. */
  readonly isPage?: boolean;
  /** Told of each request that is taken, and again with the error of one that fails. */
  readonly onRequest?: (request: TakenRequest, error?: ErrorData) => void;
  /** Who may come in; it answers by itself where it says no. Also asked for the WebSocket. */
  readonly guard?: (request: FastifyRequest, reply: FastifyReply) => Promise<boolean>;
}

export interface TakenRequest {
  readonly operation: OperationName;
  readonly input: HandledInput<OperationName>;
  readonly socket: Socket;
}

/** Subscribers at one time: windows, tabs and `status --watch` of one person. */
const maxSubscribers = 64;
const requestTimeoutMs = 15_000;
/** What a subscriber may send: nothing that is read. */
const maxMessageBytes = 1024;

/** All routes, on no address yet. */
export async function createControlServer(options: ControlServerOptions): Promise<FastifyInstance> {
  const { events, metrics, version, log, without = [], guard } = options;
  const server = fastify({
    bodyLimit: maxRequestBytes,
    requestTimeout: requestTimeoutMs,
    forceCloseConnections: true,
    routerOptions: { caseSensitive: true },
    logger: false,
    // The contract validates. Without these fastify loads compilers for schemas that no route has, 3 MiB of them.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
  });
  // What a page can send anywhere without asking first.
  server.removeContentTypeParser('text/plain');
  await server.register(websocket, { options: { maxPayload: maxMessageBytes, perMessageDeflate: false } });
  server.addHook('onRequest', async (request, reply) => {
    if (guard && !(await guard(request, reply))) return reply;
    reply.header(versionHeader, version);
    reply.header('cache-control', 'no-store');
  });
  server.setErrorHandler((thrown, _request, reply) => {
    const { statusCode } = thrown as { statusCode?: number };
    // Fastify's own refusals: too large, no JSON, too slow.
    const isRefusal = statusCode !== undefined && statusCode < 500 && thrown instanceof Error;
    const error = isRefusal ? new AppError('SP-USAGE', { message: thrown.message }) : AppError.from(thrown);
    if (error.code === 'SP-INTERNAL')
      log.warn('operation failed', { message: error.message, stack: stackOf(thrown) });
    return reply.code(isRefusal ? statusCode : statusOf(error)).send({ error: error.toData() });
  });
  server.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ error: { code: 'SP-USAGE', details: { message: 'there is no such operation' } } }),
  );

  for (const name of Object.keys(operations) as OperationName[]) {
    if (!without.includes(name)) addOperation(server, name, options);
  }
  server.get(metricsPath, async (_request, reply) => {
    reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8');
    return metrics();
  });
  server.get(openApiPath, async () => (await import('./open-api.ts')).openApiDocument(version));
  server.get(eventsPath, { websocket: true }, (socket, request) => {
    socket.on('error', () => {});
    if (!speaksProtocol(request)) return socket.close(closeVersion, 'another protocol');
    if (events.size >= maxSubscribers) return socket.close(1013, 'too many subscribers');
    const leave = events.subscribe({
      send: (text) => socket.send(text),
      get waitingBytes() {
        return socket.bufferedAmount;
      },
      dropSlow() {
        log.info('slow subscriber dropped');
        socket.close(closeSlow, 'too slow');
        // Who does not read does not see the close either.
        socket.terminate();
      },
    });
    socket.on('close', leave);
  });
  return server;
}

function addOperation<N extends OperationName>(
  server: FastifyInstance,
  name: N,
  { handlers, version, isPage, onRequest }: ControlServerOptions,
): void {
  const { input, answer } = operations[name];
  server.post(operationPath(name), async (request, reply) => {
    if (!everlastingOperations.includes(name) && !speaksProtocol(request)) {
      const client = request.headers[versionHeader];
      throw new AppError('SP-DAEMON-VERSION', { daemon: version, client: String(client ?? 'unknown') });
    }
    const parsed = input.safeParse(request.body ?? {});
    if (!parsed.success) throw new AppError('SP-USAGE', { message: prettifyError(parsed.error) });
    const taken = { operation: name, input: parsed.data, socket: request.raw.socket };
    onRequest?.(taken);
    const leaving = new AbortController();
    // The answer's own close comes after it was sent, and then aborts nothing that still runs.
    reply.raw.once('close', () => leaving.abort(new AppError('SP-DAEMON-LOST', { message: 'nobody waits' })));
    try {
      if (isPage || request.headers[pageHeader] !== undefined) refuseFromPage(parsed.data);
      return answer.parse(await handlers[name](parsed.data as never, { signal: leaving.signal }));
    } catch (thrown) {
      onRequest?.(taken, AppError.from(thrown).toData());
      throw thrown;
    }
  });
}

/** Who names no protocol is a person with curl. */
function speaksProtocol({ headers }: FastifyRequest): boolean {
  const spoken = headers[protocolHeader];
  return spoken === undefined || spoken === String(protocolVersion);
}

function statusOf({ code }: AppError): number {
  if (code === 'SP-DAEMON-VERSION') return 426;
  if (code === 'SP-INTERNAL') return 500;
  return errorTable[code]?.retry === 'auto' ? 503 : 422;
}

function stackOf(thrown: unknown): string | undefined {
  return thrown instanceof Error ? thrown.stack : undefined;
}

function noSchemas(): never {
  throw new Error('routes have no schemas of their own');
}
