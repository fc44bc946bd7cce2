import type { Socket } from 'node:net';
import type { Clock, Timer } from './clock.ts';
import { resetSocket } from './reset-socket.ts';

export interface FinishLocal {
  readonly socket: Socket;
  readonly clock: Clock;
  /** end: as a server that closed. reset: as one that was cut off, so that nobody takes what came for the whole. */
  readonly how: 'end' | 'reset';
}

/** A client that is read out but does not close is left after this; containerd has let go of the pod by then. */
const lingerMs = 1_000;
/** A client that reads nothing of what is left for it is given up after this. A person in a pager may take minutes. */
const flushStallMs = 10 * 60_000;

/** Ends a local socket after all that was written to it is flushed, in bounded time. Client bytes are read and dropped. */
export function finishLocal({ socket, clock, how }: FinishLocal): void {
  if (socket.destroyed) return;
  let timer: Timer;
  const watch = (leftBytes: number) => {
    timer = clock.after(flushStallMs, () => {
      if (socket.writableLength < leftBytes) watch(socket.writableLength);
      else resetSocket(socket);
    });
  };
  const flushed = () => {
    timer.cancel();
    if (socket.destroyed) return;
    if (how === 'reset') resetSocket(socket);
    else timer = clock.after(lingerMs, () => socket.destroy());
  };
  socket.once('close', () => timer.cancel());
  watch(socket.writableLength);
  // Unread bytes at close() make the kernel send a reset, which would take the tail of the answer with it.
  socket.resume();
  if (how === 'end') socket.end(flushed);
  else if (socket.writableLength === 0) flushed();
  else socket.write('', flushed);
}
