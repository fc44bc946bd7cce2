import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { issueCertificates } from '../../src/sandbox/certificates.ts';
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

export interface LoopbackApi extends AsyncDisposable {
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

/** A TLS server on loopback in the API server's place. Answers `{}` to whatever has no handler. */
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
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.keys()) socket.destroy();
      server.close();
      await once(server, 'close');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
