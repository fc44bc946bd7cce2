import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { certificates } from './loopback-api.ts';

/** Proxies on loopback that end with the test which starts them. */
const sockets = new Set<Socket>();

/** What a proxy was asked for. */
interface ProxySeen {
  /** host:port of each tunnel asked for. */
  readonly tunnels: string[];
  readonly authorization: (string | undefined)[];
}

export async function listen(server: Server): Promise<number> {
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((closed) => server.close(closed));
  });
  return (server.address() as AddressInfo).port;
}

/** Everything goes to 127.0.0.1, whatever name was asked for: names need no DNS here. */
export function onward(client: Socket, port: number, ready: () => void): void {
  const upstream = connect(port, '127.0.0.1', () => {
    ready();
    client.pipe(upstream).pipe(client);
  });
  sockets.add(upstream);
  upstream.on('error', () => client.destroy()).once('close', () => client.destroy());
  client.once('close', () => upstream.destroy());
}

/** Answers CONNECT and tunnels. `answer` refuses. */
export async function connectProxy(
  options: { readonly tls?: boolean; readonly answer?: string; readonly user?: string } = {},
) {
  const seen: ProxySeen = { tunnels: [], authorization: [] };
  const server = options.tls ? createHttpsServer(certificates.server) : createHttpServer();
  server.on('connect', (request, socket: Socket) => {
    socket.on('error', () => {});
    const authorization = request.headers['proxy-authorization'];
    seen.tunnels.push(request.url ?? '');
    seen.authorization.push(authorization);
    const wanted = options.user && `Basic ${Buffer.from(options.user).toString('base64')}`;
    if (wanted && authorization !== wanted)
      return socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    if (options.answer) return socket.end(options.answer);
    onward(socket, Number(request.url?.split(':').at(-1)), () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
  });
  return { port: await listen(server), seen };
}

/** RFC 1928 and 1929, one byte at a time on the way back. `reply` other than 0 refuses. */
export async function socksProxy(options: { readonly user?: string; readonly reply?: number } = {}) {
  const seen: ProxySeen = { tunnels: [], authorization: [] };
  const server = createServer((socket) => {
    let bytes = Buffer.alloc(0);
    let step: 'greeting' | 'password' | 'request' = 'greeting';
    const answer = (...values: number[]) => {
      for (const value of values) socket.write(Buffer.from([value]));
    };
    socket.setNoDelay(true);
    const received = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (step === 'greeting' && bytes.length >= 2 + bytes[1]!) {
        const methods = bytes.subarray(2, 2 + bytes[1]!);
        bytes = bytes.subarray(2 + methods.length);
        step = options.user ? 'password' : 'request';
        const method = options.user ? 2 : 0;
        answer(5, methods.includes(method) ? method : 0xff);
      }
      if (
        step === 'password' &&
        bytes.length >= 2 &&
        bytes.length >= 3 + bytes[1]! + (bytes[2 + bytes[1]!] ?? 999)
      ) {
        const userEnd = 2 + bytes[1]!;
        const passwordEnd = userEnd + 1 + bytes[userEnd]!;
        const pair = `${bytes.subarray(2, userEnd)}:${bytes.subarray(userEnd + 1, passwordEnd)}`;
        seen.authorization.push(pair);
        bytes = bytes.subarray(passwordEnd);
        step = 'request';
        answer(1, pair === options.user ? 0 : 1);
      }
      if (step === 'request' && bytes.length >= 5 && bytes.length >= 7 + bytes[4]!) {
        const host = bytes.subarray(5, 5 + bytes[4]!).toString();
        const port = bytes.readUInt16BE(5 + bytes[4]!);
        seen.tunnels.push(`${host}:${port}`);
        socket.off('data', received);
        if (options.reply) return answer(5, options.reply, 0, 1, 0, 0, 0, 0, 0, 0);
        onward(socket, port, () => answer(5, 0, 0, 3, 3, 97, 98, 99, 0, 0));
      }
    };
    socket.on('data', received);
  });
  return { port: await listen(server), seen };
}
