import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type Clock, delay } from '../base/clock.ts';
import { resetSocket } from '../base/reset-socket.ts';

/** Bytes on their way in one direction of one connection while a delay holds them. */
const inFlightLimitBytes = 1 << 20;
const listenAttempts = 50;
const listenAgainMs = 100;

/**
 * The network between clients and the API server, with its faults: a TCP relay in front of the real listener. One relayed connection
 * is known to the server by the port it comes from.
 */
export class Network implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #targetPort: number;
  readonly #host: string;
  readonly #links = new Map<Socket, Link>();
  readonly #disposing = new AbortController();
  #server: Server | undefined;
  #port = 0;
  #delayMs = 0;
  #silence: PromiseWithResolvers<void> | undefined;

  constructor({ clock, host, targetPort }: { clock: Clock; host: string; targetPort: number }) {
    this.#clock = clock;
    this.#host = host;
    this.#targetPort = targetPort;
  }

  get port(): number {
    return this.#port;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#links.size;
  }

  async listen(port: number): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
    server.listen(port, this.#host);
    await once(server, 'listening');
    this.#server = server;
    const address = server.address();
    this.#port = typeof address === 'object' && address ? address.port : port;
  }

  /** Delays every byte, in each direction, by this from now on. 0: no delay. */
  delay(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  /** Accepts and keeps connections, and delivers nothing, not even their ends, until `deliver`. */
  silence(): void {
    this.#silence ??= Promise.withResolvers();
  }

  deliver(): void {
    this.#silence?.resolve();
    this.#silence = undefined;
  }

  /** Resets every connection, or the one that the server knows by this port. */
  reset(remotePort?: number): void {
    for (const link of this.#select(remotePort)) link.destroy('reset');
  }

  /** Sends the clients the end of the connection and goes on reading from them. */
  halfClose(remotePort?: number): void {
    for (const { client } of this.#select(remotePort)) client.end();
  }

  /** Refuses and resets everything for this long. Resolves when the listener is back on its port. */
  async down(durationMs: number): Promise<void> {
    await this.#closeListener();
    await delay(this.#clock, durationMs, this.#disposing.signal).catch(() => {});
    // Another program may hold the port for a moment: it is the address clients know, so it is tried again.
    for (let attempt = 1; !this.#disposing.signal.aborted; attempt++) {
      try {
        return await this.listen(this.#port);
      } catch (error) {
        if (attempt === listenAttempts) throw error;
        await delay(this.#clock, listenAgainMs, this.#disposing.signal).catch(() => {});
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposing.abort();
    this.deliver();
    await this.#closeListener();
  }

  async #closeListener(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = server && new Promise((resolve) => server.close(resolve));
    this.reset();
    await closed;
  }

  #select(remotePort: number | undefined): Link[] {
    const links = [...this.#links.values()];
    return remotePort === undefined ? links : links.filter(({ server }) => server.localPort === remotePort);
  }

  #accept(client: Socket): void {
    const server = connect({ host: this.#host, port: this.#targetPort, allowHalfOpen: true, noDelay: true });
    const link: Link = {
      client,
      server,
      destroy: (how) => {
        this.#links.delete(client);
        if (how === 'reset') resetSocket(client);
        else client.destroy();
        server.destroy();
      },
    };
    this.#links.set(client, link);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on('error', () => {});
      from.on('close', (hadError) => {
        if (hadError) void this.#whenHeard(() => link.destroy('reset'));
        else if (to.destroyed) this.#links.delete(client);
      });
      void this.#relay(from, to).catch(() => this.#whenHeard(() => link.destroy('close')));
    }
  }

  /** While the network is silent nobody hears of an end either. */
  async #whenHeard(act: () => void): Promise<void> {
    await this.#silence?.promise;
    act();
  }

  async #relay(from: Socket, to: Socket): Promise<void> {
    let last: Promise<void> = Promise.resolve();
    let inFlightBytes = 0;
    for await (const chunk of readable(from)) {
      await this.#silence?.promise;
      if (this.#delayMs === 0 && inFlightBytes === 0) {
        await write(to, chunk);
        continue;
      }
      inFlightBytes += chunk.length;
      const arrives = delay(this.#clock, this.#delayMs, this.#disposing.signal);
      last = Promise.all([last, arrives]).then(async () => {
        await this.#silence?.promise;
        await write(to, chunk);
        inFlightBytes -= chunk.length;
      });
      // Awaited below; until then its failure is not unhandled.
      last.catch(() => {});
      if (inFlightBytes > inFlightLimitBytes) await last;
    }
    await last;
    await this.#whenHeard(() => to.end());
  }
}

/** Reading to the end must not destroy a socket whose other direction is still in use, as plain iteration does. */
const readable = (socket: Socket) => socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  destroy(how: 'reset' | 'close'): void;
}

async function write(to: Socket, chunk: Buffer): Promise<void> {
  if (to.destroyed) throw new Error('closed');
  if (to.write(chunk)) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      to.off('drain', done);
      to.off('close', done);
      resolve();
    };
    to.on('drain', done);
    to.on('close', done);
  });
}
