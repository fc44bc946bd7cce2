import { lstat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';

/**
 * Trust boundary: whoever may open the socket's file may use the tunnel. The file is 0600 from its first moment on, by umask and not by a
 * later chmod. An existing file is removed only when it is a socket of this user on which nobody listens; on any doubt it stays.
 */

/** Starts listening; the file that appears is readable and writable by this user alone. Errors arrive as the server's event. */
export function listenPrivately(server: Server, path: string): void {
  // libuv binds a pipe within this call, so that no other file of the process is touched by the umask.
  const before = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(before);
  }
}

/** Removes a socket file that its program left behind. True when there is none in the way any more. */
export async function removeStaleSocket(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  if (!found) return true;
  if (!found.isSocket() || found.uid !== process.getuid?.()) return false;
  if (!(await refusesConnections(path))) return false;
  // Another starting program may have put its own there meanwhile.
  const again = await lstat(path).catch(() => undefined);
  if (again?.ino !== found.ino) return false;
  await unlink(path);
  return true;
}

function refusesConnections(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}
