import { connect, type Socket } from 'node:net';

const stallTimeoutMs = 30_000;

/** Reads the beginning of an endless stream and then no more, so that every buffer on the way fills. */
export class StalledReader implements Disposable {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Resolves once some bytes have come, and reading has stopped. */
  static open(port: number, host = '127.0.0.1'): Promise<StalledReader> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port });
      socket.setTimeout(stallTimeoutMs, () => socket.destroy(new Error('no byte came')));
      socket.once('error', reject);
      socket.once('data', () => {
        socket.pause();
        socket.setTimeout(0);
        socket.off('error', reject);
        socket.on('error', () => {});
        resolve(new StalledReader(socket));
      });
    });
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
