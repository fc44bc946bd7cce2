import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** A client that says nothing and waits for one line. */
export interface WaitingClient {
  /** The line, without its break. Rejects when the connection ends without one. */
  readonly line: Promise<string>;
}

/** Connects, and resolves when the tunnel, which lives in this process, has the connection. */
export async function waitingClient(port: number): Promise<WaitingClient> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  let text = '';
  const line = new Promise<string>((resolve, reject) => {
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (!text.includes('\n')) return;
      resolve(text.slice(0, text.indexOf('\n')));
      socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`it ended without a line, after ${JSON.stringify(text)}`)));
  });
  line.catch(() => {});
  await once(socket, 'connect');
  // The accept of an established connection is a matter of the next turn of the loop.
  for (let turn = 0; turn < 5; turn++) await nextTurn();
  return { line };
}
