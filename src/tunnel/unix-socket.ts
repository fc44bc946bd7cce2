import { chmodSync } from 'node:fs';
import { lstat, stat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';

/**
 * Trust boundary: whoever may open the socket's file may use the tunnel. The file is this user's alone from its first moment on, by umask and
 * not by a later chmod. An existing file is removed only when it is a socket of this user on which nobody listens; on any doubt it stays.
 */

/** Starts listening; the file that appears is 0600. Errors arrive as the server's event. */
export function listenPrivately(server: Server, path: string): void {
  // The umask is the whole process's: what other threads make meanwhile must stay usable, so that the owner's bits are left alone. A folder
  // without its x is shut to everybody.
  const before = process.umask(0o077);
  try {
    // libuv binds a pipe within this call.
    server.listen(path);
  } finally {
    process.umask(before);
  }
  if (server.listening) chmodSync(path, 0o600);
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

/** Why no socket can be made at a path, and what to do; undefined where the system's own word is all there is. */
export async function whyNoSocket(
  path: string,
  code: string | undefined,
): Promise<{ readonly message: string; readonly next: string } | undefined> {
  // libuv says EACCES of a missing folder too, as Windows does: only a look tells them apart.
  if (code !== 'EACCES' && code !== 'ENOENT') return undefined;
  const folder = dirname(path);
  const found = await stat(folder).catch(() => undefined);
  if (!found) return { message: `there is no folder ${folder}`, next: 'make it, or name another path' };
  if (!found.isDirectory()) return { message: `${folder} is no folder`, next: 'name another path' };
  return { message: `you may not write to ${folder}`, next: 'name a path in a folder of yours' };
}
