/** One WebSocket to the API server, open or classified. `ws` is loaded on the first one: the raw carrier never needs it. */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { AppError } from '../base/app-error.ts';
import { readErrorBody } from './http-exchange.ts';
import { classifyNetworkError, classifyStatus, type StatusContext } from './status-error.ts';
import { unlessAborted } from './unless-aborted.ts';

/** The API server sends slices of at most 32 KiB. */
const maxMessageBytes = 1024 * 1024;

export interface WebSocketHandshake {
  readonly dial: () => Promise<Duplex>;
  readonly secure: boolean;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly protocols: readonly string[];
  readonly signal: AbortSignal;
  readonly context: StatusContext;
}

export async function openWebSocket(handshake: WebSocketHandshake): Promise<WebSocket> {
  const { dial, secure, path, headers, protocols, signal, context } = handshake;
  const dialling = dial();
  const [{ WebSocket }, socket] = await unlessAborted(Promise.all([import('ws'), dialling]), signal).catch(
    (error) => {
      // Nobody waits for it any more.
      dialling.then((late) => late.destroy()).catch(() => {});
      throw error;
    },
  );
  let chosen: string | undefined;
  const webSocket = new WebSocket(`ws://${headers.Host}${path}`, {
    // The socket speaks TLS already.
    createConnection: () => socket as never,
    // ws refuses names with a slash (SPDY/3.1+portforward.k8s.io), so the subprotocol is asked for and checked here.
    finishRequest: (request) => {
      request.prependOnceListener('upgrade', (response: IncomingMessage) => {
        chosen = response.headers['sec-websocket-protocol'];
        delete response.headers['sec-websocket-protocol'];
      });
      request.end();
    },
    headers: { ...(headers as Record<string, string>), 'Sec-WebSocket-Protocol': protocols.join(', ') },
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    // Masking keeps browsers from forging requests to proxies that read along. Inside TLS none does; a mask of zeros costs no pass over the bytes.
    ...(secure ? { generateMask: (mask: Buffer) => mask.fill(0) } : {}),
  });
  return new Promise((resolve, reject) => {
    const settle = () => {
      signal.removeEventListener('abort', aborted);
      webSocket.off('open', opened).off('error', failed).off('unexpected-response', refused);
    };
    const abandon = (reason: unknown) => {
      settle();
      webSocket.on('error', () => {});
      webSocket.terminate();
      socket.destroy();
      reject(reason);
    };
    const aborted = () => abandon(signal.reason);
    const opened = () => {
      if (chosen === undefined || !protocols.includes(chosen)) {
        const message = `it chose ${chosen === undefined ? 'no subprotocol' : 'a subprotocol that was not asked for'}`;
        return abandon(new AppError('SP-UPGRADE-REFUSED', { message }));
      }
      settle();
      resolve(webSocket);
    };
    const failed = (error: NodeJS.ErrnoException) => {
      // Without a code it is ws itself that does not accept the handshake: no upgrade, or a wrong key.
      const message = error.message;
      abandon(
        error.code
          ? classifyNetworkError(error, context)
          : new AppError('SP-UPGRADE-REFUSED', { message }, error),
      );
    };
    const refused = async (_request: unknown, response: IncomingMessage) => {
      const { statusCode = 0, headers: answered } = response;
      const body = await readErrorBody(response);
      abandon(classifyStatus(statusCode, body, { ...context, retryAfter: answered['retry-after'] }));
    };
    if (signal.aborted) return aborted();
    signal.addEventListener('abort', aborted, { once: true });
    webSocket.once('open', opened).once('error', failed).once('unexpected-response', refused);
  });
}
