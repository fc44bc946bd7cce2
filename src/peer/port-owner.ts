import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';

/**
 * Which program listens on a local port, for the sentence that says it is taken. Only what the system tells without rights of its own: on Linux
 * /proc/net/tcp{,6} and the file descriptors of this user's processes; elsewhere nothing. Never rejects.
 */

/** More processes than any developer's machine has; the search ends there. */
const maxProcesses = 32_768;
const listenState = '0A';

/** `postgres (pid 4711)`, `user 1001` where the program is somebody else's, undefined where the system does not tell. */
export async function portOwner({ port }: { address: string; port: number }): Promise<string | undefined> {
  const sockets = await listeningSockets(port);
  if (sockets.length === 0) return undefined;
  const inodes = new Set(sockets.map(({ inode }) => `socket:[${inode}]`));
  const pid = await processWith(inodes);
  if (pid === undefined) return `a program of user ${sockets[0]?.uid}`;
  return `${await programName(pid)} (pid ${pid})`;
}

/** As it was started, without its folders; comm is only the name of a thread. */
async function programName(pid: string): Promise<string> {
  const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0').filter(Boolean);
  const [program, script] = words;
  if (!program) return 'a program';
  const isScript = basename(program) === 'node' && script !== undefined && !script.startsWith('-');
  return basename(isScript ? script : program);
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

async function processWith(inodes: ReadonlySet<string>): Promise<string | undefined> {
  const names = await readdir('/proc').catch(() => []);
  for (const pid of names.filter((name) => /^\d+$/.test(name)).slice(0, maxProcesses)) {
    // Processes of others, or that have ended since.
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const descriptor of descriptors) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
      if (inodes.has(target)) return pid;
    }
  }
  return undefined;
}
