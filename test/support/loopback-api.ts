import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import { silentLog } from '../../src/base/log.ts';
import { createKubeApi, type KubeApiOptions } from '../../src/kube/http-kube-api.ts';
import type { KubeApi } from '../../src/kube/kube-api.ts';
import { issueCertificates } from '../../src/sandbox/certificates.ts';
import { FakeClock } from './fake-clock.ts';
import { writeKubeconfig } from './kubeconfig-file.ts';

export const certificates = issueCertificates(['api.test', '127.0.0.1']);

/** One request as the server saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  /** Names and values as sent: repeated headers stay apart. */
  readonly rawHeaders: readonly string[];
  /** Common name of the client certificate. */
  readonly certificateOf: string | undefined;
  /** Counts the server's connections from 1. */
  readonly connection: number;
  readonly resumed: boolean;
}

export interface LoopbackApi {
  readonly url: string;
  readonly port: number;
  /** A folder of this test, removed at the end. */
  readonly folder: string;
  readonly seen: SeenRequest[];
  readonly server: Server;
  /** Writes a kubeconfig for this server and gives its path. */
  kubeconfig(options?: {
    cluster?: Record<string, unknown>;
    user?: Record<string, unknown>;
    name?: string;
  }): Promise<string>;
}

export interface LoopbackHandlers {
  readonly onRequest?: (request: IncomingMessage, response: ServerResponse) => void;
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex) => void;
}

/** A TLS server on loopback in the API server's place. Answers `{}` to whatever has no handler. Ends with the test. */
export async function startLoopbackApi(handlers: LoopbackHandlers = {}): Promise<LoopbackApi> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-kube-'));
  const { server: serverCertificate, ca } = certificates;
  const server = createServer({ ...serverCertificate, ca, requestCert: true, rejectUnauthorized: false });
  const seen: SeenRequest[] = [];
  const sockets = new Map<Duplex, number>();
  server.on('secureConnection', (socket) => {
    sockets.set(socket, sockets.size + 1);
    socket.on('error', () => {});
  });
  const note = (request: IncomingMessage) => {
    const socket = request.socket as TLSSocket;
    seen.push({
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      rawHeaders: request.rawHeaders,
      certificateOf: socket.getPeerCertificate().subject?.CN?.toString(),
      connection: sockets.get(socket) ?? 0,
      resumed: socket.isSessionReused(),
    });
  };
  server.on('request', (request, response) => {
    note(request);
    if (handlers.onRequest) handlers.onRequest(request, response);
    else response.end('{}');
  });
  server.on('upgrade', (request, socket) => {
    note(request);
    if (handlers.onUpgrade) handlers.onUpgrade(request, socket);
    else socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets.keys()) socket.destroy();
    server.close();
    await once(server, 'close');
    await rm(folder, { recursive: true, force: true });
  });
  const { port } = server.address() as AddressInfo;
  const url = `https://127.0.0.1:${port}`;
  return {
    url,
    port,
    folder,
    seen,
    server,
    async kubeconfig({ cluster = {}, user = {}, name = 'config' } = {}) {
      const path = join(folder, name);
      const authority = { 'certificate-authority-data': Buffer.from(ca).toString('base64') };
      await writeKubeconfig(path, {
        cluster: { server: url, ...authority, ...cluster } as Record<string, string>,
        user,
      });
      return path;
    },
  };
}

/** A KubeApi for a kubeconfig, without environment, log or anybody who waits. Ends with the test. */
export async function connectTo(kubeconfig: string, options: Partial<KubeApiOptions> = {}): Promise<KubeApi> {
  const api = await createKubeApi({
    kubeconfig,
    env: {},
    clock: new FakeClock(),
    log: silentLog,
    userAgent: () => 'sallyport/1 (test)',
    interactive: () => false,
    ...options,
  });
  onTestFinished(() => api[Symbol.asyncDispose]());
  return api;
}

export const base64 = (text: string) => Buffer.from(text).toString('base64');

export const switching = (protocol: string) =>
  `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`;

/** Completes a WebSocket handshake with the given subprotocol, by hand: the server of `ws` refuses names with a slash. */
export function acceptWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  protocol: string | undefined,
): void {
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const chosen = protocol === undefined ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`;
  socket.write(
    `${switching('websocket').slice(0, -2)}${chosen}Sec-WebSocket-Accept: ${createHash('sha1').update(key).digest('base64')}\r\n\r\n`,
  );
}

/** A watch with nothing special about it. */
export const watch = (options: { readonly idleTimeoutMs?: number; readonly signal?: AbortSignal } = {}) => ({
  path: '/watch',
  signal: new AbortController().signal,
  idleTimeoutMs: 60_000,
  ...options,
});

/** An exec plugin whose n-th run gives the token t<n>; `script` where it is to do something else. */
export function execUser(folder: string, script?: string): Record<string, unknown> {
  const runs = JSON.stringify(join(folder, 'runs'));
  const giving = `const fs = require('node:fs'); fs.appendFileSync(${runs}, 'x');
    console.log(JSON.stringify({ kind: 'ExecCredential', apiVersion: 'client.authentication.k8s.io/v1', status: { token: 't' + fs.readFileSync(${runs}).length } }))`;
  return {
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      interactiveMode: 'Never',
      command: process.execPath,
      args: ['-e', script ?? giving],
    },
  };
}
