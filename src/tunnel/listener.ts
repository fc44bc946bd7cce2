import { createServer, type Server, type Socket } from 'node:net';
import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import { finishLocal } from '../base/finish-local.ts';
import type { Log } from '../base/log.ts';
import { resetSocket } from '../base/reset-socket.ts';
import type { ErrorData, ErrorDetails } from '../contract/error-codes.ts';
import type { LocalPeer } from './connection-event.ts';
import { type BoundAddress, type ListenSpec, wantedAddresses } from './listen-address.ts';
import { listenPrivately, removeStaleSocket, whyNoSocket } from './unix-socket.ts';

export type Admission =
  | { readonly kind: 'admitted'; readonly peer?: LocalPeer }
  | {
      readonly kind: 'denied';
      readonly error: ErrorData;
      /** What it is told before it is closed, in its own protocol. Default: it is reset. */
      readonly words?: Buffer;
    };

/** Says whether a client may use the tunnel. An error and no answer in `admitTimeoutMs` mean no. Nothing of it is read before. */
export type Admit = (socket: Socket) => Admission | Promise<Admission>;

export interface ListenerOptions {
  readonly listen: ListenSpec;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: everybody who can reach the address. */
  readonly admit?: Admit;
  /**
   * Called with each admitted client; in the tick of its accept, unless `admit` takes longer. Its bytes flow from the next tick on, so
   * that who takes it listens, or pauses it, before that.
   */
  readonly onClient: (socket: Socket, peer?: LocalPeer) => void;
  /** Told of each client that was not admitted. */
  readonly onDenied?: (error: ErrorData) => void;
  /** Which program has a port, for the error that says it is taken. */
  readonly portOwner?: (at: { address: string; port: number }) => Promise<string | undefined>;
}

export const admitTimeoutMs = 5_000;
/** Clients that wait for their admission at one time; more are denied, as each costs a descriptor before it is known whose it is. */
export const maxAsked = 512;
/** Times a free port of one address is looked for that is free on the others too. */
const freePortTries = 10;
/**
 * Room in a local socket before it pushes back. A client that reads in bursts then stops and starts the session less often, which
 * costs more than copying.
 */
const localBufferBytes = 1024 * 1024;

/**
 * The local end of a tunnel: bound from start to stop, whatever pods do. Trust boundary: everything that connects here is unknown until
 * `admit` said yes.
 */
export class Listener implements AsyncDisposable {
  readonly #options: ListenerOptions;
  readonly #servers: Server[] = [];
  readonly #asked = new Set<Socket>();
  #addresses: readonly BoundAddress[] = [];
  #notBound: readonly string[] = [];

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  get addresses(): readonly BoundAddress[] {
    return this.#addresses;
  }

  /** Addresses of `localhost` that this machine does not have. */
  get notBound(): readonly string[] {
    return this.#notBound;
  }

  /** Binds all addresses, or none: then it rejects with SP-LOCAL-PORT-IN-USE or SP-LOCAL-ADDRESS. */
  async start(): Promise<void> {
    const { listen } = this.#options;
    try {
      if (listen.kind === 'unix') await this.#bindUnix(listen.path);
      else await this.#bindTcp(listen);
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Accepts nobody any more; the port is free when it resolves. Clients that were admitted live on. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#asked) socket.destroy();
    this.#asked.clear();
    this.#closeServers();
    this.#addresses = [];
  }

  async #bindTcp({ port, addresses, isKept }: ListenSpec & { kind: 'tcp' }): Promise<void> {
    const [first, ...others] = wantedAddresses(addresses);
    if (!first) throw new AppError('SP-LOCAL-ADDRESS', { address: '', message: 'no address is given' });
    for (let tries = 1; ; tries++) {
      const bound: BoundAddress[] = [await this.#bind(first.address, port)];
      const [{ port: given }] = bound as [BoundAddress & { kind: 'tcp' }];
      if (port === 0 && isKept?.(given) && tries < freePortTries) {
        this.#closeServers();
        continue;
      }
      const notBound: string[] = [];
      try {
        for (const { address, optional } of others) {
          await this.#bind(address, given).then(
            (one) => bound.push(one),
            (error) => {
              if (!optional || !isMissingAddress(error)) throw error;
              notBound.push(address);
            },
          );
        }
      } catch (error) {
        if (port !== 0 || errno(error) !== 'EADDRINUSE' || tries === freePortTries) throw error;
        this.#closeServers();
        continue;
      }
      this.#addresses = bound;
      this.#notBound = notBound;
      for (const address of notBound) this.#options.log.info('address not bound', { address });
      return;
    }
  }

  async #bind(address: string, port: number): Promise<BoundAddress> {
    const server = this.#server();
    try {
      await listening(server, () => server.listen({ host: address, port, ipv6Only: true }));
    } catch (cause) {
      throw await this.#explained(cause, address, port);
    }
    const bound = server.address();
    return {
      kind: 'tcp',
      address,
      port: typeof bound === 'object' && bound ? bound.port : port,
    };
  }

  async #bindUnix(path: string): Promise<void> {
    const attempt = () => {
      const server = this.#server();
      return listening(server, () => listenPrivately(server, path));
    };
    try {
      await attempt().catch(async (error) => {
        if (errno(error) !== 'EADDRINUSE' || !(await removeStaleSocket(path))) throw error;
        await attempt();
      });
    } catch (cause) {
      const code = errno(cause);
      if (code !== 'EADDRINUSE') throw localAddressError(path, cause, await whyNoSocket(path, code));
      throw new AppError(
        'SP-LOCAL-ADDRESS',
        {
          address: path,
          message: 'it exists and is in use, or is not a socket left behind by you',
          next: 'name another path',
        },
        cause,
      );
    }
    this.#addresses = [{ kind: 'unix', path }];
  }

  #server(): Server {
    const server = createServer(
      // Who has not been let in yet must not fill our memory: its bytes stay in the kernel's.
      { allowHalfOpen: true, noDelay: true, highWaterMark: localBufferBytes, pauseOnConnect: true },
      (socket) => this.#accept(socket),
    );
    // Out of file descriptors, most likely: this client is lost, the port stays.
    server.on('error', (error) => {
      if (server.listening) this.#options.log.warn('accept failed', { message: error.message });
    });
    this.#servers.push(server);
    return server;
  }

  /** Frees the ports at once. What close() waits for otherwise are the clients. */
  #closeServers(): void {
    for (const server of this.#servers.splice(0)) server.close();
  }

  #accept(socket: Socket): void {
    const { admit } = this.#options;
    if (!admit) return this.#answered(socket, { kind: 'admitted' });
    if (this.#asked.size >= maxAsked) return this.#deny(socket, unknown('busy'));
    const answer = safely(() => admit(socket));
    if (answer instanceof Promise) void this.#acceptLater(socket, answer);
    else this.#answered(socket, answer);
  }

  async #acceptLater(socket: Socket, answer: Promise<Admission>): Promise<void> {
    const ignore = () => {};
    socket.on('error', ignore);
    this.#asked.add(socket);
    const admission = await new Promise<Admission>((resolve) => {
      const timer = this.#options.clock.after(admitTimeoutMs, () => resolve(unknown('slow')));
      const answered = (given: Admission) => {
        timer.cancel();
        resolve(given);
      };
      answer.then(answered, () => answered(unknown('failed')));
    });
    // Not there any more when the listener was closed meanwhile.
    if (!this.#asked.delete(socket)) return;
    this.#answered(socket, admission);
    socket.off('error', ignore);
  }

  #answered(socket: Socket, admission: Admission): void {
    if (admission.kind === 'denied') return this.#deny(socket, admission);
    if (socket.destroyed) return;
    // Before it is handed on: whoever takes it may want to pause it.
    socket.resume();
    this.#options.onClient(socket, admission.peer);
  }

  /** Also where it has gone meanwhile: an attempt is an attempt. */
  #deny(socket: Socket, { error, words }: Extract<Admission, { kind: 'denied' }>): void {
    const { code, details } = error;
    const { remoteAddress: address, remotePort: port } = socket;
    this.#options.log.warn('client denied', { address, port, code, ...details });
    this.#options.onDenied?.(error);
    socket.on('error', () => {});
    if (!words) return resetSocket(socket);
    socket.write(words);
    finishLocal({ socket, clock: this.#options.clock, how: 'end' });
  }

  async #explained(cause: unknown, address: string, port: number): Promise<AppError> {
    if (errno(cause) !== 'EADDRINUSE') return localAddressError(address, cause);
    const owner = await this.#options.portOwner?.({ address, port }).catch(() => undefined);
    const shown = address.includes(':') ? `[${address}]` : address;
    return new AppError('SP-LOCAL-PORT-IN-USE', { address: shown, port, owner }, cause);
  }
}

function listening(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    listen();
  });
}

/** Not the client's fault, and nothing that a policy has decided. */
function unknown(reason: 'busy' | 'slow' | 'failed'): Extract<Admission, { kind: 'denied' }> {
  return { kind: 'denied', error: { code: 'SP-PEER-UNKNOWN', details: { reason } } };
}

function safely(admit: () => Admission | Promise<Admission>): Admission | Promise<Admission> {
  try {
    return admit();
  } catch {
    return unknown('failed');
  }
}

function localAddressError(address: string, cause: unknown, why?: ErrorDetails): AppError {
  const message = errno(cause) ?? (cause instanceof Error ? cause.message : String(cause));
  return new AppError('SP-LOCAL-ADDRESS', { address, message, ...why }, cause);
}

/** The system's code of an error, or of the one that an AppError explains. */
function errno(error: unknown): string | undefined {
  const system = error instanceof AppError ? error.cause : error;
  return system instanceof Error ? (system as NodeJS.ErrnoException).code : undefined;
}

function isMissingAddress(error: unknown): boolean {
  return ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'].includes(errno(error) ?? '');
}
