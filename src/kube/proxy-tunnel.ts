/**
 * The two ways through a proxy: HTTP CONNECT and SOCKS5 (RFC 1928, 1929). Own code rather than an agent library: a dial must be
 * abortable, and the proxy's refusal must keep its status instead of becoming a text.
 */
import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { AppError } from '../base/app-error.ts';
import type { ProxyEndpoint } from './proxy.ts';

export interface ProxyDestination {
  readonly host: string;
  readonly port: number;
}

/** Asks the proxy at the other end of `socket` for a tunnel; afterwards the socket speaks to the destination. Throws SP-API-PROXY. */
export function openProxyTunnel(
  socket: Duplex,
  proxy: ProxyEndpoint,
  destination: ProxyDestination,
): Promise<void> {
  return proxy.protocol === 'socks5'
    ? socks5Tunnel(socket, proxy, destination)
    : connectTunnel(socket, proxy, destination);
}

/** The proxy as people may see it: never its password. */
export function proxyName({ protocol, host, port }: ProxyEndpoint): string {
  return `${protocol}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

const refused = (proxy: ProxyEndpoint, message: string, details: { readonly status?: number } = {}) =>
  new AppError('SP-API-PROXY', { proxy: proxyName(proxy), message, ...details });

function connectTunnel(socket: Duplex, proxy: ProxyEndpoint, destination: ProxyDestination): Promise<void> {
  const host = destination.host.includes(':') ? `[${destination.host}]` : destination.host;
  const authority = `${host}:${destination.port}`;
  const credentials = Buffer.from(`${proxy.username}:${proxy.password.reveal()}`).toString('base64');
  return new Promise((resolve, reject) => {
    const connect = request({
      method: 'CONNECT',
      path: authority,
      createConnection: () => socket,
      headers: {
        Host: authority,
        ...(proxy.username ? { 'Proxy-Authorization': `Basic ${credentials}` } : {}),
      },
    });
    connect.once('connect', (response, _socket, head) => {
      const { statusCode: status = 0, statusMessage = '' } = response;
      if (status < 200 || status > 299) {
        const message = status === 407 ? 'it asks for a user and a password' : `${status} ${statusMessage}`;
        return reject(refused(proxy, message, { status }));
      }
      if (head.length > 0) socket.unshift(head);
      resolve();
    });
    connect.once('error', (error: NodeJS.ErrnoException) => {
      if (error instanceof AppError) return reject(error);
      reject(
        refused(proxy, error.code === 'ECONNRESET' ? 'it closed the connection' : 'it does not speak HTTP'),
      );
    });
    connect.end();
  });
}

const socksReplies: Readonly<Record<number, string>> = {
  1: 'general failure',
  2: 'not allowed by its rules',
  3: 'network unreachable',
  4: 'host unreachable',
  5: 'connection refused',
  6: 'TTL expired',
  7: 'command not supported',
  8: 'address type not supported',
};

async function socks5Tunnel(
  socket: Duplex,
  proxy: ProxyEndpoint,
  { host, port }: ProxyDestination,
): Promise<void> {
  const version = 5;
  const noAuthentication = 0;
  const userAndPassword = 2;
  const user = Buffer.from(proxy.username);
  const password = Buffer.from(proxy.password.reveal());
  const name = Buffer.from(host);
  if (user.length > 255 || password.length > 255 || name.length > 255) {
    throw refused(proxy, 'SOCKS5 allows 255 bytes for a name and a password');
  }
  using reader = new ExactReader(socket, () => refused(proxy, 'it closed the connection'));

  const methods = user.length > 0 ? [noAuthentication, userAndPassword] : [noAuthentication];
  socket.write(Buffer.from([version, methods.length, ...methods]));
  const greeting = await reader.read(2);
  if (greeting[0] !== version) throw refused(proxy, 'it does not speak SOCKS5');
  if (greeting[1] === userAndPassword && user.length > 0) {
    socket.write(
      Buffer.concat([Buffer.from([1, user.length]), user, Buffer.from([password.length]), password]),
    );
    const verdict = await reader.read(2);
    if (verdict[1] !== 0) throw refused(proxy, 'it does not accept the user or the password');
  } else if (greeting[1] !== noAuthentication) {
    throw refused(proxy, 'it asks for a user and a password');
  }

  // Always the name (address type 3), even of an address: the proxy resolves it, as with Go's client.
  const wantedPort = Buffer.from([port >> 8, port & 255]);
  socket.write(Buffer.concat([Buffer.from([version, 1, 0, 3, name.length]), name, wantedPort]));
  const reply = await reader.read(4);
  if (reply[1] !== 0) throw refused(proxy, socksReplies[reply[1]!] ?? `SOCKS5 reply ${reply[1]}`);
  const boundLength = reply[3] === 1 ? 4 : reply[3] === 4 ? 16 : (await reader.read(1))[0]!;
  await reader.read(boundLength + 2);
}

/** Reads exact numbers of bytes from a paused stream; disposing gives the stream back as it was. */
class ExactReader implements Disposable {
  readonly #socket: Duplex;
  readonly #closed: () => AppError;
  #wake = () => {};
  readonly #wakeUp = () => this.#wake();

  constructor(socket: Duplex, closed: () => AppError) {
    this.#socket = socket;
    this.#closed = closed;
    for (const event of ['readable', 'end', 'close', 'error']) socket.on(event, this.#wakeUp);
  }

  async read(length: number): Promise<Buffer> {
    for (;;) {
      const bytes: Buffer | null = this.#socket.read(length);
      if (bytes && bytes.length === length) return bytes;
      const { errored, destroyed, readableEnded } = this.#socket;
      if (errored instanceof AppError) throw errored;
      if (destroyed || readableEnded) throw this.#closed();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  [Symbol.dispose](): void {
    for (const event of ['readable', 'end', 'close', 'error']) this.#socket.off(event, this.#wakeUp);
  }
}
