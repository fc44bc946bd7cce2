import { readFile } from 'node:fs/promises';
import { systemClock } from '../base/clock.ts';
import { SocketHolders } from './socket-holder.ts';

/**
 * Which program listens on a local port, for the sentence that says it is taken. Only what the system tells without rights of its own: on Linux
 * /proc/net/tcp{,6} and the file descriptors of this user's processes; elsewhere nothing. Never rejects.
 */

const listenState = '0A';

/** `postgres (pid 4711)`, `user 1001` where the program is somebody else's, undefined where the system does not tell. */
export async function portOwner({ port }: { address: string; port: number }): Promise<string | undefined> {
  const sockets = await listeningSockets(port);
  if (sockets.length === 0) return undefined;
  const holders = new SocketHolders(systemClock);
  const found = await Promise.all(
    sockets.map(({ inode }) => holders.find({ inode: Number(inode), uid: undefined })),
  );
  const holder = found.find((one) => one !== undefined);
  return holder ? `${holder.command} (pid ${holder.pid})` : `a program of user ${sockets[0]?.uid}`;
}

async function listeningSockets(port: number): Promise<{ inode: string; uid: string }[]> {
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'latin1').catch(() => '')),
  );
  return tables.flatMap((table) => parseListening(table, port));
}

/** Rows of a /proc/net/tcp table (proc_net_tcp in the kernel's documentation) that listen on `port`. */
export function parseListening(table: string, port: number): { inode: string; uid: string }[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table.split('\n').flatMap((line) => {
    const [, local, , state, , , , uid, , inode] = line.trim().split(/\s+/);
    if (state !== listenState || !local?.endsWith(suffix) || uid === undefined || inode === undefined)
      return [];
    return [{ inode, uid }];
  });
}
