import type { Socket } from 'node:net';

/**
 * Closes at once so that the peer sees a failure, where the kind of socket and its state can say so; a plain close is the most that a pipe
 * can say. While an end is on its way the system refuses a reset (EINVAL), and Node then leaves the socket open for good, without 'close'.
 */
export function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  const isEnding = socket.writableEnded && !socket.writableFinished;
  // Node refuses to reset through TLS.
  const isTls = 'encrypted' in socket;
  if (socket.remoteFamily === undefined || isEnding || isTls) socket.destroy();
  else socket.resetAndDestroy();
}
