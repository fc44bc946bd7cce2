import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { KubeConfig } from '@kubernetes/client-node';

/** Counts of what came by. */
interface Seen {
  spdy: number;
  websocket: number;
}

export interface UpgradeProxy extends AsyncDisposable {
  /** Plain HTTP on loopback; the proxy adds the kubeconfig's credentials, as `kubectl proxy` does. */
  readonly url: string;
  readonly passed: Seen;
  readonly refused: Seen;
}

/**
 * Stands between a client and an API server and refuses one kind of upgrade, as a gateway does that knows WebSockets alone or does
 * not know them: 403 without a Status. All else goes through.
 */
export async function startUpgradeProxy(
  kubeconfig: string,
  refuse: 'spdy' | 'websocket' | 'nothing',
): Promise<UpgradeProxy> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const server = config.getCurrentCluster()?.server;
  if (!server) throw new Error(`${kubeconfig} names no cluster`);
  const credentials: RequestOptions = {};
  await config.applyToHTTPSOptions(credentials);
  const { agent: _, ...direct } = credentials;
  const passed: Seen = { spdy: 0, websocket: 0 };
  const refused: Seen = { spdy: 0, websocket: 0 };
  const sockets = new Set<Duplex>();

  const onward = (from: IncomingMessage) => {
    const { host: __, ...headers } = from.headers;
    return request(new URL(from.url ?? '/', server), {
      ...direct,
      agent: false,
      method: from.method,
      headers,
    });
  };

  const proxy = createServer((from, to) => {
    const sent = onward(from);
    sent.on('response', (response) => {
      to.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(to);
    });
    sent.on('error', () => to.destroy());
    to.on('close', () => sent.destroy());
    from.pipe(sent);
  });

  proxy.on('upgrade', (from: IncomingMessage, client: Duplex, head: Buffer) => {
    keep(client);
    const kind = from.headers.upgrade?.toLowerCase() === 'websocket' ? 'websocket' : 'spdy';
    if (kind === refuse) {
      refused[kind]++;
      client.end(
        'HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 10\r\nConnection: close\r\n\r\nForbidden\n',
      );
      return;
    }
    const sent = onward(from);
    sent.on('upgrade', (response, socket, rest) => {
      passed[kind]++;
      keep(socket);
      client.write(headOf(response));
      client.write(rest);
      socket.write(head);
      client.pipe(socket).pipe(client);
    });
    sent.on('response', (response) => {
      client.write(headOf(response));
      response.pipe(client);
    });
    sent.on('error', () => client.destroy());
    sent.end();
  });
  proxy.on('connection', keep);

  function keep(socket: Duplex) {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  }

  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    passed,
    refused,
    async [Symbol.asyncDispose]() {
      proxy.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function headOf(response: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${response.statusCode} ${response.statusMessage}`];
  for (let index = 0; index < response.rawHeaders.length; index += 2) {
    lines.push(`${response.rawHeaders[index]}: ${response.rawHeaders[index + 1]}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}
