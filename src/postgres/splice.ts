import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { AppError } from '../base/app-error.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { finishLocal } from '../base/finish-local.ts';
import { resetSocket } from '../base/reset-socket.ts';
import { typeOf } from './message.ts';
import type { MessageStream } from './message-stream.ts';

/**
 * A client and its server after both logins: moves bytes both ways with backpressure, following message headers alone towards the client.
 * A server that is lost is announced to the client in its own protocol where a message may stand; where one is cut in the middle, the client is
 * reset, so that it takes nothing for the whole.
 */
export interface SpliceOptions {
  readonly client: Socket;
  readonly server: Duplex;
  /** Read ahead of each while they logged in. */
  readonly fromClient: Buffer;
  readonly fromServer: Buffer;
  readonly clock: Clock;
  readonly toClient: MessageStream;
  /** Undefined: the client's bytes go on unread. */
  readonly toServer: MessageStream | undefined;
  /** The ErrorResponse for a client whose server is lost; the error is undefined where the server closed without a word. */
  readonly farewell: (error: AppError | undefined) => Buffer;
  /** Nothing is left to do for the server's side; the client's socket is closed or closing. */
  readonly onOver: (error: AppError | undefined) => void;
}

/** After the client's end, the silence of the server that ends the connection. */
const endedQuietMs = 30_000;
const terminateBytes = 5;
const errorType = typeOf('E');
const terminateType = typeOf('X');

export class Splice {
  readonly #options: SpliceOptions;
  readonly #client: Socket;
  readonly #server: Duplex;
  #isOver = false;
  #clientEnded = false;
  #saidGoodbye = false;
  #gathering = false;
  #quiet: Timer | undefined;
  #lastServerByteMs = 0;

  constructor(options: SpliceOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#server = options.server;
  }

  /** Takes over both streams, which are paused and whose errors are listened to. */
  start(): void {
    const { fromClient, fromServer } = this.#options;
    const client = this.#client;
    const server = this.#server;
    client.on('data', this.#onClientData);
    client.on('drain', this.#onClientDrain);
    client.on('end', this.#onClientEnd);
    client.on('close', this.#onClientClose);
    server.on('data', this.#onServerData);
    server.on('drain', this.#onServerDrain);
    server.on('end', this.#onServerEnd);
    server.on('error', this.#onServerError);
    server.on('close', this.#onServerClose);
    if (fromServer.length > 0) this.#onServerData(fromServer);
    if (fromClient.length > 0) this.#onClientData(fromClient);
    // What happened before anybody listened will not be told again.
    if (server.errored) this.#onServerError(server.errored);
    else if (server.destroyed) this.#onServerClose();
    else if (server.readableEnded) this.#onServerEnd();
    else if (client.destroyed) this.#onClientClose();
    else if (client.readableEnded) this.#onClientEnd();
    if (this.#isOver) return;
    if (!server.writableNeedDrain) client.resume();
    if (!client.writableNeedDrain) server.resume();
  }

  /** Ends it from this side, as a lost server would. */
  end(error: AppError | undefined): void {
    this.#lost(error);
  }

  readonly #onClientData = (chunk: Buffer): void => {
    const { toServer } = this.#options;
    this.#saidGoodbye = isTerminate(chunk);
    if (!toServer) {
      if (!this.#server.write(chunk)) this.#client.pause();
      return;
    }
    let hasRoom = true;
    for (const bytes of toServer.pass(chunk)) hasRoom = this.#server.write(bytes);
    // Whoever checks the messages could not check what follows.
    if (toServer.broken)
      this.#lost(new AppError('SP-DB-PROTOCOL', { message: 'the client sent no message' }));
    else if (!hasRoom) this.#client.pause();
  };

  readonly #onServerData = (chunk: Buffer): void => {
    if (this.#clientEnded) this.#lastServerByteMs = this.#options.clock.nowMs();
    const client = this.#client;
    // A socket that is gone never drains.
    if (client.destroyed) return;
    let hasRoom = true;
    for (const bytes of this.#options.toClient.pass(chunk)) hasRoom = client.write(bytes);
    if (!hasRoom) this.#server.pause();
    this.#gather();
  };

  /** A first chunk leaves at once; those that come in the same turn of the loop follow in one system call. */
  #gather(): void {
    if (this.#gathering) return;
    this.#gathering = true;
    this.#client.cork();
    setImmediate(() => {
      this.#gathering = false;
      this.#client.uncork();
    });
  }

  readonly #onClientDrain = (): void => {
    this.#server.resume();
  };

  readonly #onServerDrain = (): void => {
    this.#client.resume();
  };

  /** A PostgreSQL client has no use for a half-close: it ends when it is done, and what it sent before is still for the server. */
  readonly #onClientEnd = (): void => {
    if (this.#clientEnded) return;
    this.#clientEnded = true;
    this.#server.end();
    this.#waitForQuiet(this.#options.clock.nowMs());
  };

  readonly #onClientClose = (): void => {
    this.#finish(undefined);
  };

  readonly #onServerEnd = (): void => {
    this.#lost(undefined);
  };

  readonly #onServerError = (error: Error): void => {
    this.#lost(AppError.from(error));
  };

  readonly #onServerClose = (): void => {
    this.#lost(new AppError('SP-STREAM-RESET', { message: 'closed before its end' }));
  };

  #lost(error: AppError | undefined): void {
    if (this.#isOver) return;
    const { toClient, clock, farewell } = this.#options;
    const socket = this.#client;
    if (!toClient.atBoundary) resetSocket(socket);
    else {
      // A server that closes in order says why, and a client that is done need not be told.
      const isTold = toClient.lastType === errorType && error === undefined;
      if (!isTold && !this.#saidGoodbye && !this.#clientEnded && socket.writable)
        socket.write(farewell(error));
      finishLocal({ socket, clock, how: 'end' });
    }
    this.#finish(error);
  }

  #waitForQuiet(fromMs: number): void {
    const { clock } = this.#options;
    this.#quiet = clock.after(fromMs + endedQuietMs - clock.nowMs(), () => {
      if (this.#lastServerByteMs > fromMs) return this.#waitForQuiet(this.#lastServerByteMs);
      this.#lost(undefined);
    });
  }

  #finish(error: AppError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#quiet?.cancel();
    const client = this.#client;
    client.off('data', this.#onClientData);
    client.off('drain', this.#onClientDrain);
    client.off('end', this.#onClientEnd);
    client.off('close', this.#onClientClose);
    const server = this.#server;
    server.off('data', this.#onServerData);
    server.off('drain', this.#onServerDrain);
    server.off('end', this.#onServerEnd);
    server.off('close', this.#onServerClose);
    server.off('error', this.#onServerError);
    server.on('error', () => {});
    server.destroy();
    this.#options.onOver(error);
  }
}

/** The chunk ends in a Terminate message; data that looks so costs no more than an explanation. */
function isTerminate(chunk: Buffer): boolean {
  const at = chunk.length - terminateBytes;
  return at >= 0 && chunk[at] === terminateType && chunk.readUInt32BE(at + 1) === 4;
}
